"""Compares what `usher replay --json` says of PPTP and GRE with what is true of them. Pure functions: [] is good (see compare.py).

What the truth leaves out (`expected`, `certain`: the shared folder's) follows from the rest: a call stands if its result is 1,
from its reply or its Incoming-Call-Connected on; GRE belongs to the call of its flow, or to none.
"""
from collections import Counter, defaultdict

import compare
from compare import end, place

CODES = ['start-session-request', 'start-session-reply', 'stop-session-request', 'stop-session-reply', 'echo-request', 'echo-reply',
         'out-call-request', 'out-call-reply', 'in-call-request', 'in-call-reply', 'in-call-connect', 'call-clear-request',
         'call-disconnect-notify', 'wan-error-notify', 'set-link-info']
UNKNOWN = 'unknown-type'
WITH_RESULT = (2, 4, 6, 8, 10, 13)
CONNECTED = 1


class Capture:
    """The truth's sessions and calls, and the program's connections."""

    def __init__(self, truth, events):
        self.connections = compare.Connections(events)
        self.pptp = truth.get('pptp', {})
        self.controls = {control['stream']: control for control in self.pptp.get('control', [])}
        self.calls = self.pptp.get('calls', [])
        self.flows = truth.get('gre', {}).get('flows') or self.pptp.get('gre_flows', [])

    def control(self, stream):
        """The connection's number in the program's output, or None."""
        control = self.controls[stream]
        found = self.connections.between(end(control['client']), end(control['server']), control['first_frame'])
        return found and found['conn']

    def up_frame(self, call):
        """When it is answered; None: it never is."""
        if 'up_frame' in call:
            return call['up_frame']
        if call['result'] != CONNECTED:
            return None
        return call['connected_frame'] if call['direction'] == 'incoming' else call['reply_frame']

    def expected(self, call):
        """'accepted', 'maybe' or 'nothing'."""
        return call.get('expected', 'nothing' if self.up_frame(call) is None else 'accepted')


def ids_of(item):
    return item.get('call_id'), item.get('peer_call_id')


def message_key(capture, message):
    """Which session's, and what it says."""
    master = capture.control(message['stream'])
    if message.get('expected') == UNKNOWN or not 1 <= message['type'] <= len(CODES):
        return master, UNKNOWN, None, (None, None), None
    result = message['result'] if message['type'] in WITH_RESULT else None
    return master, CODES[message['type'] - 1], message['direction'].split('-')[0], ids_of(message), result


def note_key(note):
    if note['code'] == UNKNOWN:
        return note['conn'], UNKNOWN, None, (None, None), None
    fields = note.get('fields', {})
    result = fields.get('result') if CODES.index(note['code']) + 1 in WITH_RESULT else None
    return note['conn'], note['code'], note.get('side'), ids_of(fields), result


def messages(truth, events):
    """Each control message in its frame, by its code, with its side, ids and result; nothing else. One that follows a hole may come
    when the hole is known to be one."""
    capture, complaints = Capture(truth, events), []
    told = Counter((event['frame'], note_key(event)) for event in events
                   if event['event'] == 'note' and event['helper'] == 'pptp' and event['code'] in (*CODES, UNKNOWN))
    late = []
    for message in capture.pptp.get('messages', []):
        if message['retransmission'] or message.get('expected') == 'unread':
            continue
        key = message['frame'], message_key(capture, message)
        if told[key]:
            told[key] -= 1
        elif message.get('after_gap'):
            late.append(key)
        else:
            complaints.append(f'frame {key[0]}: {message["type_name"]} is not told: {key[1]}')
    for frame, key in late:
        found = min((there for there, same in +told if same == key and there >= frame), default=None)
        if found is None:
            complaints.append(f'frame {frame}: the message after a hole is not told: {key}')
        else:
            told[found, key] -= 1
    return complaints + [f'frame {frame}: {key} is told, but is not there' for frame, key in sorted(+told, key=str)]


def described(call):
    return f'{call["direction"]} call {call["client_call_id"]} {call["server_call_id"]}'


def announce_key(event):
    return event['frame'], event['conn'], event['kind'], event.get('call_id'), event.get('peer_call_id')


def calls(truth, events):
    """Each call that stands is announced as accepted where it is answered, once, and expected; no other one is."""
    capture, complaints = Capture(truth, events), []
    told = [event for event in events if event['event'] == 'announce' and event['helper'] == 'pptp']
    accepted = {}
    for event in told:
        if not event['accepted']:
            complaints += [] if event.get('code') else [f'frame {event["frame"]}: a call is refused without a code']
        elif announce_key(event) in accepted:
            complaints.append(f'frame {event["frame"]}: {announce_key(event)} is announced twice')
        else:
            accepted[announce_key(event)] = event
    left = dict(accepted)
    for call in capture.calls:
        want, frame = capture.expected(call), capture.up_frame(call)
        if want == 'nothing':
            continue
        key = frame, capture.control(call['stream']), f'{call["direction"]}-call', call['client_call_id'], call['server_call_id']
        event = left.pop(key, None)
        if event is None and want == 'accepted':
            complaints.append(f'frame {frame}: {described(call)} is not announced')
        elif event and (event.get('certain', True) is False) != is_uncertain(capture, call):
            complaints.append(f'frame {frame}: {described(call)} is certain, or is not, and should be otherwise')
    complaints += [f'frame {key[0]}: {key[2:]} is announced, but is not there' for key in left]
    return complaints + expectations(accepted, events)


def is_uncertain(capture, call):
    """The control connection was picked up in the middle, or the request is not there."""
    return not call.get('certain', True) or call['request_frame'] is None or capture.controls[call['stream']]['syn_frame'] is None


def expectations(accepted, events):
    """One comes of each accepted announcement, in its frame."""
    announced = Counter(key[:2] for key in accepted)
    made = Counter((event['frame'], event['master']) for event in events
                   if event['event'] == 'expect_new' and event['helper'] == 'pptp' and not event.get('refreshed'))
    complaints = [f'frame {frame}: GRE is expected without an accepted call' for frame, _ in made - announced]
    return complaints + [f'frame {frame}: a call is accepted, but nothing is expected' for frame, _ in announced - made]


class Range:
    """How many packets there should be: `least` to `most`."""

    def __init__(self):
        self.least = self.most = 0

    def add(self, packets, certain=True):
        self.least += packets if certain else 0
        self.most += packets

    def holds(self, packets):
        return self.least <= packets <= self.most

    def __str__(self):
        return str(self.most) if self.least == self.most else f'{self.least} to {self.most}'


def flow_key(version, src, dst, key):
    """Version 0 with key 0, or without one, and version 1 with call id 0 look the same in the output."""
    return version if key else None, place(src, key), place(dst, None)


def damaged_frames(truth, events):
    """Where the IP header is damaged, as the program says and the truth's count of wrong checksums allows: such a packet belongs to
    nothing, though the truth counts it."""
    if not truth['capture'].get('bad_checksum_frames'):
        return []
    return [event['frame'] for event in events if event['event'] == 'invalid' and event['reason'] in ('ip-header', 'ip-checksum')]


def wanted(capture, damaged):
    """({(call, flow): Range}, {flow: Range}): what belongs to calls, and what does not."""
    children, strangers = defaultdict(Range), defaultdict(Range)
    for flow in capture.flows:
        key = int(flow['key'], 0) if flow['key'] else flow['call_id'] or 0
        name = flow_key(flow['version'], flow['src'], flow['dst'], key)
        call = flow.get('call')
        stands = call is not None and capture.expected(capture.calls[call]) != 'nothing'
        kind = flow.get('expected') or ('child' if stands else 'stranger')
        if kind == 'child' and 'expected' not in flow and not is_within(capture, capture.calls[call], flow):
            kind = 'maybe'
        for wrong, found in (('stranger', children[call, name]), ('child', strangers[name])):
            if kind != wrong:
                found.add(flow['packets'], kind != 'maybe')
                found.least -= sum(flow['first_frame'] <= frame <= flow['last_frame'] for frame in damaged)
    return children, strangers


def is_within(capture, call, flow):
    """Where the truth has one flow for all packets of an id: all of them are sure to belong to the call?"""
    ends = [call.get(name) for name in ('disconnect_frame', 'disconnect_frame_by_the_receivers_call_id')]
    return flow['first_frame'] > capture.up_frame(call) and all(frame is None or frame > flow['last_frame'] for frame in ends)


def packets_of(event, events):
    """[(source, destination, key, packets)] of a connection, for each direction in which there were any."""
    gone = next((other for other in events if other['event'] == 'conn_destroy' and other['conn'] == event['conn']), event)
    sides = [side for side in (gone['orig'], gone['reply']) if side.get('packets')]
    return [(side['src'], side['dst'], side['key'], side['packets']) for side in sides]


def version_of(event):
    """Of GRE, from how its keys are kept: one for both directions is version 0's, one by direction an enhanced one's."""
    return 0 if 'master' not in event and event['orig']['key'] == event['reply']['key'] else 1


def call_of(capture, event):
    """The call whose GRE this is by its master and both its ids: its number, or None."""
    found = None
    for number, call in enumerate(capture.calls):
        control, frame = capture.controls[call['stream']], capture.up_frame(call)
        ends = {place(control[side]['addr'], call[f'{side}_call_id']) for side in ('client', 'server')}
        told = {place(event[side]['dst'], event[side]['key']) for side in ('orig', 'reply')}
        if frame and frame < event['frame'] and ends == told and event['master'] == capture.control(call['stream']):
            found = number
    return found


def tunnels(truth, events):
    """Each GRE packet in a connection of its call, with that call's master; every other one in a connection without a master."""
    capture, complaints = Capture(truth, events), []
    children, strangers = Counter(), Counter()
    for event in events:
        if event['event'] != 'conn_new' or event['proto'] != 'gre':
            continue
        call = call_of(capture, event) if 'master' in event else None
        if 'master' in event and call is None:
            complaints.append(f'frame {event["frame"]}: GRE has master {event["master"]}, which has no such call: {event["orig"]}')
        for src, dst, key, packets in packets_of(event, events):
            name = flow_key(version_of(event), src, dst, key)
            if call is None:
                strangers[name] += packets
            else:
                children[call, name] += packets
    wanted_children, wanted_strangers = wanted(capture, damaged_frames(truth, events))
    for name in sorted({*children, *wanted_children}, key=str):
        if not wanted_children[name].holds(children[name]):
            complaints.append(f'{described(capture.calls[name[0]])}, GRE {shown(name[1])}: {wanted_children[name]} packets, '
                              f'not {children[name]}')
    for name in sorted({*strangers, *wanted_strangers}, key=str):
        if not wanted_strangers[name].holds(strangers[name]):
            complaints.append(f'GRE of no call {shown(name)}: {wanted_strangers[name]} packets, not {strangers[name]}')
    return complaints


def shown(name):
    version, (src, key), (dst, _) = name
    return f'{src} to {dst} key {key}' + ('' if version is None else f' version {version}')
