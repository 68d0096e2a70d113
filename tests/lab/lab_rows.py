"""How rows of dialogues are played: through a live gateway of usher's, or of the kernel's with the same rules; as TAP or recorded.

A row is data with a `name` and the `nats` it is played under. A test says how one is played, which raises Wrong or returns what
came of it, and calls main(). From inside only new control connections are let out: all else passes because of them, or not at all.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from gateway_net import CLIENT, Gateway, Net, end_tidily, run
from lab_cases import reset, why_not

NATS = ('masquerade', 'forward', 'none', 'none, IPv6')
TRANSLATED = ('masquerade', 'forward')
GAP = 0.012  # between what shall be two segments
CUT = 'the stream is cut or changed'

KERNEL = '''
table ip nat {
    chain pre { type nat hook prerouting priority -100; FORWARD }
    chain post { type nat hook postrouting priority 100; MASQUERADE }
}
table FAMILY filter {
    ct helper reader { type "HELPER" protocol tcp; l3proto FAMILY; }
    chain helpers { type filter hook prerouting priority 0; tcp dport PORT ct helper set "reader"; }
    chain forward {
        type filter hook forward priority 0; policy drop;
        ct state established,related accept
        iifname { "gi", "gj" } tcp dport PORT accept
        tcp dport PORT ct status dnat accept
    }
}
'''

USHER = '''
interfaces: { gi: inside, gj: inside, go: outside }
policy: { inside: drop, outside: drop }
rules:
  - { from: inside, to: outside, protocol: tcp, ports: PORT, action: accept }
helpers: { HELPER: PORT }
'''


class Wrong(Exception):
    """The row did not end as it must: in words that are the same in each run, and what was seen in this one."""

    def __init__(self, why, detail=''):
        super().__init__(why)
        self.why, self.detail = why, detail


class Protocol:
    """What is played: a helper, and the port of its control connections."""

    def __init__(self, helper, port):
        self.helper, self.port = helper, port

    def filled(self, text):
        return text.replace('HELPER', self.helper).replace('PORT', str(self.port))


class Kernel:
    """The kernel's own forwarding, with its helper."""

    def __init__(self, net, nat, protocol):
        self.net = net
        forward = f'iifname "go" tcp dport PORT dnat to {CLIENT};' if nat == 'forward' else ''
        masquerade = 'oifname "go" masquerade;' if nat in TRANSLATED else ''
        rules = KERNEL.replace('FORWARD', forward).replace('MASQUERADE', masquerade)
        self.rules = protocol.filled(rules.replace('FAMILY', 'ip6' if nat == 'none, IPv6' else 'ip'))

    def __enter__(self):
        self.net.sysctl('gateway', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
        run('ip', 'netns', 'exec', self.net.names['gateway'], 'nft', '-f', '-', input=self.rules.encode())
        return self

    def __exit__(self, *_):
        self.net.unclosed()
        self.net.sysctl('gateway', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0')

    def flush(self):
        """All connections and expectations are forgotten."""
        status, said = self.net.do('gateway', 'conntrack', '-F')
        if status:
            raise RuntimeError(f'conntrack -F: {said.decode()}')


class Usher(Gateway):
    def __init__(self, net, nat, protocol):
        self.file = Path(tempfile.gettempdir(), f'{net.names["gateway"]}.yaml')
        forward = f'  forwards: [{{ protocol: tcp, port: PORT, to: {CLIENT} }}]\n' if nat == 'forward' else ''
        translation = f'nat:\n  masquerade: [ipv4]\n{forward}' if nat in TRANSLATED else ''
        self.file.write_text(protocol.filled(USHER + translation))
        super().__init__(net, '-c', self.file)

    def __exit__(self, *how):
        super().__exit__(*how)
        self.file.unlink(missing_ok=True)

    def flush(self):
        run(os.environ['USHER'], 'flush', '--socket', self.socket, stdout=subprocess.DEVNULL)


THROUGH = {'usher': Usher, 'kernel': Kernel}


class Teller:
    """Tells what came of each row, as TAP or as JSON."""

    def __init__(self, through, record):
        self.through, self.record, self.number, self.failed = through, record, 0, 0

    def tell(self, row, nat, right, why, detail):
        self.number += 1
        self.failed += not right
        if self.record:
            said = json.dumps({'row': row.name, 'nat': nat, 'through': self.through, 'right': right, 'why': why})
        else:
            said = f'{"ok" if right else "not ok"} {self.number} - {row.name}, {nat}: {why}{": " if detail else ""}{detail}'
        print(said, flush=True)

    def row(self, play, net, gateway, row, nat):
        try:
            self.tell(row, nat, True, play(net, gateway, row, nat), '')
        except Wrong as wrong:
            self.tell(row, nat, False, wrong.why, wrong.detail)
        except (OSError, EOFError) as error:
            self.tell(row, nat, False, CUT, f'{type(error).__name__}: {error}')


def main(protocol, rows, play, prepare=lambda net: None):
    """play(net, gateway, row, nat): what came of it; prepare(net), before anything is played."""
    words = sys.argv[1:]
    through, record = 'usher', words[:1] == ['--record']
    if record:
        through, words = words[1], words[2:]
    end_tidily()
    if reason := why_not('nft', *(['conntrack'] if through == 'kernel' else [])):
        print(f'1..0 # SKIP the gateway cannot be tried here: {reason}')
        return
    chosen = [(nat, row) for nat in NATS for row in rows if nat in row.nats and all(word in row.name for word in words)]
    if not record:
        print(f'1..{len(chosen)}', flush=True)
    teller = Teller(through, record)
    with Net('client', 'other', 'server') as net:
        prepare(net)
        for nat in dict.fromkeys(nat for nat, _ in chosen):
            reset(net)
            with THROUGH[through](net, nat, protocol) as gateway:
                for row in [row for its_nat, row in chosen if its_nat == nat]:
                    if through == 'kernel':
                        gateway.flush()  # else what one row leaves behind lets another's packets pass
                    teller.row(play, net, gateway, row, nat)
    sys.exit(teller.failed > 0 and not record)
