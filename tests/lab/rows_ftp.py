"""FTP dialogues of the kernel's case table (kernel-behaviour.md), as data: who says what in which segments, what must come of it.

A row is (name, says, and what must be): `says` is a list of (who, [segment, ...]); in them @P is the listener's address and port as
six numbers, @E as |1|address|port| or |2|..., @F this without the port, @p the port alone, @Z the six numbers with zeros in front,
@< and @> the halves of @P (behind EPRT: @e is the second), @o another port of the client's, @O this in @E's form. `hears`: 'same'
if the other side must read it as it was said, though there is NAT. `data`: 'in' the announced connection comes to the listener,
'out' nothing comes in there. `listener` is a host ('other': a second one inside, which is not asked), `number` its port if not any.
Names are those of kernel-behaviour.md, where it has one; the comment tells what the kernel does there.
"""

IN = [('S', ['230 in\r\n'])]
LOGIN = [('S', ['220 ready\r\n']), ('C', ['USER u\r\n'])] + IN
OK = [('S', ['200 ok\r\n'])]


ACTIVE, PASSIVE, SIX = ('masquerade', 'none'), ('masquerade', 'forward', 'none'), ('none, IPv6',)


class Row:
    def __init__(self, name, says, data='in', login=True, nats=ACTIVE, hears=None, listener='client', number=0, lose=None):
        self.name, self.data, self.nats, self.hears, self.lose = name, data, nats, hears, lose
        self.listener, self.number = listener, number
        self.says = (LOGIN if login else []) + says


def active(name, *pieces, **options):
    return Row(name, [('C', list(pieces))] + OK, **options)


def eprt(name, *pieces, **options):
    return active(name, *pieces, nats=ACTIVE + SIX, **options)


def passive(name, *pieces, ask='PASV\r\n', nats=PASSIVE, **options):
    return Row(name, [('C', [ask]), ('S', list(pieces))], listener='server', nats=nats, **options)


def epsv(name, *pieces, ask='EPSV\r\n', **options):
    return passive(name, *pieces, ask=ask, nats=PASSIVE + SIX, **options)


ROWS = [
    # What the kernel does right, too.
    active('port-masq', 'PORT @P\r\n'),
    eprt('eprt-masq', 'EPRT @E\r\n'),
    active('lower-port', 'port @P\r\n'),
    active('mixed-port', 'pOrT @P\r\n'),
    eprt('lower-eprt', 'eprt @E\r\n'),
    active('port-leading-zeros', 'PORT @Z\r\n'),
    passive('pasv-dnat', '227 Entering Passive Mode (@P)\r\n'),
    epsv('epsv-dnat', '229 Entering Extended Passive Mode (|||@p|)\r\n'),
    epsv('229-bang', '229 Extended (!!!@p!)\r\n'),
    passive('227-noparen', '227 Entering Passive Mode @P\r\n'),
    passive('227-equals', '227 =@P\r\n'),
    passive('227-final-dot', '227 Entering Passive Mode @P.\r\n'),
    passive('multi-227-2seg', '227-Entering\r\n', '227 Passive Mode (@P)\r\n'),
    active('split-beforeLF', 'PORT @P\r', '\n'),
    active('pipe-port-retr', 'PORT @P\r\nRETR x\r\n'),
    # Split anywhere: the kernel drops the first part, for ever.
    active('split-1', 'P', 'ORT @P\r\n'),
    active('split-4', 'PORT', ' @P\r\n'),
    active('split-mid-number', 'PORT @<', '@>\r\n'),
    active('split-before-CR', 'PORT @P', '\r\n'),
    active('split-3-parts', 'PO', 'RT @P', '\r\n'),
    eprt('split-eprt', 'EPRT @<', '@e\r\n'),
    eprt('split-eprt-1', 'E', 'PRT @E\r\n'),
    eprt('split-eprt-before-port', 'EPRT @F', '@p|\r\n'),
    eprt('split-eprt-before-CR', 'EPRT @E', '\r\n'),
    eprt('split-eprt-3-parts', 'EP', 'RT @E', '\r\n'),
    passive('split-227-before-paren', '227 Entering Passive Mode (@P', ')\r\n'),
    passive('split-227-mid-number', '227 Entering Passive Mode (@<', '@>)\r\n'),
    epsv('split-229-before-paren', '229 Extended (|||@p', '|)\r\n'),
    epsv('split-229-mid-number', '229 Extended (||', '|@p|)\r\n'),
    # More than one line in a segment: the kernel sees the first only, the rest leaves as it was.
    active('pipe-type-port', 'TYPE I\r\nPORT @P\r\n'),
    passive('pipe-replies-200-227', '200 ok\r\n227 Entering Passive Mode (@P)\r\n', ask='NOOP\r\nPASV\r\n'),
    passive('multi-227-1seg', '227-Entering\r\n227 Passive Mode (@P)\r\n'),
    eprt('pipe-eprt-port', 'NOOP\r\nEPRT @E\r\n'),
    epsv('pipe-replies-200-229', '200 ok\r\n229 Extended (|||@p|)\r\n', ask='NOOP\r\nEPSV\r\n'),
    epsv('multi-229-1seg', '229-Entering\r\n229 Extended (|||@p|)\r\n'),
    active('port-first-command', 'PORT @P\r\n', login=False),
    eprt('eprt-first-command', 'EPRT @E\r\n', login=False),
    passive('pasv-first-reply', '227 Entering Passive Mode (@P)\r\n', login=False),
    epsv('epsv-first-reply', '229 Extended (|||@p|)\r\n', login=False),
    active('long-site-tail-has-port', 'SITE ' + 'x' * 3000 + '\r\nPORT @P\r\n'),
    # Spaces and the like: the kernel drops such a line.
    active('port-two-spaces', 'PORT  @P\r\n'),
    active('port-space-before-CR', 'PORT @P \r\n'),
    active('port-lf-only', 'PORT @P\n'),
    eprt('eprt-two-spaces', 'EPRT  @E\r\n'),
    eprt('eprt-lf-only', 'EPRT @E\n'),
    passive('227-passive-4u', '227 Passive 4u (@P)\r\n'),
    # What may not open anything.
    active('port-five-numbers', 'PORT 10,0,0,2,9\r\n', data='out', hears='same'),
    active('port-seven-numbers', 'PORT @P,1\r\n', data='out', hears='same'),
    active('port-without-arguments', 'PORT\r\n', data='out', hears='same'),
    active('portx-cmd', 'PORTABLE @P\r\n', data='out', hears='same'),
    active('port-port-0', 'PORT 10,0,0,2,0,0\r\n', data='out', hears='same'),
    active('port-over-255', 'PORT 10,0,0,258,20,5\r\n', data='out', hears='same', number=5125),
    active('port-wraps', 'PORT 4294967306,0,0,2,20,5\r\n', data='out', hears='same', number=5125),
    active('port-wraps-port', 'PORT 10,0,0,2,0,20485\r\n', data='out', hears='same', number=20485),
    eprt('eprt-port-86021', 'EPRT @F86021|\r\n', data='out', hears='same', number=20485),
    eprt('eprt-port-0', 'EPRT @F0|\r\n', data='out', hears='same'),
    eprt('eprt-port-privileged-22', 'EPRT @F22|\r\n', data='out', hears='same', number=22),
    active('eprt-other-family', 'EPRT |1|10.0.0.2|20485|\r\n', data='out', hears='same', nats=SIX, number=20485),
    active('port-over-ipv6', 'PORT 10,0,0,2,80,5\r\n', data='out', hears='same', nats=SIX, number=20485),
    active('port-privileged-22', 'PORT 10,0,0,2,0,22\r\n', data='out', hears='same', number=22),
    active('bounce-other-host', 'PORT @P\r\n', data='out', hears='same', listener='other'),
    eprt('bounce-eprt', 'EPRT @E\r\n', data='out', hears='same', listener='other'),
    Row('epsv-all-then-port', [('C', ['EPSV ALL\r\n'])] + OK + [('C', ['PORT @P\r\n'])] + OK, data='out', hears='same'),
    Row('epsv-all-then-eprt', [('C', ['EPSV ALL\r\n'])] + OK + [('C', ['EPRT @E\r\n'])] + OK, data='out', hears='same',
        nats=ACTIVE + SIX),
    active('two-segments-port-port', 'PORT @o\r\n', 'PORT @P\r\n'),
    eprt('two-segments-eprt-eprt', 'EPRT @O\r\n', 'EPRT @E\r\n'),
    # Slipstreaming: a browser that an attacker steers, also with a server that plays along.
    active('slipstream-post-port21', 'POST / HTTP/1.1\r\nHost: x:21\r\nContent-Length: 99\r\n\r\n', 'PORT @P\r\n', data='out',
           hears='same'),
    active('slipstream-header-body-two-writes', 'POST / HTTP/1.1\r\n\r\n', 'PORT @P\r\nRETR x\r\n', data='out', hears='same'),
    eprt('slipstream-eprt-two-writes', 'POST / HTTP/1.1\r\n\r\n', 'EPRT @E\r\nRETR x\r\n', data='out', hears='same'),
    active('slipstream-one-packet', 'GET / HTTP/1.1\r\nHost: x\r\n\r\nPORT @P\r\n', data='out', hears='same'),
    Row('slipstream-server-plays-along', [('S', ['220 hi\r\n']), ('C', ['POST / HTTP/1.1\r\nHost: x\r\n\r\n'])] + IN +
        [('C', ['PORT @P\r\n'])] + OK, data='out', login=False, hears='same'),
    Row('slipstream-eprt-server-plays-along', [('S', ['220 hi\r\n']), ('C', ['POST / HTTP/1.1\r\nHost: x\r\n\r\n'])] + IN +
        [('C', ['EPRT @E\r\n'])] + OK, data='out', login=False, hears='same', nats=ACTIVE + SIX),
    # Lost on the way, behind the translation; with one more line in flight the kernel corrupts the stream.
    active('retrans-port-lost-after-nat', 'PORT @P\r\n', lose='PORT'),
    active('retrans-port-lost-then-noop', 'PORT @P\r\n', 'NOOP\r\n', lose='PORT'),
    active('retrans-two-ports-both-lost', 'PORT @o\r\n', 'PORT @P\r\n', lose='PORT'),
    eprt('retrans-eprt-lost-after-nat', 'EPRT @E\r\n', lose='EPRT'),
    eprt('retrans-eprt-lost-then-noop', 'EPRT @E\r\n', 'NOOP\r\n', lose='EPRT'),
    eprt('retrans-two-eprts-both-lost', 'EPRT @O\r\n', 'EPRT @E\r\n', lose='EPRT'),
]
