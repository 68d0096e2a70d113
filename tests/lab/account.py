"""What a gateway let in and why, and what it kept out, told for people from its events (doc/events.md)."""
import json

KEPT_OUT = {'policy': 'no rule lets it in, and nobody announced it', 'nat-unasked': 'lent to another conversation'}


def read(text):
    """The events in lines of JSON. The last line may be half a one: the writer was stopped."""
    events = []
    for line in text.splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:
            break
    return events


def place(address, port):
    if address is None:
        return 'anywhere'
    if port is None:
        return address
    return f'[{address}]:{port}' if ':' in address else f'{address}:{port}'


def ends(proto, one):
    """Where a packet of this direction goes: ports, or the call id of GRE."""
    if proto == 'gre':
        return f'{one["src"]} -> {one["dst"]} call {one.get("key", "?")}'
    return f'{place(one["src"], one.get("sport"))} -> {place(one["dst"], one.get("dport"))}'


def reason(announce):
    """An announcement in words."""
    if announce['proto'] == 'gre':
        public = announce.get('public_call_id', announce['call_id'])
        words = f'{announce["kind"]} with call id {announce["call_id"]}'
        return words + (f', outside {public}' if public != announce['call_id'] else '')
    words = f'{announce["kind"]} {place(announce["addr"], announce.get("port"))}'
    if 'public_addr' in announce or 'public_port' in announce:
        public = place(announce.get('public_addr', announce['addr']), announce.get('public_port', announce.get('port')))
        words += f', outside {public}'
    return words


def account(events):
    """Lines: connections that an announcement let in, with it; announcements refused; GRE that ended with its call; packets that had
    no leave to come in (a capture has none of these: nobody refused them)."""
    lines, last, why, gre = [], {}, {}, {}
    for event in events:
        kind = event['event']
        if kind == 'announce':
            if event['accepted']:
                last[event['conn']] = event
            else:
                lines.append(f'refused  {reason(event)}, of connection {event["conn"]}: {event["text"]}')
        elif kind == 'expect_new' and event['master'] in last:
            why[event['expect']] = last[event['master']]
        elif kind == 'conn_new' and 'master' in event:
            announced = why.get(event.get('expect'))
            words = reason(announced) if announced else 'an announcement before this account began'
            lines.append(f'let in   {event["proto"]} {ends(event["proto"], event["orig"])}')
            lines.append(f'         because of {words} on connection {event["master"]}')
            if event['proto'] == 'gre':
                gre[event['conn']] = event
        elif kind == 'invalid' and event['reason'] in KEPT_OUT:
            lines.append(f'kept out {event["proto"]} {ends(event["proto"], event)}: {KEPT_OUT[event["reason"]]}')
        elif kind == 'conn_destroy' and event['conn'] in gre and event['reason'] == 'master_gone':
            lines.append(f'closed   gre {ends("gre", event["orig"])}: its call ended')
    return lines
