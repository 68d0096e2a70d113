"""The lab's matrix: one file of 1 MB, fetched by every FTP client from every FTP server in every way, through usher or the kernel.

Servers and clients stand at both sides: with NAT `forward` the server is inside, else outside. Both gateways have the same rules:
from inside everything may begin, from outside only what is forwarded, or what a helper let in. Namespaces and servers last for as
long as the Lab, the gateway until a case wants another one.
"""
import contextlib
import itertools
import os
import re
import socket
import subprocess
import time

from gateway_net import OUTSIDE, OUTSIDE6, Gateway, Net, Wire, header
from lab_servers import CONTENT, Servers, bracketed

ACCOUNTS = {'vsftpd': ('anonymous', 'guest@'), 'pure-ftpd': ('guest', 'guest'), 'proftpd': ('guest', 'guest'),
            'pyftpdlib': ('anonymous', 'guest@')}
SERVERS = tuple(ACCOUNTS)
CLIENTS = ('curl', 'lftp', 'ncftp', 'tnftp')
MODES = ('PASV', 'EPSV', 'PORT', 'EPRT')
FAMILIES = ('ipv4', 'ipv6')
NATS = ('none', 'masquerade', 'forward')
GATEWAYS = ('usher', 'kernel')
WORDS = {'server': SERVERS, 'client': CLIENTS, 'mode': MODES, 'family': FAMILIES, 'nat': NATS}
PATIENCE = 5  # seconds that a client waits for something to happen
LONGEST = 12  # and after which it is stopped
ANNOUNCING = re.compile(rb'^(PORT|EPRT|PASV|EPSV|LPRT|LPSV)\b', re.M | re.I)
LFTP = ('set net:max-retries 1; set net:timeout {patience}; set cmd:move-background no; set ftp:fix-pasv-address no; '
        'set ssl:verify-certificate no; ')
FIRST_HOST = 2  # the last number of the first server's address
SO_RCVBUFFORCE = 33

# The same rules for the kernel's conntrack, NAT and FTP helper.
KERNEL = '''
table inet lab {{
    ct helper ftp {{ type "ftp" protocol tcp; }}
    chain helped {{ type filter hook prerouting priority filter; tcp dport 21 ct helper set "ftp"; }}
    chain forward {{
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "gi" oifname "go" ct state new accept
        ct status dnat accept
    }}
    {forward}
    {masquerade}
}}
'''
KERNEL_FORWARD = '''chain in {{
        type nat hook prerouting priority dstnat
        iifname "go" meta nfproto ipv4 tcp dport 21 dnat ip to {}
        iifname "go" meta nfproto ipv6 tcp dport 21 dnat ip6 to {}
    }}'''
KERNEL_MASQUERADE = 'chain out { type nat hook postrouting priority srcnat; oifname "go" masquerade; }'


def why_never(case):
    """Why this case does not exist, or None."""
    client, mode, ipv6 = case['client'], case['mode'], case['family'] == 'ipv6'
    if ipv6 and mode in ('PASV', 'PORT'):
        return 'PASV and PORT have IPv4 addresses (RFC 959)'
    if client == 'ncftp' and ipv6:
        return 'ncftp knows no IPv6'
    if client == 'ncftp' and mode in ('EPSV', 'EPRT'):
        return 'ncftp knows no EPSV and EPRT'
    if client == 'lftp' and mode == 'EPRT' and not ipv6:
        return 'lftp says EPRT over IPv6 only'
    if not case['tls']:
        return None
    if client in ('ncftp', 'tnftp'):
        return f'{client} knows no TLS'
    if client == 'curl' and mode in ('PORT', 'EPRT'):
        return 'curl and the servers each wait for the other to begin TLS on an active transfer'
    if client == 'curl' and case['server'] == 'pyftpdlib':
        return 'curl and pyftpdlib do not get on with TLS'
    return None


def cases(tls=(False, True), **wanted):
    """All there are, in an order in which the gateway changes seldom. wanted: only these, as server='vsftpd'."""
    lists = {name: [wanted[name]] if wanted.get(name) else words for name, words in WORDS.items()}
    return [dict(server=server, client=client, mode=mode, family=family, nat=nat, tls=dark)
            for nat, server, dark, client, family, mode in itertools.product(
                lists['nat'], lists['server'], tls, lists['client'], lists['family'], lists['mode'])]


class Clients:
    """What each client is told, to fetch `big` in the way of the case: the command, and a file if it writes no standard output."""

    def __init__(self, folder):
        self.folder = folder
        self.got = folder / 'got'
        # Nobody's own settings; there is no name server, and ncftp asks one.
        self.environment = {**os.environ, 'HOME': str(folder), 'RES_OPTIONS': 'timeout:1 attempts:1'}

    def curl(self, case, address, account):
        words = ['curl', '-q', '-gsS', '-k', '-m', PATIENCE, '--no-ftp-skip-pasv-ip', '-u', ':'.join(account)]
        words += {'PASV': ['--disable-epsv'], 'EPSV': [], 'PORT': ['-P', '-', '--disable-eprt'], 'EPRT': ['-P', '-']}[case['mode']]
        words += ['--ssl-reqd', '--no-sessionid'] if case['tls'] else []
        return [*words, f'ftp://{bracketed(address)}/big']

    def lftp(self, case, address, account):
        settings = LFTP.format(patience=PATIENCE)
        settings += f'set ftp:passive-mode {"on" if case["mode"] in ("PASV", "EPSV") else "off"}; '
        settings += f'set ftp:prefer-epsv {"yes" if case["mode"] == "EPSV" else "no"}; '
        settings += f'set ftp:ssl-allow {"yes" if case["tls"] else "no"}; '
        settings += 'set ftp:ssl-force yes; set ftp:ssl-protect-data yes; ' if case['tls'] else ''
        return ['lftp', '--norc', '-u', ','.join(account), '-e', f'{settings}cat big; bye', f'ftp://{bracketed(address)}']

    def ncftp(self, case, address, account):
        way = '-F' if case['mode'] == 'PASV' else '-E'
        return ['ncftpget', '-c', '-V', way, '-r', 1, '-t', PATIENCE, '-u', account[0], '-p', account[1], f'ftp://{address}/big']

    def tnftp(self, case, address, account):
        extended = 'on' if case['mode'] in ('EPSV', 'EPRT') else 'off'
        script = self.folder / 'script'
        script.write_text(f'user {" ".join(account)}\nepsv4 {extended}\nepsv6 {extended}\nbinary\nget big {self.got}\nbye\n')
        way = '-p' if case['mode'] in ('PASV', 'EPSV') else '-A'
        return ['sh', '-c', 'exec tnftp "$@" <"$0"', script, '-n', way, address]


class Lab:
    """Use: with Lab('usher') as lab: print(lab.run(case))"""

    def __init__(self, gateway='usher'):
        self.gateway_name, self.gateway, self.setting = gateway, None, None
        self.started = {}
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.net = stack.enter_context(Net('client', 'server'))
            self.servers = stack.enter_context(Servers(self.net, 'more-servers'))
            stack.callback(self.end_gateway)
            self.clients = Clients(self.servers.folder)
            for host in ('client', 'server'):
                for server in SERVERS[1:]:
                    for family, length in (('ipv4', 24), ('ipv6', 64)):
                        self.net.ip(host, 'addr', 'add', f'{self.address(host, server, family)}/{length}', 'dev', 'eth0',
                                    *(['nodad'] if length == 64 else []))
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    @staticmethod
    def address(host, server, family):
        number = FIRST_HOST + SERVERS.index(server)
        prefix = {('client', 'ipv4'): '10.0.0.', ('client', 'ipv6'): '2001:db8:1::', ('server', 'ipv4'): '198.51.100.',
                  ('server', 'ipv6'): '2001:db8:2::'}[host, family]
        return f'{prefix}{number}'

    def serve(self, host, server, address):
        """That the server runs at this address."""
        if address not in self.started:
            start = {'vsftpd': self.servers.vsftpd_tls, 'pure-ftpd': self.servers.pure_ftpd, 'proftpd': self.servers.proftpd,
                     'pyftpdlib': self.servers.pyftpdlib}[server]
            self.started[address] = start(host, address)

    def end_gateway(self):
        if self.gateway:
            self.gateway.__exit__()
            self.gateway = None

    def set_gateway(self, nat, inside):
        """That the gateway translates so; `inside` are the addresses behind the forward."""
        if self.setting == (nat, inside):
            return
        self.end_gateway()
        self.setting = nat, inside
        self.net.unclosed()
        for port in ('gi', 'go'):
            self.net.do('gateway', 'tc', 'qdisc', 'del', 'dev', port, 'clsact')
        # Behind NAT the outside knows no way to the inside: what is not translated has no answer.
        for family, hop in ((('-4',), OUTSIDE), (('-6',), OUTSIDE6)):
            self.net.do('server', 'ip', *family, 'route', 'del', 'default')
            if nat == 'none':
                self.net.ip('server', *family, 'route', 'add', 'default', 'via', hop)
        if self.gateway_name == 'kernel':
            self.kernel(nat, inside)
            return
        options = [] if nat == 'none' else ['--masquerade', '--masquerade6']
        if nat == 'forward':
            options += ['--forward', f'tcp:21={inside[0]}', '--forward', f'tcp:21=[{inside[1]}]']
        self.gateway = Gateway(self.net, '--inside', 'gi', '--outside', 'go', *options)
        self.net.closed()

    def kernel(self, nat, inside):
        rules = KERNEL.format(forward=KERNEL_FORWARD.format(*inside) if nat == 'forward' else '',
                              masquerade=KERNEL_MASQUERADE if nat != 'none' else '')
        self.net.sysctl('gateway', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
        with self.net.inside('gateway'):
            subprocess.run(['nft', '-f', '-'], input=rules, text=True, check=True)

    def matched(self):
        return self.gateway.counters().get('matched', 0) if self.gateway else None

    def fetch(self, host, case, address):
        """Did the file come as it is?"""
        words = getattr(self.clients, case['client'])(case, address, ACCOUNTS[case['server']])
        self.clients.got.unlink(missing_ok=True)
        try:
            output = self.net.do(host, *words, timeout=LONGEST, env=self.clients.environment)[1]
        except subprocess.TimeoutExpired:
            return False
        return CONTENT == (self.clients.got.read_bytes() if self.clients.got.exists() else output)

    def run(self, case):
        """The case, with its result: `works`; `other way`, the client went over to another command; `fails`; `not applicable`."""
        result = {'gateway': self.gateway_name, **case}
        reason = why_never(case)
        if reason:
            return {**result, 'result': 'not applicable', 'why': reason}
        host, other = ('client', 'server') if case['nat'] == 'forward' else ('server', 'client')
        address = self.address(host, case['server'], case['family'])
        self.serve(host, case['server'], address)
        inside = tuple(self.address('client', case['server'], family) for family in FAMILIES) if case['nat'] == 'forward' else None
        self.set_gateway(case['nat'], inside)
        public = {'ipv4': OUTSIDE, 'ipv6': OUTSIDE6}[case['family']] if case['nat'] == 'forward' else address
        with Wire(self.net, host) as wire:
            wire.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
            before, began = self.matched(), time.monotonic()
            came = self.fetch(other, case, public)
            seconds = round(time.monotonic() - began, 1)
            said = [] if case['tls'] else commands(wire)
        result['result'] = 'works' if came and (case['tls'] or said == [case['mode']]) else 'other way' if came else 'fails'
        if not case['tls']:
            result['said'] = said
        if before is not None:
            result['let_in'] = self.matched() - before
        return {**result, 'seconds': seconds}


def commands(wire):
    """The announcing commands that came to this host's port 21."""
    found, seen = [], set()
    while packet := wire.receive(lambda packet: packet[:1] and packet[0] >> 4 in (4, 6), 0.02):
        _, _, protocol, _, payload = header(packet)
        if protocol != socket.IPPROTO_TCP or payload[2:4] != (21).to_bytes(2, 'big'):
            continue
        data, key = payload[(payload[12] >> 4) * 4:], (payload[0:2], payload[4:8])
        if data and key not in seen:  # what is sent again counts once
            seen.add(key)
            found += [word.decode().upper() for word in ANNOUNCING.findall(data)]
    return found


def expected(case):
    """Through usher: everything works, but that nobody can read an announcement under TLS. Then the data connection has only the
    policy, by which what is inside may begin one; the other way it fails closed."""
    opens = 'client' if case['mode'] in ('PASV', 'EPSV') else 'server'
    inside = 'server' if case['nat'] == 'forward' else 'client'
    return 'works' if not case['tls'] or opens == inside else 'fails'
