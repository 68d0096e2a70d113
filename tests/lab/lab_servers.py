"""Real servers for the lab's hosts: vsftpd, pure-ftpd, proftpd, pyftpdlib, pptpd; and pptp. Unpacked (tools/unpack-packages), never
installed.

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

VSFTPD = 'background=NO\nanonymous_enable=YES\nlocal_enable=NO\nftp_username=daemon\nnopriv_user=nobody\nseccomp_sandbox=NO\n' \
         'connect_from_port_20=YES\nlisten_port=21\n'
PROFTPD = """
ServerType standalone
ServerName lab
UseIPv6 on
SocketBindTight on
UseReverseDNS off
DefaultAddress {address}
Port 21
User nobody
Group nogroup
ModulePath {system}/usr/lib/proftpd
LoadModule mod_tls.c
AuthOrder mod_auth_file.c
AuthUserFile {folder}/proftpd-users
RequireValidShell off
DefaultRoot {folder}/files
PidFile {folder}/proftpd-{address}.pid
ScoreboardFile none
DelayEngine off
WtmpLog off
SystemLog none
TransferLog none
TLSEngine on
TLSRequired off
TLSOptions NoSessionReuseRequired
TLSRSACertificateFile {folder}/tls.pem
TLSRSACertificateKeyFile {folder}/tls.pem
"""
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


def libraries(system):
    """Where the libraries of unpacked packages are, as LD_LIBRARY_PATH wants it."""
    return ':'.join(map(str, [*system.glob('usr/lib/*-linux-*'), *system.glob('lib/*-linux-*')]))


def bracketed(address):
    return f'[{address}]' if ':' in address else address


class Servers:
    """Use: with Servers(net) as servers: servers.vsftpd('server', SERVER)"""

    def __init__(self, net, *sections):
        self.net = net
        self.system = unpacked('servers', *sections)
        self.environment = {**os.environ, 'LD_LIBRARY_PATH': libraries(self.system)}

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

    def start(self, host, address, port, *command, environment=None):
        """Starts a server, and waits until it listens."""
        process = self.net.start(host, *command, env=environment or self.environment, stderr=subprocess.DEVNULL)
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

    def certificate(self):
        """A file with a key and its certificate."""
        path = self.folder / 'tls.pem'
        if not path.exists():
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=ftp.example',
                            '-keyout', path, '-out', path.with_suffix('.crt')], check=True, capture_output=True)
            path.write_text(path.read_text() + path.with_suffix('.crt').read_text())
            path.chmod(0o600)
        return path

    def vsftpd_tls(self, host, address):
        path = self.certificate()
        return self.vsftpd(host, address, 'ssl_enable=YES', 'allow_anon_ssl=YES', 'require_ssl_reuse=NO', 'force_anon_data_ssl=NO',
                           'force_anon_logins_ssl=NO', f'rsa_cert_file={path}', f'rsa_private_key_file={path}')

    def guest(self):
        """The hashed password of a user guest, who has the password guest."""
        return subprocess.run(['openssl', 'passwd', '-6', 'guest'], check=True, capture_output=True, text=True).stdout.strip()

    def pure_ftpd(self, host, address):
        users = self.folder / 'pure-users'
        if not users.exists():
            # pure-pw's own hash takes seconds, at each login.
            users.write_text(f'guest:{self.guest()}:65534:65534::{self.folder}/files/./::::::::::::\n')
            subprocess.run([self.system / 'usr/bin/pure-pw', 'mkdb', f'{users}.pdb', '-f', users], env=self.environment, check=True)
        return self.start(host, address, 21, self.system / 'usr/sbin/pure-ftpd', '-S', f'{address},21', '-l', f'puredb:{users}.pdb',
                          '-E', '-A', '-H', '-u', '1', '-Y', '1', '-2', self.certificate(), '-g',
                          self.folder / f'pure-{address}.pid')

    def proftpd(self, host, address):
        users, path = self.folder / 'proftpd-users', self.folder / f'proftpd-{address}.conf'
        if not users.exists():
            users.write_text(f'guest:{self.guest()}:65534:65534::{self.folder}/files:/bin/sh\n')
            users.chmod(0o600)
        self.certificate()
        path.write_text(PROFTPD.format(address=address, folder=self.folder, system=self.system))
        return self.start(host, address, 21, self.system / 'usr/sbin/proftpd', '-n', '-c', path)

    def pyftpdlib(self, host, address):
        """Debian's Python has pyOpenSSL; another one need not."""
        environment = {**os.environ, 'PYTHONPATH': str(self.system / 'usr/lib/python3/dist-packages')}
        return self.start(host, address, 21, '/usr/bin/python3', HERE / 'lab_pyftpd.py', address, self.folder / 'files',
                          self.certificate(), environment=environment)

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
