"""Both ends of PPTP in one program: what pptpd and pptp never do, as dialogues that read from top to bottom (RFC 2637).

The ends live in two network namespaces; a socket belongs to the namespace in which it was opened. Each end has a control
connection, which decides itself what goes into which segment, and a raw socket for GRE. A scene is a function of SCENES; `record`
calls it while tcpdump runs.
"""
import contextlib
import ctypes
import os
import socket
import struct
import threading
import time

from record_net import CLIENT, CLIENT6, ODD_SERVER, SERVER6

PAUSE = 0.03  # the order in which two ends speak is the order in the recording
COOKIE = 0x1a2b3c4d
CLONE_NEWNET = 0x40000000
GRE = 47
PPP = b'\xff\x03\xc0\x21'  # an LCP packet follows
(START_REQUEST, START_REPLY, STOP_REQUEST, STOP_REPLY, ECHO_REQUEST, ECHO_REPLY, OUT_REQUEST, OUT_REPLY, IN_REQUEST, IN_REPLY,
 IN_CONNECT, CLEAR_REQUEST, DISCONNECT, WAN_ERROR, LINK_INFO) = range(1, 16)
LENGTHS = {OUT_REQUEST: 168, OUT_REPLY: 32}


def head(kind):
    """How every message of this kind begins."""
    return struct.pack('>HHIH', LENGTHS[kind], 1, COOKIE, kind)


def message(kind, body, length=None, management=1, cookie=COOKIE, reserved=0):
    return struct.pack('>HHIHH', 12 + len(body) if length is None else length, management, cookie, kind, reserved) + body


def text(words, size):
    return words.encode().ljust(size, b'\0')


def start_request():
    return message(START_REQUEST, struct.pack('>HHIIHH', 0x100, 0, 3, 3, 0, 1) + text('pns.example', 64) + text('a script', 64))


def start_reply(result=1, error=0):
    return message(START_REPLY, struct.pack('>HBBIIHH', 0x100, result, error, 3, 3, 64, 1) + text('pac.example', 64) +
                   text('a script', 64))


def stop_request(reason=1):
    return message(STOP_REQUEST, struct.pack('>BBH', reason, 0, 0))


def stop_reply(result=1, error=0):
    return message(STOP_REPLY, struct.pack('>BBH', result, error, 0))


def echo_request(identifier):
    return message(ECHO_REQUEST, struct.pack('>I', identifier))


def echo_reply(identifier, result=1):
    return message(ECHO_REPLY, struct.pack('>IBBH', identifier, result, 0, 0))


def out_request(call, serial=1, **odd):
    return message(OUT_REQUEST, struct.pack('>HHIIIIHHHH', call, serial, 2400, 10000000, 3, 3, 64, 0, 7, 0) + text('5550100', 64) +
                   text('', 64), **odd)


def out_reply(call, peer, result=1, error=0, cause=0, **odd):
    return message(OUT_REPLY, struct.pack('>HHBBHIHHI', call, peer, result, error, cause, 10000000, 64, 0, 1), **odd)


def in_request(call, serial=1):
    return message(IN_REQUEST, struct.pack('>HHIIHH', call, serial, 1, 7, 7, 7) + text('5550100', 64) + text('5550199', 64) +
                   text('', 64))


def in_reply(call, peer, result=1, error=0):
    return message(IN_REPLY, struct.pack('>HHBBHHH', call, peer, result, error, 64, 0, 0))


def in_connect(peer):
    return message(IN_CONNECT, struct.pack('>HHIHHI', peer, 0, 64000, 64, 0, 1))


def clear_request(call):
    return message(CLEAR_REQUEST, struct.pack('>HH', call, 0))


def disconnect(call, result=4, error=0, cause=16):
    return message(DISCONNECT, struct.pack('>HBBHH', call, result, error, cause, 0) + text('', 128))


def wan_error(peer):
    return message(WAN_ERROR, struct.pack('>HHIIIIII', peer, 0, 3, 1, 0, 0, 2, 5))


def link_info(peer, send=0xffffffff, receive=0xffffffff):
    return message(LINK_INFO, struct.pack('>HHII', peer, 0, send, receive))


def gre(call, sequence=None, ack=None, data=PPP + b'\x09\x01\x00\x08abcd'):
    """Enhanced GRE (RFC 2637 4.1): the receiver's call id, sequence and acknowledgement numbers if there are any."""
    data = data if sequence is not None else b''
    flags = 0x2001 | (0x1000 if sequence is not None else 0) | (0x80 if ack is not None else 0)
    numbers = b''.join(struct.pack('>I', number) for number in (sequence, ack) if number is not None)
    return struct.pack('>HHHH', flags, 0x880b, len(data), call) + numbers + data


def keyed_gre(key):
    """Plain GRE with a key (RFC 2784, RFC 2890), an IPv4 header in it."""
    return struct.pack('>HHI', 0x2000, 0x0800, key) + bytes.fromhex('45000014000000004011000000000000') + bytes(4)


@contextlib.contextmanager
def inside(namespace):
    """This thread's new sockets belong there."""
    libc = ctypes.CDLL(None, use_errno=True)
    here = os.open(f'/proc/self/task/{threading.get_native_id()}/ns/net', os.O_RDONLY)
    there = os.open(f'/run/netns/{namespace}', os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), 'setns')
        yield
    finally:
        libc.setns(here, CLONE_NEWNET)
        os.close(here)
        os.close(there)


class End:
    """One end of a control connection, and of the GRE between the two hosts."""

    def __init__(self, namespace, address, peer):
        family = socket.AF_INET6 if ':' in address else socket.AF_INET
        self.address, self.peer, self.control, self.received = address, peer, None, b''
        with inside(namespace):
            self.tunnel = socket.socket(family, socket.SOCK_RAW, GRE)
            self.tunnel.bind((address, 0))

    def take(self, control):
        self.control = control
        control.settimeout(5)
        control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def say(self, *pieces):
        """Each piece in a segment of its own; what the other end has read of it when this returns: NAT changes call ids."""
        heard = b''
        for piece in pieces:
            self.control.sendall(piece)
            time.sleep(PAUSE)
            heard += self.other.hear(len(piece))
        return heard

    def hear(self, count):
        heard = b''
        while len(heard) < count:
            data = self.control.recv(count - len(heard))
            if not data:
                raise EOFError('the other end has gone')
            heard += data
        return heard

    def gre(self, *packets):
        for packet in packets:
            self.tunnel.sendto(packet, (self.peer, 0))
            time.sleep(PAUSE / 3)

    def close(self, reset=False):
        if reset:
            self.control.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.control.close()
        time.sleep(PAUSE)


class Pair:
    """A control connection and its two ends: `hosts` opens it, and is connected to. Use: with Pair(net) as (client, server).

    `seen`: behind NAT, their addresses as the other one sees them.
    """

    def __init__(self, net, port=1723, addresses=(CLIENT, ODD_SERVER), started=True, hosts=('client', 'server'), seen=(None, None)):
        self.hosts, self.port, self.addresses, self.started = hosts, port, addresses, started
        self.names = [net.names[host] for host in hosts]
        self.seen = [public or own for public, own in zip(seen, addresses)]

    def __enter__(self):
        client_address, server_address = self.addresses
        self.ends = client, server = (End(self.names[0], client_address, self.seen[1]),
                                      End(self.names[1], server_address, self.seen[0]))
        client.other, server.other = server, client
        self.connect()
        if self.started:
            client.say(start_request())
            server.say(start_reply())
        return self.ends

    def connect(self):
        client, server = self.ends
        family = socket.AF_INET6 if ':' in server.address else socket.AF_INET
        with inside(self.names[1]):
            listener = socket.create_server((server.address, self.port), family=family)
        with inside(self.names[0]):
            client.take(socket.socket(family, socket.SOCK_STREAM))
        client.control.bind((client.address, 0))
        client.control.connect((client.peer, self.port))
        server.take(listener.accept()[0])
        listener.close()
        time.sleep(PAUSE)

    def __exit__(self, *_):
        for end in self.ends:
            end.close()
            end.tunnel.close()


def answered(pns, pac, pns_call, pac_call):
    """An outgoing call, set up."""
    pns.say(out_request(pns_call))
    pac.say(out_reply(pac_call, pns_call))


def both_ways(one, other, one_call, other_call, first=0, count=3):
    """GRE in both directions: `one` sends what the other's call id names."""
    for number in range(first, first + count):
        one.gre(gre(other_call, number, number - 1 if number else None))
        other.gre(gre(one_call, number, number))


def ended(pns, pac, pns_call, pac_call):
    pns.say(clear_request(pns_call))
    pac.say(disconnect(pac_call))


def two_calls(net):
    """Two calls in one control connection, then a third: each with its own GRE, all of it interleaved."""
    with Pair(net) as (client, server):
        client.say(out_request(100, 1), out_request(101, 2))
        server.say(out_reply(7001, 101), out_reply(7000, 100))
        for number in range(3):
            both_ways(client, server, 100, 7000, number, 1)
            both_ways(client, server, 101, 7001, number, 1)
        ended(client, server, 100, 7000)
        both_ways(client, server, 101, 7001, 3)
        client.gre(gre(7000, 9))                    # the first call is over
        answered(client, server, 102, 7002)
        server.gre(gre(102, 0))
        both_ways(client, server, 101, 7001, 6, 1)
        both_ways(client, server, 102, 7002, 1)
        server.say(disconnect(7002, 1))             # unasked: the line went down
        server.gre(gre(102, 5))
        ended(client, server, 101, 7001)
        client.say(stop_request())
        server.say(stop_reply())


def incoming(net):
    """The server is the PAC and places calls; one is refused, one is never connected, one goes the other way beside them."""
    with Pair(net) as (client, server):
        server.say(in_request(500))
        client.say(in_reply(50, 500))
        server.gre(gre(50, 0))                      # before Incoming-Call-Connected: no call yet
        server.say(in_connect(50))
        both_ways(server, client, 500, 50, 1)
        answered(client, server, 51, 501)
        both_ways(client, server, 51, 501, 0, 2)
        server.say(in_request(502, 2))
        client.say(in_reply(52, 502, 2, 4))         # refused: general error, no resource
        server.gre(gre(52, 0))
        server.say(in_request(503, 3))
        client.say(in_reply(53, 503, 3))            # do not accept
        server.say(in_connect(53))                  # all the same
        server.gre(gre(53, 0))
        server.say(in_request(504, 4))
        client.say(in_reply(54, 504))
        client.gre(gre(504, 0))
        ended(client, server, 50, 500)
        server.gre(gre(50, 9))
        both_ways(client, server, 51, 501, 2, 2)


def pac_opens(net):
    """The PAC opens the TCP connection: the server's host calls; then the client's host, the PAC, places an incoming call."""
    with Pair(net) as (pac, pns):
        answered(pns, pac, 3000, 30)
        both_ways(pns, pac, 3000, 30)
        pac.say(in_request(31))
        pns.say(in_reply(3001, 31))
        pac.say(in_connect(3001))
        both_ways(pac, pns, 31, 3001)
        ended(pns, pac, 3000, 30)
        both_ways(pac, pns, 31, 3001, 3, 1)
        pns.say(stop_request(3))
        pac.say(stop_reply())


def together(one, other):
    """Both ask for a session at once."""
    one.control.sendall(start_request())
    other.control.sendall(start_request())
    time.sleep(PAUSE)
    one.hear(156)
    other.hear(156)


def collision(net):
    """Both ask on one connection, and each is PNS and PAC; both open a connection and ask: the higher address wins (3.1.3)."""
    with Pair(net, started=False) as (one, other):
        together(one, other)
        one.say(start_reply())
        other.say(start_reply())
        answered(one, other, 60, 600)
        both_ways(one, other, 60, 600, 0, 2)
        answered(other, one, 601, 61)
        both_ways(other, one, 601, 61, 0, 2)
    lost = Pair(net, started=False)
    won = Pair(net, started=False, addresses=(ODD_SERVER, CLIENT), hosts=('server', 'client'))
    with lost as (lower, _), won as (higher, replying):
        lower.control.sendall(start_request())
        higher.control.sendall(start_request())
        time.sleep(PAUSE)
        lower.close()
        replying.hear(156)
        replying.say(start_reply())
        answered(higher, replying, 62, 620)
        both_ways(higher, replying, 62, 620, 0, 2)
        higher.say(stop_request())
        replying.say(stop_reply())


def coalesced(net):
    """Several messages in a segment."""
    with Pair(net, started=False) as (client, server):
        client.say(start_request() + out_request(200))
        server.say(start_reply() + out_reply(2000, 200))
        both_ways(client, server, 200, 2000, 0, 2)
        client.say(echo_request(1) + out_request(201, 2) + out_request(202, 3))
        server.say(echo_reply(1) + out_reply(2001, 201) + link_info(201) + out_reply(2002, 202))
        both_ways(client, server, 201, 2001, 0, 2)
        both_ways(client, server, 202, 2002, 0, 2)
        client.say(link_info(2001) + clear_request(200) + clear_request(201))
        server.say(disconnect(2000) + disconnect(2001) + in_request(2003))
        client.say(in_reply(203, 2003) + echo_request(2))
        server.say(echo_reply(2) + in_connect(203) + echo_request(3))
        server.gre(gre(203, 0))
        client.gre(gre(2001, 7))
        both_ways(client, server, 202, 2002, 2, 1)
        client.say(echo_reply(3) + clear_request(202) + stop_request())
        server.say(disconnect(2002) + stop_reply())


def cut(data, *widths):
    """Pieces of these widths in turn, until the data ends."""
    pieces = []
    while data:
        width = widths[len(pieces) % len(widths)]
        pieces.append(data[:width])
        data = data[width:]
    return pieces


def split(net):
    """One message over several segments: of 1, 4, 11 octets, cut within the header, the ids, at the last octet; and glued."""
    with Pair(net, started=False) as (client, server):
        client.say(*cut(start_request(), 11, 145))
        server.say(*cut(start_reply(), 1, 155))
        client.say(*cut(out_request(210), 13, 155))
        server.say(*cut(out_reply(2100, 210), 1))
        both_ways(client, server, 210, 2100, 0, 2)
        client.say(*cut(out_request(211, 2), 11))
        server.say(*cut(out_reply(2101, 211), 4))
        both_ways(client, server, 211, 2101, 0, 2)
        client.say(*cut(out_request(212, 3) + echo_request(9), 167, 3, 14))
        server.say(*cut(out_reply(2102, 212) + echo_reply(9), 33, 19))
        server.gre(gre(212, 0))
        client.say(*cut(clear_request(210), 15, 1))
        server.say(*cut(disconnect(2100), 147, 1))
        client.gre(gre(2100, 3))
        client.say(*cut(clear_request(211), 4))
        server.say(*cut(disconnect(2101), 11, 4))
        server.gre(gre(211, 3))


def refused(net):
    """Calls and sessions refused, with each result code there is; whatever GRE follows belongs to nobody."""
    with Pair(net) as (client, server):
        for number, result in enumerate((2, 3, 4, 5, 6, 7, 0, 8)):
            client.say(out_request(300 + number, number))
            server.say(out_reply(3000 + number, 300 + number, result, 4 if result == 2 else 0, 17 if result == 4 else 0))
            client.gre(gre(3000 + number, 0))
        client.say(out_request(320, 9))
        server.say(out_reply(3020, 321))            # an answer to what was not asked
        client.gre(gre(3020, 0))
        server.gre(gre(320, 0), gre(321, 0))
        server.say(out_reply(3020, 320))            # and now to what was
        both_ways(client, server, 320, 3020, 1, 2)
        server.say(out_reply(3021, 320))            # answered twice, with another id
        server.gre(gre(320, 4))
        client.gre(gre(3021, 0))
        server.say(out_reply(3022, 322))            # unasked
        client.gre(gre(3022, 0))
        both_ways(client, server, 320, 3020, 5, 1)
    for result in (2, 3, 4, 5):
        with Pair(net, started=False) as (client, server):
            client.say(start_request())
            server.say(start_reply(result, 1 if result == 2 else 0))
            answered(client, server, 330 + result, 3030 + result)
            both_ways(client, server, 330 + result, 3030 + result, 0, 1)
    with Pair(net, started=False) as (client, server):
        answered(client, server, 340, 3040)         # no session at all
        both_ways(client, server, 340, 3040, 0, 1)


def ends(net):
    """How calls end, and GRE that comes too late; call ids used again, and call id 0."""
    with Pair(net) as (client, server):
        answered(client, server, 0, 0)
        both_ways(client, server, 0, 0)
        ended(client, server, 0, 0)
        client.gre(gre(0, 5))
        server.gre(gre(0, 5))
        answered(client, server, 0, 4000)
        both_ways(client, server, 0, 4000)
        ended(client, server, 0, 4000)
        answered(client, server, 400, 4000)         # the PAC's id again
        both_ways(client, server, 400, 4000, 0, 2)
        ended(client, server, 400, 4000)
        answered(client, server, 400, 4001)         # the PNS's id again
        both_ways(client, server, 400, 4001, 0, 2)
        answered(client, server, 401, 4002)
        both_ways(client, server, 401, 4002, 0, 2)
        client.say(stop_request())
        client.gre(gre(4001, 8))                    # both calls ended with the request
        server.say(stop_reply())
        server.gre(gre(401, 8))
    for reset in (False, True):
        with Pair(net) as (client, server):
            answered(client, server, 410 + reset, 4010 + reset)
            both_ways(client, server, 410 + reset, 4010 + reset, 0, 2)
            client.close(reset)
            server.close()
            client.gre(gre(4010 + reset, 8))
            server.gre(gre(410 + reset, 8))


def informative(net):
    """Messages that open and close nothing, from both ends; and kinds of message that nobody knows."""
    with Pair(net) as (client, server):
        client.say(message(77, b'what nobody knows'), message(16, b''), message(0, bytes(8)))
        server.say(message(65535, bytes(20)), out_reply(9, 9, management=2))
        answered(client, server, 420, 4200)
        client.say(link_info(4200), link_info(4200, 0, 0xa0000))
        server.say(link_info(420))
        server.say(wan_error(420), wan_error(420))
        for number in range(2):
            client.say(echo_request(number))
            server.say(echo_reply(number))
            server.say(echo_request(100 + number))
            client.say(echo_reply(100 + number))
        server.say(echo_reply(55, 2))               # unasked, and an error
        both_ways(client, server, 420, 4200)
        client.say(wan_error(4200), link_info(4999))  # from the wrong end; of a call that is not there
        server.say(message(WAN_ERROR, struct.pack('>HHIIIIII', 420, 0xffff, 1, 1, 1, 1, 1, 1), reserved=0x1234))
        both_ways(client, server, 420, 4200, 3)
        ended(client, server, 420, 4200)


def malformed(net):
    """A length that cannot be right, a cookie that is wrong: nothing after it can be read, and a call that stands goes on."""
    bad = [out_request(431, 2, length=length) for length in (8, 9999, 0, 160)] + [out_request(431, 2, cookie=0x1a2b3c4e)]
    for number, request in enumerate(bad):
        with Pair(net) as (client, server):
            answered(client, server, 430, 4300 + number)
            both_ways(client, server, 430, 4300 + number, 0, 1)
            client.say(request)
            server.say(out_reply(4390 + number, 431))
            server.gre(gre(431, 0))
            client.gre(gre(4390 + number, 0))
            both_ways(client, server, 430, 4300 + number, 1, 1)
    with Pair(net, started=False) as (client, server):
        client.say(b'GET / HTTP/1.0\r\nHost: pac.example\r\n\r\n' + start_request() + out_request(440))
        server.say(start_reply() + out_reply(4400, 440))
        both_ways(client, server, 440, 4400, 0, 1)


def ipv6(net):
    """Control and GRE over IPv6: two calls, one in each direction, one of them ended."""
    with Pair(net, addresses=(CLIENT6, SERVER6)) as (client, server):
        answered(client, server, 600, 6000)
        both_ways(client, server, 600, 6000)
        server.say(in_request(6001))
        client.say(in_reply(601, 6001))
        server.say(in_connect(601))
        both_ways(server, client, 6001, 601)
        ended(client, server, 600, 6000)
        client.gre(gre(6000, 9))
        client.say(stop_request())
        server.say(stop_reply())


def lossy(net):
    """Calls whose replies and requests the recording will lose, or parts of them; one that is sent twice, as the router is deaf for
    half a second; one whose reply the recording will have in disorder."""
    def forwarding(switch):
        net.sysctl(net.names['router'], f'net.ipv4.ip_forward={switch}')

    with Pair(net) as (client, server):
        client.say(out_request(700, 1))
        server.say(out_reply(7000, 700))            # lost
        client.say(echo_request(1))
        server.say(echo_reply(1))
        both_ways(client, server, 700, 7000, 0, 1)
        client.say(out_request(701, 2))             # lost
        server.say(out_reply(7001, 701))
        both_ways(client, server, 701, 7001, 0, 1)
        answered(client, server, 702, 7002)
        both_ways(client, server, 702, 7002)
        client.say(*cut(out_request(703, 3), 100, 68))  # its second half is lost
        server.say(out_reply(7003, 703))
        client.say(echo_request(2))
        server.say(echo_reply(2))
        both_ways(client, server, 703, 7003, 0, 1)
        client.say(out_request(704, 4))
        server.say(out_reply(7004, 704))
        both_ways(client, server, 704, 7004)
        ended(client, server, 702, 7002)
        client.gre(gre(7002, 9))
        forwarding(0)
        client.control.sendall(out_request(705, 5))
        time.sleep(0.5)
        forwarding(1)
        server.hear(168)
        server.say(out_reply(7005, 705))
        both_ways(client, server, 705, 7005, 0, 2)
        client.say(out_request(706, 6))
        server.say(*cut(out_reply(7006, 706), 20, 12))
        both_ways(client, server, 706, 7006, 0, 2)


def midstream(net):
    """A call in place when the recording begins, one whose reply comes first, one after that."""
    with Pair(net) as (client, server):
        answered(client, server, 800, 8000)
        both_ways(client, server, 800, 8000, 0, 1)
        client.say(out_request(801, 2))
        server.say(out_reply(8001, 801))            # the first frame of the recording
        both_ways(client, server, 801, 8001)
        both_ways(client, server, 800, 8000, 1, 2)
        answered(client, server, 802, 8002)
        both_ways(client, server, 802, 8002)
        ended(client, server, 800, 8000)
        ended(client, server, 802, 8002)
        server.gre(gre(802, 9))


def other_port(net):
    """A control connection to port 1724."""
    with Pair(net, port=1724) as (client, server):
        answered(client, server, 900, 9000)
        both_ways(client, server, 900, 9000)
        ended(client, server, 900, 9000)
        client.gre(gre(9000, 9))


def tunnels(net):
    """GRE: before its call, out of order, lost, acknowledgements alone, of a wrong id; plain GRE with keys beside it."""
    with Pair(net) as (client, server):
        client.gre(gre(9100, 0))                    # before anybody called
        client.gre(keyed_gre(9100), keyed_gre(0x12345678))
        server.gre(gre(910, 0), keyed_gre(0x12345678))
        answered(client, server, 910, 9100)
        for number in (1, 2, 4, 3, 7, 5, 6, 7, 12):
            client.gre(gre(9100, number))
        server.gre(gre(910, None, 12))
        for number in (0xfffffffe, 0xffffffff, 1, 0):  # wraps, two out of order
            server.gre(gre(910, number, 12))
        client.gre(gre(9100, None, 0), gre(9100, None, 0))
        client.gre(gre(910, 13), gre(9101, 13))     # its own id, and nobody's
        server.gre(gre(9100, 2))
        client.gre(keyed_gre(910), keyed_gre(9100))
        server.gre(keyed_gre(9100))
        client.gre(gre(9100, 13))


SCENES = {scene.__name__: scene for scene in (two_calls, incoming, pac_opens, collision, coalesced, split, refused, ends,
                                              informative, malformed, ipv6, lossy, midstream, other_port, tunnels)}
