"""PPTP dialogues of the kernel's case table (kernel-behaviour.md), as data: who says what in which segments, and which GRE passes.

A row is a name and its steps, one after the other. C opened the control connection, S is the other end; D and T are another client
and its connection to the same server. `a`, `b` ... are calls; each end has an id of its own for each, and knows the other's as it
read it.

  'C: OCRQ a'             C says a message, of MESSAGES in test-rows-pptp, in a segment by itself; S must read it as it was said,
                          but for the ids: its own must be the one that it chose, the other end's the same that it read before
  'S: ECHO-REP + OCRP a'  two messages in a segment
  'C: OCRQ a | 13 100'    cut into segments behind these octets; `| each 4`: into segments of four
  'C: OCRQ a | lost'      lost behind the gateway, the first time
  'S: CDN a | any'        whatever the ids are: another row looks at them
  'C ~ a'                 a GRE packet of C's in call a comes to S, and to nobody else, with S's own id; '~ a' both ways, C first
  'S x a'                 one does not come; 'x a' both ways; with a word of WRONG_GRE behind it: one that is wrong in this way
  'flush'                 the gateway forgets all connections
  'C ends', 'C resets'    it closes the control connection
"""

ALL = ('masquerade', 'forward', 'none')


START = ('C: SCCRQ', 'S: SCCRP')
IDS = {'C': 7, 'S': 1000, 'D': 7, 'T': 2000}


class Row:
    def __init__(self, name, *steps, nats=ALL, start=START, ids=None):
        """ids: each end's own id of call `a`; the next call's is one more."""
        self.name, self.steps, self.nats = name, (*start, *steps), nats
        self.ids = {**IDS, **(ids or {})}


def call(name, pns='C', pac='S'):
    """An outgoing call; GRE passes."""
    return f'{pns}: OCRQ {name}', f'{pac}: OCRP {name}', f'~ {name}'


def incoming(name, pns='C', pac='S'):
    return f'{pac}: ICRQ {name}', f'{pns}: ICRP {name}', f'{pac}: ICCN {name}', f'~ {name}'


def over(name):
    return f'C: CCRQ {name}', f'S: CDN {name} | any', f'x {name}'


def stay_out(outside):
    return [f'{outside} x a {how}' for how in ('next', 'before', 'own', 'version-0', 'elsewhere')]


def split(step, places, *dialogue):
    """The dialogue, and this step of it cut at one of the places after the other."""
    word = step.split()[1].lower()
    return [Row(f'pptp-split-{word}-{place.replace(" ", "-")}', start=(),
                *(f'{one} | {place}' if one == step else one for one in dialogue)) for place in places]


CALL = (*START, *call('a'))
TWO = (*START, 'D: SCCRQ', 'T: SCCRP', 'C: OCRQ a', 'S: OCRP a', 'D: OCRQ a', 'T: OCRP a')
EACH = ('C ~ a', 'D ~ a', 'S ~ a', 'T ~ a')

ROWS = [
    # Outgoing calls.
    Row('pptp-out-call', *call('a'), '~ a', '~ a'),
    Row('pptp-out-call-pac-first', 'C: OCRQ a', 'S: OCRP a', 'S ~ a', 'C ~ a', '~ a'),
    Row('pptp-call-id-0', *call('a'), ids={'C': 0, 'S': 65535}),
    Row('pptp-call-id-65535', *call('a'), ids={'C': 65535, 'S': 0}),
    Row('pptp-call-id-same', *call('a'), ids={'C': 9, 'S': 9}),
    Row('pptp-recall', *call('a'), *over('a'), *call('b')),
    Row('pptp-recall-same-ids', *call('a'), *over('a'), *call('a')),
    Row('pptp-gre-variants', *call('a'), *stay_out('S'), '~ a', nats=('masquerade', 'none')),
    Row('pptp-gre-variants', *call('a'), *stay_out('C'), '~ a', nats=('forward',)),
    Row('pptp-gre-untranslated', *call('a'), 'S x a untranslated', '~ a', nats=('masquerade',)),
    Row('pptp-ocrq-lost-after-nat', 'C: OCRQ a | lost', 'S: OCRP a', '~ a'),
    Row('pptp-ocrp-lost-after-nat', 'C: OCRQ a', 'S: OCRP a | lost', '~ a'),
    Row('pptp-echo', 'C: ECHO', 'S: ECHO-REP', *call('a'), 'S: ECHO', 'C: ECHO-REP', '~ a'),
    Row('pptp-unknown-type', 'C: TYPE-0', 'S: TYPE-77', 'C: TYPE-65535', *call('a')),
    # Messages of a call that stands.
    Row('pptp-wan-error-notify', *call('a'), 'S: WEN a', '~ a'),
    Row('pptp-set-link-info', *call('a'), 'C: SLI a', '~ a'),
    Row('pptp-set-link-info-of-the-pac', *call('a'), 'S: SLI a', '~ a'),
    # More than one call.
    Row('pptp-two-clients', *TWO, *EACH, *EACH, start=()),
    Row('pptp-two-clients-same-pac-id', *TWO, *EACH, *EACH, start=(), ids={'T': 1000}),
    Row('pptp-two-clients-one-clears', *TWO, *EACH, *over('a'), 'D ~ a', 'T ~ a', start=()),
    Row('pptp-two-calls', *call('a'), *call('b'), '~ a'),
    Row('pptp-two-calls-at-once', 'C: OCRQ a', 'C: OCRQ b', 'S: OCRP b', 'S: OCRP a', '~ a', '~ b'),
    Row('pptp-two-calls-one-cleared', *call('a'), *call('b'), *over('a'), '~ b'),
    Row('pptp-two-calls-both-ways', *call('a'), *call('b', 'S', 'C'), '~ a'),
    # Incoming calls, and who opened the control connection is the PAC.
    Row('pptp-in-call', *incoming('a'), '~ a'),
    Row('pptp-in-call-pac-first', *incoming('a')[:3], 'S ~ a', 'C ~ a'),
    Row('pptp-in-call-cleared', *incoming('a'), *over('a')),
    Row('pptp-in-call-beside-out-call', *call('a'), *incoming('b'), '~ a'),
    Row('pptp-pac-opens-control', *call('a', 'S', 'C'), '~ a'),
    Row('pptp-pac-opens-control-in-call', *incoming('a', 'S', 'C'), '~ a'),
    Row('pptp-collision', 'C: SCCRQ', 'S: SCCRQ', 'C: SCCRP', 'S: SCCRP', *call('a'), *call('b', 'S', 'C'), start=()),
    # How it ends.
    Row('pptp-after-clear', *call('a'), 'C: CCRQ a', 'S: CDN a', 'x a'),
    Row('pptp-after-clear-late-gre', *call('a'), *over('a')),
    Row('pptp-cdn-of-the-pac', *call('a'), 'S: CDN a | any', 'x a'),
    Row('pptp-after-stop', *call('a'), 'C: STOP', 'S: STOP-REP', 'x a'),
    Row('pptp-after-stop-of-the-pac', *call('a'), 'S: STOP', 'C: STOP-REP', 'x a'),
    Row('pptp-after-reset', *call('a'), 'C resets', 'x a'),
    Row('pptp-after-end', *call('a'), 'C ends', 'S ends', 'x a'),
    # What opens nothing.
    Row('pptp-ocrq-unanswered', 'C: OCRQ a', 'x a'),
    Row('pptp-ocrp-unasked', 'S: OCRP a', 'x a'),
    Row('pptp-ocrp-refused', 'C: OCRQ a', 'S: OCRP-BUSY a', 'x a'),
    Row('pptp-ocrp-wrong-peer', 'C: OCRQ a', 'S: OCRP-STRANGER a', 'x a'),
    Row('pptp-icrp-refused', 'S: ICRQ a', 'C: ICRP-BUSY a', 'x a'),
    Row('pptp-sccrp-refused', 'C: SCCRQ', 'S: SCCRP-BUSY', 'C: OCRQ a', 'S: OCRP a', 'x a', start=()),
    Row('pptp-no-sccrq', 'C: OCRQ a', 'S: OCRP a', 'x a', start=()),
    Row('pptp-wrong-magic', 'C: OCRQ-MAGIC a', 'S: OCRP a', 'x a'),
    Row('pptp-wrong-packet-type', 'C: OCRQ-MANAGEMENT a', 'S: OCRP a', 'x a'),
    # Several messages in a segment: the kernel sees the first only.
    Row('pptp-coalesced-sccrq-ocrq', 'C: SCCRQ + OCRQ a', 'S: SCCRP', 'S: OCRP a', '~ a', start=()),
    Row('pptp-coalesced-sccrp-ocrp', 'C: SCCRQ', 'C: OCRQ a', 'S: SCCRP + OCRP a', '~ a', start=()),
    Row('pptp-coalesced-echo-sccrp', 'C: SCCRQ', 'S: ECHO + SCCRP', *call('a'), start=()),
    Row('pptp-coalesced-echo-ocrq', 'C: ECHO + OCRQ a', 'S: OCRP a', '~ a'),
    Row('pptp-coalesced-echo-ocrp', 'C: OCRQ a', 'S: ECHO + OCRP a', '~ a'),
    Row('pptp-coalesced-ocrq-ocrq', 'C: OCRQ a + OCRQ b', 'S: OCRP a', 'S: OCRP b', '~ a', '~ b'),
    Row('pptp-coalesced-ocrp-ocrp', 'C: OCRQ a', 'C: OCRQ b', 'S: OCRP a + OCRP b', '~ a', '~ b'),
    Row('pptp-coalesced-ocrp-sli', 'C: OCRQ a', 'S: OCRP a + SLI a', '~ a'),
    Row('pptp-coalesced-ocrp-wen', 'C: OCRQ a', 'S: OCRP a + WEN a', '~ a'),
    Row('pptp-coalesced-echo-icrq', 'S: ECHO + ICRQ a', *incoming('a')[1:]),
    Row('pptp-coalesced-echo-icrp', 'S: ICRQ a', 'C: ECHO + ICRP a', *incoming('a')[2:]),
    Row('pptp-coalesced-echo-iccn', *incoming('a')[:2], 'S: ECHO + ICCN a', '~ a'),
    Row('pptp-coalesced-echo-ccrq', *call('a'), 'C: ECHO + CCRQ a', 'S: CDN a | any', 'x a'),
    Row('pptp-coalesced-echo-cdn', *call('a'), 'C: CCRQ a', 'S: ECHO + CDN a | any', 'x a'),
    Row('pptp-coalesced-cdn-ocrp', *call('a'), 'C: CCRQ a + OCRQ b', 'S: CDN a + OCRP b | any', 'x a', '~ b'),
    Row('pptp-coalesced-echo-sli', *call('a'), 'C: ECHO + SLI a', '~ a'),
    Row('pptp-coalesced-echo-wen', *call('a'), 'S: ECHO + WEN a', '~ a'),
    Row('pptp-coalesced-ocrq-echo', 'C: OCRQ a + ECHO', 'S: OCRP a', '~ a'),
    Row('pptp-coalesced-icrq-icrq', 'S: ICRQ a + ICRQ b', 'C: ICRP a + ICRP b', 'S: ICCN a + ICCN b', '~ a', '~ b'),
    Row('pptp-coalesced-icrp-ocrq', 'S: ICRQ b', 'C: ICRP b + OCRQ a', 'S: ICCN b + OCRP a', '~ a', '~ b'),
    Row('pptp-coalesced-ocrp-icrq', 'C: OCRQ a', 'S: OCRP a + ICRQ b', 'C: ICRP b', 'S: ICCN b', '~ a', '~ b'),
    Row('pptp-coalesced-sli-ccrq', *call('a'), 'C: SLI a + CCRQ a', 'S: CDN a | any', 'x a'),
    Row('pptp-coalesced-wen-cdn', *call('a'), 'C: CCRQ a', 'S: WEN a + CDN a', 'x a'),
    Row('pptp-coalesced-cdn-cdn', *call('a'), *call('b'), 'C: CCRQ a + CCRQ b', 'S: CDN a + CDN b', 'x a', 'x b'),
    Row('pptp-coalesced-cdn-icrq', *call('a'), 'C: CCRQ a', 'S: CDN a + ICRQ b | any', *incoming('b')[1:], 'x a'),
    Row('pptp-coalesced-ccrq-stop', *call('a'), 'C: CCRQ a + STOP', 'S: CDN a + STOP-REP | any', 'x a'),
    Row('pptp-coalesced-and-split', 'C: OCRQ a + OCRQ b | 100 200', 'S: OCRP a + OCRP b | 13 40', '~ a', '~ b'),
    Row('pptp-coalesced-and-split-each-50', 'C: ECHO + OCRQ a + OCRQ b | each 50', 'S: OCRP b + SLI b + OCRP a | each 5',
        '~ a', '~ b'),
    # A message in several segments: the kernel sees none of it.
    *split('C: SCCRQ', ('11', 'each 30'), *CALL),
    *split('S: SCCRP', ('1', '155'), *CALL),
    *split('C: OCRQ a', ('1', '8', '12', '13', '167', '13 100', 'each 11'), *CALL),
    *split('S: OCRP a', ('1', '11', '13', '15', '31', 'each 1'), *CALL),
    *split('C: ICRP a', ('13',), *START, *incoming('a')),
    *split('S: ICCN a', ('13',), *START, *incoming('a')),
    *split('C: CCRQ a', ('13',), *CALL, *over('a')),
    *split('S: CDN a', ('13', '147'), *CALL, 'C: CCRQ a', 'S: CDN a', 'x a'),
    *split('C: SLI a', ('13',), *CALL, 'C: SLI a', '~ a'),
    *split('S: WEN a', ('13',), *CALL, 'S: WEN a', '~ a'),
    # The gateway forgot all that it knew. Under NAT usher edits nothing before both sides were heard again.
    Row('pptp-midstream', *call('a'), 'flush', 'C: ECHO', 'S: ECHO-REP', *call('b')),
    Row('pptp-midstream-at-once', *call('a'), 'flush', *call('b'), nats=('forward', 'none')),
]
