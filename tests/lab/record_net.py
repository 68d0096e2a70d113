"""Two hosts with a router between them, in network namespaces of their own, and what runs there.

client 10.0.0.2, .3 and 2001:db8:1::2 -- router -- server 198.51.100.2 to .5 and 2001:db8:2::2

Nothing leaves the namespaces. Everything is taken down again when the `with` block ends.
"""
import contextlib
import os
import signal
import subprocess
import time

SERVER, SERVER6 = '198.51.100.2', '2001:db8:2::2'
ODD_SERVER, BANNER_SERVER, TLS_SERVER = '198.51.100.3', '198.51.100.4', '198.51.100.5'
CLIENT, CLIENT6, SECOND_CLIENT = '10.0.0.2', '2001:db8:1::2', '10.0.0.3'
ELSEWHERE = '203.0.113.9'  # a third party's address: nobody is there


def run(*command, **options):
    options = options if 'input' in options else {'stdin': subprocess.DEVNULL, **options}
    return subprocess.run([str(word) for word in command], check=True, **options)


class Net:
    """The namespaces. Use: with Net() as net: ..."""

    def __init__(self):
        self.names = {host: f'usher-record-{host}-{os.getpid()}' for host in ('client', 'router', 'server')}
        self.processes = []

    def __enter__(self):
        try:
            for name in self.names.values():
                run('ip', 'netns', 'add', name)
                # Neighbour discovery and router solicitations are not what these captures are about.
                self.sysctl(name, 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0',
                            'net.ipv6.conf.default.router_solicitations=0', 'net.ipv6.conf.default.accept_ra=0')
                run('ip', '-n', name, 'link', 'set', 'lo', 'up')
            self.link('client', 1, ['10.0.0.2/24', '10.0.0.3/24', '2001:db8:1::2/64'], ['10.0.0.1/24', '2001:db8:1::1/64'])
            self.link('server', 2, [f'198.51.100.{n}/24' for n in (2, 3, 4, 5)] + ['2001:db8:2::2/64'],
                      ['198.51.100.1/24', '2001:db8:2::1/64'])
            self.sysctl(self.names['router'], 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
            time.sleep(1)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for process in reversed(self.processes):
            self.stop(process)
        for name in self.names.values():
            # What a server forked for a session that is not over yet.
            left = subprocess.run(['ip', 'netns', 'pids', name], capture_output=True, text=True, check=False).stdout
            for pid in left.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            subprocess.run(['ip', 'netns', 'del', name], stderr=subprocess.DEVNULL, check=False)

    @staticmethod
    def sysctl(name, *settings):
        run('ip', 'netns', 'exec', name, 'sysctl', '-q', '-w', *settings)

    def link(self, host, number, addresses, router_addresses):
        """A veth pair: eth0 of the host, and eth1 or eth2 of the router. Offloads are off: checksums and sizes are real."""
        host_name, router_name, port = self.names[host], self.names['router'], f'eth{number}'
        run('ip', '-n', host_name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', port, 'netns', router_name)
        for name, device, mac, addrs in ((host_name, 'eth0', f'02:00:00:00:0{number}:02', addresses),
                                         (router_name, port, f'02:00:00:00:0{number}:01', router_addresses)):
            run('ip', '-n', name, 'link', 'set', device, 'address', mac)
            run('ip', 'netns', 'exec', name, 'ethtool', '-K', device, 'tx', 'off', 'rx', 'off', 'tso', 'off', 'gso', 'off',
                'gro', 'off', 'sg', 'off', stdout=subprocess.DEVNULL)
            for address in addrs:
                nodad = ['nodad'] if ':' in address else []
                run('ip', '-n', name, 'addr', 'add', address, 'dev', device, *nodad)
        run('ip', '-n', router_name, 'link', 'set', port, 'up')
        run('ip', '-n', host_name, 'link', 'set', 'eth0', 'up')
        for address in router_addresses:
            run('ip', '-n', host_name, 'route', 'add', 'default', 'via', address.split('/')[0])

    def start(self, host, *command, **options):
        """Starts a program on a host; it is ended with the namespaces."""
        options = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.DEVNULL, **options}
        process = subprocess.Popen(['ip', 'netns', 'exec', self.names[host], *map(str, command)], **options)
        self.processes.append(process)
        return process

    def stop(self, process, how=signal.SIGTERM):
        """Ends a process started here and waits for it."""
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
        """Runs a program on a host to its end; its exit status."""
        options = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL, **options}
        words = ['ip', 'netns', 'exec', self.names[host], *map(str, command)]
        return subprocess.run(words, timeout=timeout, check=False, **options).returncode

    def wait_for_port(self, address, port):
        """Until somebody listens there; 10 s at most."""
        for _ in range(100):
            listening = subprocess.run(['ip', 'netns', 'exec', self.names['server'], 'ss', '-Hltn', f'sport = :{port}'],
                                       capture_output=True, text=True, check=True).stdout
            if any(f' {where}:{port} ' in listening for where in (address, f'[{address}]', '*', '0.0.0.0', '[::]')):
                return
            time.sleep(0.1)
        raise RuntimeError(f'nobody listens at {address} port {port}')

    def record(self, path, interface='eth0', options=()):
        """tcpdump on the client. Use: with net.record(path): ..."""
        return Recording(self, path, interface, options)


class Recording:
    def __init__(self, net, path, interface, options):
        self.net, self.path, self.interface, self.options = net, path, interface, options

    def __enter__(self):
        # ARP and neighbour discovery have had their turn before.
        self.net.do('client', 'ping', '-c1', '-W1', SERVER)
        self.net.do('client', 'ping', '-c1', '-W1', SERVER6)
        time.sleep(0.3)
        self.tcpdump = self.net.start('client', 'tcpdump', '-n', '-U', '-i', self.interface, '--immediate-mode',
                                      '-B', '8192', '-Z', 'root', *self.options, '-w', self.path, stderr=subprocess.PIPE, text=True)
        for line in self.tcpdump.stderr:
            if 'listening on' in line:
                return self
        raise RuntimeError('tcpdump did not start')

    def __exit__(self, *_):
        time.sleep(0.5)
        self.tcpdump.send_signal(signal.SIGINT)
        report = self.tcpdump.stderr.read()
        self.net.stop(self.tcpdump)
        if '0 packets dropped by kernel' not in report:
            raise RuntimeError(f'{self.path}: not every packet was recorded: {report}')
