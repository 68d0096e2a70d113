"""The lab of the live gateway: hosts and a gateway in network namespaces of their own, and packets made by hand.

client 10.0.0.2, 2001:db8:1::2 --- gi            go --- server 198.51.100.2, 2001:db8:2::2
                                      [ gateway ]
other  10.0.1.2, 2001:db8:3::2 --- gj            gm --- manager 192.0.2.2   (gm is no interface of usher's)

gi and gj are inside, go is outside. Nothing leaves the namespaces; everything is taken down when the `with` block ends.
"""
import contextlib
import ctypes
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

CLIENT, CLIENT6 = '10.0.0.2', '2001:db8:1::2'
OTHER, OTHER6 = '10.0.1.2', '2001:db8:3::2'
SERVER, SERVER6 = '198.51.100.2', '2001:db8:2::2'
MANAGER = '192.0.2.2'
INSIDE, INSIDE6 = '10.0.0.1', '2001:db8:1::1'
OUTSIDE, OUTSIDE6 = '198.51.100.1', '2001:db8:2::1'
NOWHERE, NOWHERE6 = '203.0.113.9', '2001:db8:ffff::9'  # no route leads there

ETH_ALL = 3
IPV4, IPV6 = 0x0800, 0x86dd
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)

# Every chain there is, closed. IPv6's neighbour discovery is the kernel's own traffic and passes netfilter, unlike ARP.
CLOSED = ''.join(f'''
table {family} closed {{
''' + ''.join(f'''
    chain {hook} {{
        type filter hook {hook} priority 0
        policy drop
        {'' if family == 'ip' or hook == 'forward' else 'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept'}
    }}''' for hook in ('prerouting', 'input', 'forward', 'output', 'postrouting')) + '\n}\n' for family in ('ip', 'ip6'))


def run(*command, **options):
    options = options if 'input' in options else {'stdin': subprocess.DEVNULL, **options}
    return subprocess.run([str(word) for word in command], check=True, **options)


def end_tidily():
    """SIGTERM ends this program as an exception does: what is in `with` blocks is taken down."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


class Net:
    """The namespaces. Use: with Net() as net: ..., or with Net('client', 'server') for fewer hosts."""

    LINKS = {'client': ('gi', CLIENT, CLIENT6, INSIDE, INSIDE6), 'other': ('gj', OTHER, OTHER6, '10.0.1.1', '2001:db8:3::1'),
             'server': ('go', SERVER, SERVER6, OUTSIDE, OUTSIDE6), 'manager': ('gm', MANAGER, None, '192.0.2.1', None)}

    def __init__(self, *hosts):
        self.names = {host: f'ugw-{host}-{os.getpid()}' for host in ('gateway', *(hosts or self.LINKS))}
        self.processes = []
        self.home = os.open('/proc/self/ns/net', os.O_RDONLY)

    def __enter__(self):
        try:
            for name in self.names.values():
                run('ip', 'netns', 'add', name)
                self.sysctl_of(name, 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0',
                               'net.ipv6.conf.default.router_solicitations=0', 'net.ipv6.conf.default.accept_ra=0')
                run('ip', '-n', name, 'link', 'set', 'lo', 'up')
            for host in self.names:
                if host != 'gateway':
                    self.link(host, *self.LINKS[host])
            self.settle()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def settle(self):
        """Until the kernel says that the links run: it takes up to a second, and until then IPv6 finds no neighbours."""
        for _ in range(100):
            texts = [subprocess.run(['ip', '-n', name, '-o', 'link', 'show', 'type', 'veth'], capture_output=True, text=True,
                                    check=True).stdout for name in self.names.values()]
            if all('state UP' in line for text in texts for line in text.splitlines()):
                return
            time.sleep(0.05)
        raise RuntimeError(f'the links do not come up: {texts}')

    def close(self):
        for process in reversed(self.processes):
            self.stop(process)
        for name in self.names.values():
            left = subprocess.run(['ip', 'netns', 'pids', name], capture_output=True, text=True, check=False).stdout
            for pid in left.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            subprocess.run(['ip', 'netns', 'del', name], stderr=subprocess.DEVNULL, check=False)
        os.close(self.home)

    @staticmethod
    def sysctl_of(name, *settings):
        run('ip', 'netns', 'exec', name, 'sysctl', '-q', '-w', *settings)

    def sysctl(self, host, *settings):
        self.sysctl_of(self.names[host], *settings)

    def ip(self, host, *words):
        run('ip', '-n', self.names[host], *words)

    def link(self, host, port, address, address6, gateway, gateway6):
        """A veth pair, eth0 of the host and `port` of the gateway; the gateway is the host's default route."""
        self.ip(host, 'link', 'add', 'eth0', 'type', 'veth', 'peer', port, 'netns', self.names['gateway'])
        for where, device, addresses in ((host, 'eth0', (address, address6)), ('gateway', port, (gateway, gateway6))):
            for one in filter(None, addresses):
                self.ip(where, 'addr', 'add', one + ('/64' if ':' in one else '/24'), 'dev', device,
                        *(['nodad'] if ':' in one else []))
            self.ip(where, 'link', 'set', device, 'up')
        self.ip(host, 'route', 'add', 'default', 'via', gateway)
        if gateway6:
            self.ip(host, '-6', 'route', 'add', 'default', 'via', gateway6)

    @contextlib.contextmanager
    def inside(self, host):
        """This thread in the host's namespace: sockets made here stay there."""
        fd = os.open(f'/run/netns/{self.names[host]}', os.O_RDONLY)
        try:
            if LIBC.setns(fd, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), 'setns')
            yield
        finally:
            LIBC.setns(self.home, CLONE_NEWNET)
            os.close(fd)

    def socket(self, host, family, kind, protocol=0, bind=None):
        with self.inside(host):
            made = socket.socket(family, kind, protocol)
        made.settimeout(5)
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if bind is not None:
            made.bind(bind)
        return made

    def start(self, host, *command, **options):
        """Starts a program on a host; it is ended with the namespaces."""
        options = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.DEVNULL, **options}
        process = subprocess.Popen(['ip', 'netns', 'exec', self.names[host], *map(str, command)], **options)
        self.processes.append(process)
        return process

    def stop(self, process, how=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process in self.processes:
            self.processes.remove(process)

    def do(self, host, *command, timeout=60, **options):
        """Runs a program on a host to its end: (exit status, output)."""
        done = subprocess.run(['ip', 'netns', 'exec', self.names[host], *map(str, command)], timeout=timeout, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
        return done.returncode, done.stdout

    def ping(self, host, address, count=1, wait=1, *options):
        """How many of so many came back."""
        output = self.do(host, 'ping', '-n', '-c', count, '-i', '0.05', '-W', wait, *options, address)[1].decode()
        found = re.search(r'(\d+) received', output)
        return int(found.group(1)) if found else 0

    def closed(self):
        """Every netfilter chain of the gateway at policy drop."""
        self.do('gateway', 'nft', 'flush', 'ruleset')
        run('ip', 'netns', 'exec', self.names['gateway'], 'nft', '-f', '-', input=CLOSED.encode())

    def unclosed(self):
        self.do('gateway', 'nft', 'flush', 'ruleset')


class Gateway:
    """A running `usher gateway`. Use: with Gateway(net, '--inside', 'gi', ...) as gateway: ..."""

    def __init__(self, net, *options, before=None):
        """`before` is called in the process that becomes the gateway."""
        self.net = net
        self.log = Path(f'/tmp/{net.names["gateway"]}.log')
        self.socket = f'/tmp/{net.names["gateway"]}.sock'  # the usual one may be another test's
        if '--socket' not in options:
            options += ('--socket', self.socket)
        with self.log.open('wb') as log:
            self.process = net.start('gateway', os.environ['USHER'], 'gateway', *options, stderr=log, preexec_fn=before)
        try:
            self.wait_for('; through usher')
        except BaseException:
            self.__exit__()
            raise

    def wait_for(self, words, seconds=10):
        """Until the gateway has said so."""
        for _ in range(int(seconds * 50)):
            if words in self.log.read_text():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f'the gateway did not say "{words}" but: {self.log.read_text()}')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.net.stop(self.process)
        said = self.log.read_text() if self.log.exists() else ''
        self.log.unlink(missing_ok=True)
        Path(f'/tmp/{self.net.names["gateway"]}.sock').unlink(missing_ok=True)  # of one that was killed
        # It lives on when its sandbox refuses something, but then the sandbox does not know what the gateway needs.
        assert 'was refused' not in said, said

    def counters(self):
        """All of them, by name; those that are 0 are not there: use .get(name, 0)."""
        before = len(self.log.read_text())
        self.process.send_signal(signal.SIGUSR1)
        for _ in range(100):
            time.sleep(0.02)
            text = self.log.read_text()[before:]
            if 'usher gateway: counters' in text and text.endswith('\n'):
                return {name: int(value) for name, value in re.findall(r'^  (\S+) +(\d+)$', text, re.M)}
        raise RuntimeError('the gateway does not print its counters')

    def rise(self, name, what):
        """By how much a counter rises while what() is done."""
        before = self.counters().get(name, 0)
        what()
        return self.counters().get(name, 0) - before


# ---- packets by hand ----

def checksum(data):
    data = data + b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if ':' in address else socket.AF_INET, address)


def pseudo(src, dst, protocol, length):
    if ':' in src:
        return packed(src) + packed(dst) + struct.pack('!II', length, protocol)
    return packed(src) + packed(dst) + struct.pack('!BBH', 0, protocol, length)


def ip_packet(src, dst, protocol, payload, ttl=64, options=b'', identification=1, fragment=0):
    if ':' in src:
        return struct.pack('!IHBB', 0x60000000, len(payload), protocol, ttl) + packed(src) + packed(dst) + payload
    size = 20 + len(options)
    head = struct.pack('!BBHHHBBH', 0x40 | size // 4, 0, size + len(payload), identification, fragment, ttl, protocol, 0)
    head += packed(src) + packed(dst) + options
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + payload


def udp(src, dst, sport, dport, data):
    head = struct.pack('!HHHH', sport, dport, 8 + len(data), 0)
    total = checksum(pseudo(src, dst, 17, 8 + len(data)) + head + data)
    return head[:6] + struct.pack('!H', total or 0xffff) + data


def tcp(src, dst, ports, flags, seq=0, ack=0):
    head = struct.pack('!HHIIBBHHH', *ports, seq, ack, 0x50, flags, 65535, 0, 0)
    return head[:16] + struct.pack('!H', checksum(pseudo(src, dst, 6, 20) + head)) + head[18:]


def echo(src, dst, identification, sequence=1, data=b'x' * 32):
    request = 128 if ':' in src else 8
    head = struct.pack('!BBHHH', request, 0, 0, identification, sequence) + data
    cover = pseudo(src, dst, 58, len(head)) if ':' in src else b''
    return head[:2] + struct.pack('!H', checksum(cover + head)) + head[4:]


class Wire:
    """A host's eth0, as it is: frames in and out."""

    def __init__(self, net, host, device='eth0'):
        with net.inside(host):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_ALL))
            self.socket.bind((device, 0))
            self.mac = self.socket.getsockname()[4]
        # The gateway's end of this wire.
        port = net.LINKS[host][0]
        text = subprocess.run(['ip', '-n', net.names['gateway'], 'link', 'show', port], capture_output=True, text=True,
                              check=True).stdout
        self.peer = bytes.fromhex(re.search(r'link/ether (\S+)', text).group(1).replace(':', ''))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, packet, tag=None, dst=None):
        vlan = struct.pack('!HH', 0x8100, tag) if tag is not None else b''
        kind = struct.pack('!H', IPV6 if packet[:1] and packet[0] >> 4 == 6 else IPV4)
        self.socket.send((dst or self.peer) + self.mac + vlan + kind + packet)

    def receive(self, matches, seconds=1.0):
        """The next IP packet that came in and matches; None: none came in time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                frame, address = self.socket.recvfrom(65536 + 64)
            except TimeoutError:
                return None
            if address[2] == socket.PACKET_OUTGOING:
                continue
            if frame[12:14] in (b'\x08\x00', b'\x86\xdd') and matches(frame[14:]):
                return frame[14:]
        return None

    def drain(self):
        """Forget what came until now."""
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.socket.recv(65536 + 64)


def header(packet):
    """(source, destination, protocol, ttl, payload) of an IP packet without extension headers."""
    if packet[0] >> 4 == 6:
        return (socket.inet_ntop(socket.AF_INET6, packet[8:24]), socket.inet_ntop(socket.AF_INET6, packet[24:40]), packet[6],
                packet[7], packet[40:40 + struct.unpack('!H', packet[4:6])[0]])
    size = (packet[0] & 15) * 4
    return (socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20]), packet[9], packet[8],
            packet[size:struct.unpack('!H', packet[2:4])[0]])


def is_icmp(kind, code=None):
    """Matches ICMP and ICMPv6 packets of this type (and code)."""
    def matches(packet):
        _, _, protocol, _, payload = header(packet)
        return protocol in (1, 58) and len(payload) >= 8 and payload[0] == kind and code in (None, payload[1])
    return matches


def is_to(address, protocol=None):
    def matches(packet):
        _, dst, found, _, _ = header(packet)
        return dst == address and protocol in (None, found)
    return matches


def from_to(src, dst):
    def matches(packet):
        return header(packet)[:2] == (src, dst)
    return matches
