"""FTP dialogues of the kernel's case table (kernel-behaviour.md), as data: who says what in which segments, and what must come of it.

A row is (name, says, and what must be): `says` is a list of (who, [segment, ...]); in them @P is the listener's address and port as
six numbers, @E as |1|address|port| or |2|..., @p the port alone, @Z the six numbers with zeros in front, @< and @> the halves of @P
(behind EPRT: @e is the second), @o another port of the client's, @b another inside host's six numbers. `hears`: what the
*other* side must have read in the end, with @P and @E as it must know the listener ('same': as it was said). `data`: 'in' the
announced connection comes to the listener, 'out' nothing comes in there.
Names are those of kernel-behaviour.md, where it has one; the comment tells what the kernel does there.
"""

LOGIN = [('S', ['220 ready\r\n']), ('C', ['USER u\r\n']), ('S', ['230 in\r\n'])]
OK = [('S', ['200 ok\r\n'])]


class Row:
    def __init__(self, name, says, data='in', login=True, nats=('masquerade', 'none'), hears=None, listener='client', lose=None):
        self.name, self.data, self.nats, self.hears, self.listener, self.lose = name, data, nats, hears, listener, lose
        self.says = (LOGIN if login else []) + says


def active(name, *pieces, **options):
    return Row(name, [('C', list(pieces))] + OK, **options)


def passive(name, *pieces, ask='PASV\r\n', **options):
    options.setdefault('nats', ('forward', 'none', 'masquerade'))
    return Row(name, [('C', [ask]), ('S', list(pieces))], listener='server', **options)


ROWS = [
    # What the kernel does right, too.
    active('port-masq', 'PORT @P\r\n'),
    active('eprt-masq', 'EPRT @E\r\n'),
    active('lower-port', 'port @P\r\n'),
    active('mixed-port', 'pOrT @P\r\n'),
    active('lower-eprt', 'eprt @E\r\n'),
    active('port-leading-zeros', 'PORT @Z\r\n'),
    passive('pasv-dnat', '227 Entering Passive Mode (@P)\r\n'),
    passive('epsv-dnat', '229 Entering Extended Passive Mode (|||@p|)\r\n', ask='EPSV\r\n'),
    passive('229-bang', '229 Extended (!!!@p!)\r\n', ask='EPSV\r\n'),
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
    active('split-eprt', 'EPRT @<', '@e\r\n'),
    passive('split-227-before-paren', '227 Entering Passive Mode (@P', ')\r\n'),
    passive('split-227-mid-number', '227 Entering Passive Mode (@<', '@>)\r\n'),
    passive('split-229-before-paren', '229 Extended (|||@p', '|)\r\n', ask='EPSV\r\n'),
    # More than one line in a segment: the kernel sees the first only, the rest leaves as it was.
    active('pipe-type-port', 'TYPE I\r\nPORT @P\r\n'),
    passive('pipe-replies-200-227', '200 ok\r\n227 Entering Passive Mode (@P)\r\n', ask='NOOP\r\nPASV\r\n'),
    passive('multi-227-1seg', '227-Entering\r\n227 Passive Mode (@P)\r\n'),
    active('pipe-eprt-port', 'NOOP\r\nEPRT @E\r\n'),
    active('port-first-command', 'PORT @P\r\n', login=False),
    passive('pasv-first-reply', '227 Entering Passive Mode (@P)\r\n', login=False),
    active('long-site-tail-has-port', 'SITE ' + 'x' * 3000 + '\r\nPORT @P\r\n'),
    # Spaces and the like: the kernel drops such a line.
    active('port-two-spaces', 'PORT  @P\r\n'),
    active('port-space-before-CR', 'PORT @P \r\n'),
    active('port-lf-only', 'PORT @P\n'),
    passive('227-passive-4u', '227 Passive 4u (@P)\r\n'),
    # What may not open anything.
    active('port-five-numbers', 'PORT 10,0,0,2,9\r\n', data='out', hears='same'),
    active('port-seven-numbers', 'PORT @P,1\r\n', data='out', hears='same'),
    active('port-without-arguments', 'PORT\r\n', data='out', hears='same'),
    active('portx-cmd', 'PORTABLE @P\r\n', data='out', hears='same'),
    active('port-port-0', 'PORT 10,0,0,2,0,0\r\n', data='out', hears='same'),
    active('port-over-255', 'PORT 10,0,0,258,20,5\r\n', data='out', hears='same'),
    active('port-wraps', 'PORT 4294967306,0,0,2,20,5\r\n', data='out', hears='same'),
    active('port-wraps-port', 'PORT 10,0,0,2,0,20485\r\n', data='out', hears='same'),
    active('eprt-port-86021', 'EPRT |1|10.0.0.2|86021|\r\n', data='out', hears='same'),
    active('port-privileged-22', 'PORT 10,0,0,2,0,22\r\n', data='out', hears='same'),
    active('bounce-other-host', 'PORT @b\r\n', data='out', hears='same'),
    active('bounce-eprt', 'EPRT |1|10.0.1.2|5000|\r\n', data='out', hears='same'),
    Row('epsv-all-then-port', [('C', ['EPSV ALL\r\n'])] + OK + [('C', ['PORT @P\r\n'])] + OK, data='out', hears='same'),
    active('two-segments-port-port', 'PORT @o\r\n', 'PORT @P\r\n'),
    # Slipstreaming: a browser that an attacker steers, also with a server that plays along.
    active('slipstream-post-port21', 'POST / HTTP/1.1\r\nHost: x:21\r\nContent-Length: 99\r\n\r\n', 'PORT @P\r\n', data='out', hears='same'),
    active('slipstream-header-body-two-writes', 'POST / HTTP/1.1\r\n\r\n', 'PORT @P\r\nRETR x\r\n', data='out', hears='same'),
    active('slipstream-one-packet', 'GET / HTTP/1.1\r\nHost: x\r\n\r\nPORT @P\r\n', data='out', hears='same'),
    Row('slipstream-server-plays-along', [('S', ['220 hi\r\n']), ('C', ['POST / HTTP/1.1\r\nHost: x\r\n\r\n']), ('S', ['230 in\r\n']),
                                          ('C', ['PORT @P\r\n'])] + OK, data='out', login=False, hears='same'),
    # Lost on the way, behind the translation; with one more line in flight the kernel corrupts the stream.
    active('retrans-port-lost-after-nat', 'PORT @P\r\n', lose='PORT'),
    active('retrans-port-lost-then-noop', 'PORT @P\r\n', 'NOOP\r\n', lose='PORT'),
    active('retrans-two-ports-both-lost', 'PORT @o\r\n', 'PORT @P\r\n', lose='PORT'),
]
