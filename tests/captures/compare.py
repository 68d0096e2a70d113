"""Compares what `usher replay --json` says of a capture with what is true of it.

Pure functions: each returns complaints, [] is good.

`truth` is a NAME.truth.json: the project's own (doc/captures.md) or one of the shared folder, whose fields are the same and more.
`events` are the objects of the output, in order.
"""
import ipaddress
from collections import Counter

RESERVED_BELOW = 1024
EVENTS = {'conn_new', 'conn_update', 'conn_destroy', 'announce', 'expect_new', 'expect_hit', 'expect_gone', 'note', 'invalid',
          'summary'}
CLOSED = ('unread', 'nothing')  # expected: no announce event at all


def place(addr, port):
    """An endpoint, however its address is written."""
    return ipaddress.ip_address(addr), port


def end(endpoint):
    return place(endpoint['addr'], endpoint['port'])


def ends_of(tuple_):
    return place(tuple_['src'], tuple_['sport']), place(tuple_['dst'], tuple_['dport'])


def named(found):
    return f'frame {found["frame"]}: {found["kind"]} {found["addr"]} port {found["port"]}'


class Connections:
    """The TCP connections that the program tells of."""

    def __init__(self, events):
        self.new = [event for event in events if event['event'] == 'conn_new' and event['proto'] == 'tcp']

    def between(self, one, other, frame):
        """The latest one that began by this frame; None: there is none."""
        found = None
        for event in self.new:
            if event['frame'] <= frame and set(ends_of(event['orig'])) == {one, other}:
                found = event
        return found

    def children(self):
        """By frame: those of FTP control connections, or of no connection that was told of."""
        helpers = {event['conn']: event.get('helper') for event in self.new}
        return {event['frame']: event for event in self.new if 'master' in event and helpers.get(event['master'], 'ftp') == 'ftp'}


class Capture:
    """The truth's announcements, as far as the program has to know them."""

    def __init__(self, truth, events):
        self.connections = Connections(events)
        self.tunnelled = truth['capture'].get('tunnelled_frames', 0)
        ftp = truth.get('ftp', {})
        self.controls = {control['stream']: control for control in ftp.get('control', [])}
        hidden = {stream for stream, control in self.controls.items() if self.is_hidden(control)}
        self.announcements = [found for found in ftp.get('announcements', []) if found['stream'] not in hidden]

    def is_hidden(self, control):
        """Inside a tunnel: the program sees the outer connection only."""
        seen = self.connections.between(end(control['client']), end(control['server']), control['first_frame'])
        return seen is None and self.tunnelled >= control['packets']

    def master(self, found):
        return self.connections.between(end(found['announcer']), end(found['other']), found['frame'])

    def is_picked_up(self, found):
        return self.controls[found['stream']]['syn_frame'] is None


def expected(found):
    """What the project's rules make of a true announcement: 'accepted', a code of refusal, 'refused' (any code), 'unread' or
    'nothing' (no event), 'not-accepted' (refused or unread), 'maybe' (after a hole in the stream: accepted or unread)."""
    if 'expected' in found:
        return found['expected']
    if not found['parsed']:
        return 'nothing'
    if found['after_tls']:
        return 'unread'
    if found['foreign_address']:
        return 'third-party-address'
    if found['port'] < RESERVED_BELOW:
        return 'refused'
    if found['kind'] in ('PASV', 'EPSV') and found['in_reply_to'] != found['kind']:
        return 'refused'
    return 'accepted'


def judge(want, event):
    """Does an announce event, or None for none, fit?"""
    if event is None:
        return want in (*CLOSED, 'not-accepted', 'maybe')
    if want in ('accepted', 'maybe'):
        return event['accepted'] is True
    if want in CLOSED or event['accepted'] is not False or not event.get('code'):
        return False
    return want in ('refused', 'not-accepted', event['code'])


def short(event):
    if event is None:
        return 'no announcement'
    return 'accepted' if event['accepted'] else f'refused: {event.get("code")}'


def announcements(truth, events):
    """Each one that is true, and nothing else: same frame, kind, address and port, accepted or refused as it should be."""
    capture, complaints = Capture(truth, events), []
    told = [event for event in events if event['event'] == 'announce' and event['helper'] == 'ftp']

    def key(item):
        return item['frame'], item['kind'], place(item['addr'], item['port'])

    for identity, count in Counter(map(key, told)).items():
        if count > 1:
            complaints.append(f'frame {identity[0]}: {identity[1]} is told {count} times')
    left = {key(event): event for event in told}
    for found in capture.announcements:
        event = left.pop(key(found), None) if found['parsed'] else None
        want = expected(found)
        if not judge(want, event):
            complaints.append(f'{named(found)} should be {want}, is {short(event)}')
        elif event:
            master = capture.master(found)
            if master is None or master['conn'] != event['conn']:
                complaints.append(f'{named(found)} is not told of the control connection')
            if event['accepted'] and capture.is_picked_up(found) and event.get('certain') is not False:
                complaints.append(f'{named(found)} is not marked as uncertain')
    complaints += [f'{named(event)} is told ({short(event)}), but is not there' for event in left.values()]
    return complaints + expectations(told, events)


def expectations(told, events):
    """An expectation comes of an accepted announcement in the same frame, and of nothing else."""
    accepted = {(event['frame'], event['conn'], place(event['addr'], event['port'])) for event in told if event['accepted']}
    made = {(event['frame'], event['master'], place(event['dst'], event['dport']))
            for event in events if event['event'] == 'expect_new' and event['helper'] == 'ftp'}
    complaints = [f'frame {frame}: expectation of {where} port {port} without an accepted announcement'
                  for frame, _, (where, port) in sorted(made - accepted)]
    return complaints + [f'frame {frame}: {where} port {port} is accepted, but nothing is expected'
                         for frame, _, (where, port) in sorted(accepted - made)]


def data_connections(truth, events):
    """Each announced connection has the control connection as its master, and no other connection has one."""
    capture, complaints = Capture(truth, events), []
    children = capture.connections.children()
    for found in capture.announcements:
        syn, want = found['syn'], expected(found)
        if not syn or not syn['from_other_end'] or want not in ('accepted', 'maybe'):
            continue
        where = f'frame {syn["frame"]}: {syn["src"]} port {syn["sport"]} to {syn["dst"]} port {syn["dport"]}'
        child, master = children.pop(syn['frame'], None), capture.master(found)
        if child is None:
            if want == 'accepted':
                complaints.append(f'{where} has no master, but was announced in frame {found["frame"]}')
        elif ends_of(child['orig']) != (place(syn['src'], syn['sport']), place(syn['dst'], syn['dport'])):
            complaints.append(f'{where}: a connection of other endpoints begins there')
        elif master is None or child['master'] != master['conn']:
            complaints.append(f'{where} has master {child["master"]}, not the connection that announced it')
    return complaints + [f'frame {frame}: {child["orig"]} has a master, but was not announced' for frame, child in children.items()]


def output(truth, events):
    """Known events, frames that exist, a summary at the end, which accounts for every frame."""
    capture, complaints = truth['capture'], []
    unknown = sorted({event.get('event', 'nothing') for event in events} - EVENTS)
    if unknown:
        complaints.append(f'unknown events: {" ".join(unknown)}')
    outside = [event for event in events if not 1 <= event.get('frame', 1) <= capture['packets']]
    if outside:
        complaints.append(f'no such frame: {outside[0]}')
    if [event['event'] for event in events].count('summary') != 1 or events[-1]['event'] != 'summary':
        return complaints + ['the summary is missing, or not the last line']
    summary = events[-1]
    if summary['frames'] != capture['packets']:
        complaints.append(f'the summary counts {summary["frames"]} frames of {capture["packets"]}')
    if summary['frames'] != summary['packets'] + summary['not_ip'] + summary['unreadable']:
        complaints.append('the summary loses frames: {frames} != {packets} + {not_ip} + {unreadable}'.format(**summary))
    born = sum(event['event'] == 'conn_new' for event in events)
    gone = sum(event['event'] == 'conn_destroy' for event in events)
    if not summary['connections'] == born == gone:
        complaints.append(f'{summary["connections"]} connections in the summary, {born} begin, {gone} end')
    for name in ('first', 'last'):
        if name in capture and str(summary[name]) != capture[name]:
            complaints.append(f'{name} frame at {summary[name]}, not at {capture[name]}')
    return complaints
