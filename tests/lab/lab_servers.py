"""Real servers and clients for the lab's hosts: vsftpd, pptpd and pptp, unpacked (tools/unpack-packages), never installed.

All that they need is in one temporary folder, which goes with the `with` block; the processes go with the namespaces at the
latest. There is no PPP in the kernels of build machines: record_ppp.py stands in for pppd at both ends.
"""
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CONTENT = random.Random(1).randbytes(1_000_000)  # of the file `big`

VSFTPD = 'background=NO\nanonymous_enable=YES\nlocal_enable=NO\nftp_username=daemon\nnopriv_user=nobody\nconnect_from_port_20=YES\n' \
         'seccomp_sandbox=NO\nlisten_port=21\n'
# pptpd starts /usr/sbin/pptpctrl, and both it and pptp write to /run: they see their own of both. Then the command.
PPTPD = 'mount -t overlay overlay -o lowerdir={sbin}:/usr/sbin /usr/sbin && mount -t tmpfs tmpfs /run && exec "$@"'
PPTP = 'mount -t tmpfs tmpfs /run && exec "$@"'


class Unavailable(Exception):
    """A server cannot be had here."""


def unpacked(*sections):
    """The folder with the packages of these sections of tools/packages."""
    folder = Path(os.environ.get('BUILD', ROOT / 'build')).resolve() / 'servers'
    done = subprocess.run([ROOT / 'tools/unpack-packages', folder, *sections], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Unavailable(done.stderr.strip().splitlines()[-1])
    return folder


def bracketed(address):
    return f'[{address}]' if ':' in address else address


class Servers:
    """Use: with Servers(net) as servers: servers.vsftpd('server', SERVER)"""

    def __init__(self, net, *sections):
        self.net = net
        self.system = unpacked('servers', *sections)
        libraries = [*self.system.glob('usr/lib/*-linux-*'), *self.system.glob('lib/*-linux-*')]
        self.environment = {**os.environ, 'LD_LIBRARY_PATH': ':'.join(map(str, libraries))}

    def __enter__(self):
        # pylint: disable-next=consider-using-with
        self.temporary = tempfile.TemporaryDirectory(prefix='ugw-')
        self.folder = Path(self.temporary.name)
        self.folder.chmod(0o755)
        for name in ('files', 'empty'):
            (self.folder / name).mkdir(mode=0o755)
        (self.folder / 'files/big').write_bytes(CONTENT)
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def start(self, host, address, port, *command, **options):
        """Starts a server, and waits until it listens."""
        process = self.net.start(host, *command, env=self.environment, stderr=subprocess.DEVNULL, **options)
        for _ in range(100):
            listening = self.net.do(host, 'ss', '-Hltn', f'sport = :{port}')[1].decode()
            if any(f' {where}:{port} ' in listening for where in (bracketed(address), '*', '0.0.0.0', '[::]')):
                return process
            if process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f'{command[0]} does not listen at {address} port {port}')

    def vsftpd(self, host, address, *settings):
        listen = 'listen_ipv6=YES\nlisten=NO\nlisten_address6' if ':' in address else 'listen=YES\nlisten_address'
        path = self.folder / f'vsftpd-{address}'
        path.write_text(f'{VSFTPD}{listen}={address}\nanon_root={self.folder}/files\nsecure_chroot_dir={self.folder}/empty\n' +
                        ''.join(f'{line}\n' for line in settings))
        return self.start(host, address, 21, self.system / 'usr/sbin/vsftpd', path)

    def pptpd(self, host, address):
        stand_in, options, path = (self.folder / name for name in ('ppp', 'ppp-options', 'pptpd.conf'))
        stand_in.write_text(f'#!/bin/sh\nexec {sys.executable} {HERE}/record_ppp.py\n')
        stand_in.chmod(0o755)
        options.write_text('')
        path.write_text(f'ppp {stand_in}\noption {options}\nlisten {address}\nlocalip 192.168.9.1\nremoteip 192.168.9.10-20\n')
        return self.start(host, address, 1723, 'unshare', '--mount', 'sh', '-c', PPTPD.format(sbin=self.system / 'usr/sbin'), 'sh',
                          self.system / 'usr/sbin/pptpd', '--fg', '--conf', path, '--pidfile', self.folder / 'pptpd.pid')

    def pptp(self, host, server, echoes=4, pause=0.1):
        """A client that calls, and hangs up after so many echoes; it prints how many were answered. Its processes end together."""
        return self.net.start(host, 'unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', PPTP, 'sh', sys.executable,
                              HERE / 'record_ppp.py', '--echoes', echoes, '--pause', pause, '--', self.system / 'usr/sbin/pptp',
                              server, '--nolaunchpppd', '--nohostroute', stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
