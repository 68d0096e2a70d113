"""PPTP and GRE in a capture, read without usher: make-truth's other half.

A parser over the octets of the TCP streams and of the GRE packets reads RFC 2637, and a plain account of sessions and calls says
which of them stand; tshark's fields are the second reading, and `seen_by` says whether they agree. The schema is described in
doc/captures.md.
"""
import ipaddress
import struct

COOKIE = bytes.fromhex('00011a2b3c4d')  # PPTP message type 1 and the magic cookie: octets 2 to 7 of every control message
CONTROL_PORTS = (1723, 1724)
FIELDS = ['gre.flags_and_version', 'gre.key', 'gre.key.call_id', 'pptp.control_message_type', 'pptp.call_id', 'pptp.peer_call_id']
FIN, RST = 0x01, 0x04
NAMES = ['Start-Control-Connection-Request', 'Start-Control-Connection-Reply', 'Stop-Control-Connection-Request',
         'Stop-Control-Connection-Reply', 'Echo-Request', 'Echo-Reply', 'Outgoing-Call-Request', 'Outgoing-Call-Reply',
         'Incoming-Call-Request', 'Incoming-Call-Reply', 'Incoming-Call-Connected', 'Call-Clear-Request', 'Call-Disconnect-Notify',
         'WAN-Error-Notify', 'Set-Link-Info']
(START_REQUEST, START_REPLY, STOP_REQUEST, _, _, _, OUT_REQUEST, OUT_REPLY, IN_REQUEST, IN_REPLY, IN_CONNECT, _, DISCONNECT, _,
 _) = range(1, 16)
LENGTHS = [156, 156, 16, 16, 16, 20, 168, 32, 220, 24, 28, 16, 148, 40, 24]
CALL_ID = {7: 12, 8: 12, 9: 12, 10: 12, 12: 12, 13: 12}             # type: where the sender's own id is
PEER_CALL_ID = {8: 14, 10: 14, 11: 12, 14: 12, 15: 12}
RESULT = {2: 14, 4: 12, 6: 16, 8: 16, 10: 16, 13: 14}
LONGEST = 4096
SIDES = {'client->server': 'client', 'server->client': 'server'}
OTHER = {'client': 'server', 'server': 'client'}


# The streams ------------------------------------------------------------------------------------------------------------------

def octets_of(frames):
    """The octets of one direction in order: (place, value, frame by which all up to it are there)."""
    base, there, complete = None, {}, 0
    for frame in frames:
        start = (frame.seq + bool(frame.flags & 0x02)) & 0xffffffff
        base = start if base is None else base
        offset = (start - base + 0x80000000 & 0xffffffff) - 0x80000000
        for at, value in enumerate(frame.payload, offset):
            there.setdefault(at, (value, frame.number))
    for at in sorted(there):
        value, number = there[at]
        complete = max(complete, number)
        yield at, value, complete


def stretches_of(frames):
    """The stretches without a hole: lists of (value, frame)."""
    stretches, previous = [], None
    for at, value, number in octets_of(frames):
        if previous is None or at != previous + 1:
            stretches.append([])
        stretches[-1].append((value, number))
        previous = at
    return stretches


class Message:
    def __init__(self, data, frames, direction, after_gap):
        self.type, = struct.unpack_from('>H', data, 8)
        self.management, = struct.unpack_from('>H', data, 2)
        self.first_frame, self.frame, self.direction, self.after_gap = frames[0], frames[-1], direction, after_gap
        self.known = self.management == 1 and 1 <= self.type <= 15

        def field(where, size='>H'):
            place = where.get(self.type) if self.known else None
            return struct.unpack_from(size, data, place)[0] if place else None

        self.call_id, self.peer_call_id, self.result = field(CALL_ID), field(PEER_CALL_ID), field(RESULT, 'B')
        self.expected = 'told' if self.known else 'unknown-type'

    @property
    def side(self):
        return SIDES[self.direction]


def measure(data):
    """The length of the message that begins here; 0: no such message can be."""
    length, management = struct.unpack_from('>HH', data)
    kind, = struct.unpack_from('>H', data, 8)
    if data[4:8] != COOKIE[2:] or management not in (1, 2) or not 12 <= length <= LONGEST:
        return 0
    if management == 1 and 1 <= kind <= 15 and length != LENGTHS[kind - 1]:
        return 0
    return length


def messages_of(frames, direction, picked_up):
    """(messages, the frame in which one comes that cannot be, or None). After a hole, and where the beginning is missing, the next
    cookie is sought."""
    messages = []
    for number, stretch in enumerate(stretches_of(frames)):
        data, lost, at = bytes(value for value, _ in stretch), number > 0 or picked_up, 0
        seek = lost
        while at < len(data):
            if seek:
                found = data.find(COOKIE, at + 2)
                if found < 0:
                    break
                at, seek = found - 2, False
            if len(data) - at < 12:
                break
            length = measure(data[at:at + 12])
            if not length:
                return messages, stretch[at + 11][1]
            if len(data) - at < length:
                break
            messages.append(Message(data[at:at + length], [frame for _, frame in stretch[at:at + length]], direction, lost))
            at, lost = at + length, False
    return messages, None


# Sessions and calls -----------------------------------------------------------------------------------------------------------

class Call:
    """What was asked for, and what became of it. `ids`: the call ids by side."""

    def __init__(self, session, request, direction, number):
        self.session, self.direction, self.number = session, direction, number
        self.requested_by = request.side
        self.request_frame = request.frame
        self.ids = {request.side: request.call_id, OTHER[request.side]: None}
        self.reply_frame = self.result = self.connected_frame = self.clear_frame = None
        self.disconnect_frame = self.by_receivers_id = None
        self.state = 'asked'        # answered (incoming, before it is connected), up, failed, ended
        self.expected = 'nothing'   # of an observer; 'accepted', 'maybe'
        self.up_frame = self.end_frame = None

    def open(self, message, expected='accepted'):
        self.state, self.up_frame, self.expected = 'up', message.frame, expected

    def end(self, frame):
        if self.state == 'up':
            self.end_frame = frame
        self.state = 'ended'


class Session:
    """One control connection."""

    def __init__(self, stream, frames):
        self.stream = stream
        self.frames = [frame for frame in frames if frame.has_tcp and frame.stream == stream]
        first = self.frames[0]
        from_client = first.dst[1] in CONTROL_PORTS
        self.client, self.server = (first.src, first.dst) if from_client else (first.dst, first.src)
        self.syn = next((frame.number for frame in self.frames if frame.is_syn()), None)
        self.established, self.asked, self.calls = self.syn is None, set(), []
        self.closing = self.closed = None
        self.holed = self.syn is None
        self.messages = self.read()
        self.follow_tcp()
        for message in self.messages:
            if message.expected == 'told':
                self.take(message)
        for call in self.calls:
            if call.state == 'up':
                call.end(self.closed)

    def read(self):
        bad, messages = [], []
        for direction, source in (('client->server', self.client), ('server->client', self.server)):
            sent = [frame for frame in self.frames if frame.src == source]
            found, wrong = messages_of(sent, direction, self.syn is None)
            self.holed = self.holed or len(stretches_of(sent)) > 1
            messages += found
            bad += [wrong] if wrong else []
        for message in messages:
            if bad and message.frame > min(bad):  # reading ended, in both directions
                message.expected = 'unread'
        return sorted(messages, key=lambda message: message.frame)

    def follow_tcp(self):
        """When it began to close, and when it was closed: both have said FIN, or one RST."""
        said = {}
        for frame in self.frames:
            if frame.flags & RST:
                self.closing = self.closing or frame.number
                self.closed = self.closed or frame.number
            elif frame.flags & FIN:
                said.setdefault(frame.src, frame.number)
        if said:
            self.closing = min([*said.values(), self.closing or min(said.values())])
        if len(said) == 2:
            self.closed = min(max(said.values()), self.closed or max(said.values()))

    def find(self, direction, state, **ids):
        """The latest call of that direction and state with these ids, by side."""
        for call in reversed(self.calls):
            if (call.direction, call.state) == (direction, state) and ids.items() <= call.ids.items():
                return call
        return None

    def standing(self, side, number):
        return next((call for call in self.calls if call.state == 'up' and call.ids[side] == number), None)

    def take(self, message):
        handler = {START_REQUEST: self.start_request, START_REPLY: self.start_reply, STOP_REQUEST: self.stop,
                   OUT_REQUEST: self.request, IN_REQUEST: self.request, OUT_REPLY: self.out_reply, IN_REPLY: self.in_reply,
                   IN_CONNECT: self.in_connect, 12: self.clear, DISCONNECT: self.disconnect}.get(message.type)
        if handler:
            handler(message)

    def start_request(self, message):
        self.asked.add(message.side)

    def start_reply(self, message):
        if OTHER[message.side] in self.asked and message.result == 1:
            self.established = True

    def stop(self, message):
        for call in self.calls:
            call.end(message.frame)
        self.established, self.asked = False, set()

    def request(self, message):
        direction = 'outgoing' if message.type == OUT_REQUEST else 'incoming'
        self.calls.append(Call(self, message, direction, len(self.calls)))

    def out_reply(self, message):
        call = self.find('outgoing', 'asked', **{OTHER[message.side]: message.peer_call_id})
        if call:
            self.answer(call, message)
        elif self.holed and message.result == 1 and not self.is_repeated(message):
            self.reply_alone(message)

    def is_repeated(self, message):
        return self.standing(OTHER[message.side], message.peer_call_id) is not None

    def reply_alone(self, message):
        """Its request is not in the file, but may have been sent."""
        request = Message.__new__(Message)
        request.direction = next(direction for direction in SIDES if direction != message.direction)
        request.frame, request.call_id = None, message.peer_call_id
        call = Call(self, request, 'outgoing', len(self.calls))
        self.calls.append(call)
        self.answer(call, message, 'accepted' if self.syn is None else 'maybe')

    def answer(self, call, message, expected='accepted'):
        call.reply_frame, call.result, call.ids[message.side] = message.frame, message.result, message.call_id
        if message.result != 1 or not self.established:
            call.state = 'failed'
        elif call.direction == 'incoming':
            call.state = 'answered'
        else:
            call.open(message, expected)

    def in_reply(self, message):
        call = self.find('incoming', 'asked', **{OTHER[message.side]: message.peer_call_id})
        if call:
            self.answer(call, message)

    def in_connect(self, message):
        call = self.find('incoming', 'answered', **{OTHER[message.side]: message.peer_call_id})
        if call:
            call.connected_frame = message.frame
            call.open(message)

    def clear(self, message):
        call = self.standing(message.side, message.call_id)
        if call:
            call.clear_frame = call.clear_frame or message.frame

    def disconnect(self, message):
        """By the sender's own id; some send the receiver's (a real server's, in the field)."""
        call = self.standing(message.side, message.call_id)
        if call:
            call.disconnect_frame = message.frame
        else:
            call = self.standing(OTHER[message.side], message.call_id)
            if call:
                call.by_receivers_id = message.frame
        if call:
            call.end(message.frame)


# GRE --------------------------------------------------------------------------------------------------------------------------

class Tunnel:
    """One packet of GRE."""

    def __init__(self, number, src, dst, data):
        self.number, self.src, self.dst = number, src, dst
        self.flags, self.proto = struct.unpack_from('>HH', data)
        self.version = self.flags & 7
        self.has_key, self.has_seq, self.has_ack = (bool(self.flags & bit) for bit in (0x2000, 0x1000, 0x80))
        self.has_ack = self.has_ack and self.version == 1
        at, self.key, self.call_id = 4, None, None
        if self.version == 0 and self.flags & 0xc000:
            at += 4
        if self.has_key:
            value, = struct.unpack_from('>I', data, at)
            self.key, self.call_id = (value, None) if self.version == 0 else (None, value & 0xffff)
        self.call, self.expected = None, 'stranger'


def address_of(octets):
    return str(ipaddress.ip_address(octets))


def read_tunnels(path):
    """GRE by its octets: pcap of this machine's byte order, Ethernet, which is what `record` writes."""
    content, at, number = path.read_bytes(), 24, 0
    found = []
    while at < len(content):
        have, = struct.unpack_from('=I', content, at + 8)
        data, at, number = content[at + 16:at + 16 + have], at + 16 + have, number + 1
        if data[12:14] == b'\x08\x00' and data[23] == 47:
            end = 14 + int.from_bytes(data[16:18], 'big')
            found.append(Tunnel(number, address_of(data[26:30]), address_of(data[30:34]), data[14 + (data[14] & 15) * 4:end]))
        elif data[12:14] == b'\x86\xdd' and data[20] == 47:
            found.append(Tunnel(number, address_of(data[22:38]), address_of(data[38:54]), data[54:]))
    return found


def assign(tunnels, calls):
    """Which call each packet belongs to: it carries the id that its receiver chose. None before that call was answered, and after
    it ended; in between is the moment in which the control connection closes ('maybe')."""
    for tunnel in tunnels:
        for number, call in enumerate(calls):
            if tunnel.version == 1 and call.up_frame and call.up_frame < tunnel.number and is_of(tunnel, call):
                if call.end_frame is not None and tunnel.number > call.end_frame:
                    continue
                tunnel.call = number
                closing = call.session.closing is not None and tunnel.number > call.session.closing
                tunnel.expected = 'maybe' if closing or call.expected == 'maybe' else 'child'


def is_of(tunnel, call):
    client, server = call.session.client[0], call.session.server[0]
    return (tunnel.src, tunnel.dst, tunnel.call_id) in ((client, server, call.ids['server']), (server, client, call.ids['client']))


def flows_of(tunnels):
    groups = {}
    for tunnel in tunnels:
        key = (tunnel.src, tunnel.dst, tunnel.version, tunnel.proto, tunnel.key, tunnel.call_id, tunnel.call, tunnel.expected)
        groups.setdefault(key, []).append(tunnel)
    return [{'src': src, 'dst': dst, 'version': version, 'proto': f'0x{proto:04x}', 'key': None if key is None else f'0x{key:08x}',
             'call_id': call_id, 'packets': len(group), 'first_frame': group[0].number, 'last_frame': group[-1].number,
             'with_key': sum(tunnel.has_key for tunnel in group), 'with_seq': sum(tunnel.has_seq for tunnel in group),
             'with_ack': sum(tunnel.has_ack for tunnel in group), 'call': call, 'expected': expected}
            for (src, dst, version, proto, key, call_id, call, expected), group in groups.items()]


# tshark -----------------------------------------------------------------------------------------------------------------------

def numbers(words):
    return [int(word, 0) for word in words.split(',') if word]


def unseen_tunnels(tunnels, frames):
    """Where tshark and the octets do not say the same of GRE; [] is what should be."""
    ours = [(tunnel.number, tunnel.version, tunnel.key if tunnel.version == 0 else tunnel.call_id) for tunnel in tunnels]
    theirs = [(frame.number, numbers(frame.fields['gre.flags_and_version'])[0] & 7,
               (numbers(frame.fields['gre.key']) + numbers(frame.fields['gre.key.call_id']) + [None])[0])
              for frame in frames if frame.fields['gre.flags_and_version']]
    return sorted({number for number, *_ in set(ours) ^ set(theirs)})


def is_seen(message, frames):
    """Does tshark have this message, with these call ids, in the frame that completes it?"""
    fields = frames[message.frame - 1].fields
    ids = [(message.call_id, fields['pptp.call_id']), (message.peer_call_id, fields['pptp.peer_call_id'])]
    return message.type in numbers(fields['pptp.control_message_type']) and all(
        number is None or number in numbers(words) for number, words in ids)


# The truth --------------------------------------------------------------------------------------------------------------------

def endpoint(pair):
    return {'addr': pair[0], 'port': pair[1]}


def call_truth(call):
    session = call.session
    expected = [{'src': session.client[0], 'dst': session.server[0], 'call_id': call.ids['server']},
                {'src': session.server[0], 'dst': session.client[0], 'call_id': call.ids['client']}]
    return {'stream': session.stream, 'direction': call.direction, 'requested_by': call.requested_by,
            'request_frame': call.request_frame, 'requester_call_id': call.ids[call.requested_by], 'reply_frame': call.reply_frame,
            'replier_call_id': call.ids[OTHER[call.requested_by]], 'result': call.result, 'connected_frame': call.connected_frame,
            'clear_request_frame': call.clear_frame, 'disconnect_frame': call.disconnect_frame,
            'disconnect_frame_by_the_receivers_call_id': call.by_receivers_id, 'client_call_id': call.ids['client'],
            'server_call_id': call.ids['server'], 'gre_expected': expected if call.up_frame else [], 'up_frame': call.up_frame,
            'end_frame': call.end_frame, 'expected': call.expected, 'certain': session.syn is not None}


def message_truth(message, stream, frames):
    return {'frame': message.frame, 'first_frame': message.first_frame, 'stream': stream, 'direction': message.direction,
            'type': message.type, 'type_name': NAMES[message.type - 1] if message.known else 'unknown', 'call_id': message.call_id,
            'peer_call_id': message.peer_call_id, 'result': message.result, 'retransmission': False, 'after_gap': message.after_gap,
            'seen_by': 'both' if is_seen(message, frames) else 'octets-only', 'expected': message.expected}


def truth_of(path, frames):
    """{'pptp': ..., 'gre': ...}; {} where there is neither."""
    streams = sorted({frame.stream for frame in frames if frame.has_tcp and {frame.src[1], frame.dst[1]} & set(CONTROL_PORTS)})
    if not streams:
        return {}
    sessions = [Session(stream, frames) for stream in streams]
    calls = sorted((call for session in sessions for call in session.calls),
                   key=lambda call: (call.request_frame or call.reply_frame, call.session.stream, call.number))
    tunnels = read_tunnels(path)
    assign(tunnels, calls)
    flows, unseen = flows_of(tunnels), unseen_tunnels(tunnels, frames)
    messages = [message_truth(message, session.stream, frames) for session in sessions for message in session.messages]
    return {
        'pptp': {
            'control': [{'stream': session.stream, 'client': endpoint(session.client), 'server': endpoint(session.server),
                         'syn_frame': session.syn, 'first_frame': session.frames[0].number, 'last_frame': session.frames[-1].number,
                         'packets': len(session.frames)} for session in sessions],
            'messages': sorted(messages, key=lambda message: message['frame']),
            'calls': [call_truth(call) for call in calls],
            'gre_flows': [flow for flow in flows if flow['version'] == 1],
        },
        'gre': {'flows': flows, 'tshark_differs_in_frames': unseen},
    }


def show(truth):
    for message in truth['pptp']['messages']:
        ids = ' '.join(str(message[name]) for name in ('call_id', 'peer_call_id', 'result') if message[name] is not None)
        print(f'  {message["frame"]:4} {message["direction"]:14} {message["type"]:5} {message["type_name"]:32} {ids:14} '
              f'{message["expected"]:12} {message["seen_by"]}{" after-gap" if message["after_gap"] else ""}')
    for number, call in enumerate(truth['pptp']['calls']):
        print('  call {}: {direction} by the {requested_by}, ids {client_call_id} {server_call_id}, result {result}, up {up_frame}, '
              'end {end_frame}: {expected}'.format(number, **call))
    for flow in truth['gre']['flows']:
        print('  gre {src} > {dst} v{version} key {key} call id {call_id}: {packets} packets in {first_frame}-{last_frame}, '
              'call {call}: {expected}'.format(**flow))
    for frame in truth['gre']['tshark_differs_in_frames']:
        print(f'  {frame:4} tshark reads another GRE header')
