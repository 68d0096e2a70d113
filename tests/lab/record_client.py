#!/usr/bin/env python3
"""The client of what ordinary FTP clients do not do. usage: record_client.py SCENE [WORD]...     (the functions at the end)"""
import socket
import subprocess
import sys
import time

from record_net import ELSEWHERE, ODD_SERVER, SERVER

PAUSE = 0.05
IAC_IP, IAC_DM = b'\xff\xf4', b'\xff\xf2'  # Telnet: interrupt process, data mark (RFC 854)
QUERY = b'\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03ftp\x07example\x00\x00\x01\x00\x01'


def numbers(address, port):
    return ','.join([*address.split('.'), str(port >> 8), str(port & 255)])


def pieces_of(text, width):
    return [text[at:at + width] for at in range(0, len(text), width)]


class Control:
    """A control connection that decides itself what goes into which segment."""

    def __init__(self, server, user='anonymous'):
        self.socket = socket.create_connection((server, 21), 5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b''
        self.listener = None
        if user:
            self.replies(1)
            self.ask('USER ' + user)
            self.ask('PASS guest@')

    def send(self, *pieces):
        """Each piece in a segment of its own."""
        for piece in pieces:
            self.socket.sendall(piece if isinstance(piece, bytes) else piece.encode())
            time.sleep(PAUSE)

    def line(self):
        while b'\n' not in self.received:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError('the server has gone')
            self.received += data
        line, self.received = self.received.split(b'\n', 1)
        return line.decode('latin-1').rstrip('\r')

    def replies(self, count):
        """So many replies, of one line or many each; the last line of the last one."""
        for _ in range(count):
            line = self.line()
            code, more = line[:3], line[3:4] == '-'
            while more:
                line = self.line()
                more = line[:4] != code + ' '
        return line

    def ask(self, command):
        self.send(command + '\r\n')
        return self.replies(1)

    def listen(self, buffer=None):
        """A place for an active transfer, as PORT writes it."""
        address = self.socket.getsockname()[0]
        self.listener = socket.create_server((address, 0))
        if buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.listener.settimeout(5)
        return numbers(address, self.listener.getsockname()[1])

    def accept(self):
        with self.listener:
            return self.listener.accept()[0]

    def connect(self, reply, buffer=None):
        """To where a 227 or 229 says."""
        words = ''.join(c if c.isdigit() else ' ' for c in reply[4:]).split()
        data = socket.socket()
        data.settimeout(5)
        if buffer:
            data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        if reply.startswith('229'):
            data.connect((self.socket.getpeername()[0], int(words[0])))
        else:
            data.connect(('.'.join(words[:4]), int(words[4]) << 8 | int(words[5])))
        return data

    def read(self, data):
        with data:
            while data.recv(4096):
                pass

    def passive(self, path='README', ask='PASV'):
        data = self.connect(self.ask(ask))
        self.send(f'RETR {path}\r\n')
        self.read(data)
        self.replies(2)

    def active(self, path='README', width=100):
        """PORT in segments of `width` octets."""
        self.send(*pieces_of(f'PORT {self.listen()}\r\n', width))
        self.replies(1)
        self.send(f'RETR {path}\r\n')
        self.read(self.accept())
        self.replies(2)

    def quit(self):
        self.ask('QUIT')
        self.socket.close()


def bounce():
    """PORT to a third party, which the server refuses; then a PASV that nobody uses."""
    control = Control(SERVER)
    control.ask('PORT ' + numbers(ELSEWHERE, 8080))
    control.ask('PASV')
    control.quit()


def names():
    """A question and an answer on udp/53."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        sock.sendto(QUERY, (ODD_SERVER, 53))
        sock.recv(512)


def pipelined():
    """Many commands in one segment, commands in many segments; the same of replies."""
    control = Control(SERVER)
    control.send(f'TYPE I\r\nNOOP\r\nPORT {control.listen()}\r\nRETR README\r\nNOOP\r\n')
    control.read(control.accept())
    control.replies(6)

    where = control.listen()
    control.send('TYPE A\r\nPORT ' + where[:-3], where[-3:] + '\r', '\nLIST\r\n')
    control.read(control.accept())
    control.replies(4)

    for width in (1, 4, 11):
        control.active(width=width)

    control.send('PASV\r\nNOOP\r\n')
    data = control.connect(control.replies(1))
    control.replies(1)
    control.send('RE', 'TR README', '\r\n')
    control.read(data)
    control.replies(2)
    control.quit()

    for user in ('glued', 'split'):
        control = Control(ODD_SERVER, user)
        for ask in ('PASV', 'EPSV'):
            control.send(f'NOOP\r\n{ask}\r\nNOOP\r\n')
            data = control.connect(control.replies(2))
            control.replies(1)
            control.send('LIST\r\n')
            control.read(data)
            control.replies(2)
        control.quit()


def odd():
    """Replies of many lines with false announcements in them, and 227 in all its forms."""
    control = Control(ODD_SERVER, 'banners')
    control.ask('FEAT')
    control.passive()
    control.active()
    control.quit()
    control = Control(ODD_SERVER, 'odd')
    for _ in range(4):
        control.passive()
    control.quit()


def abor():
    """Transfers broken off as RFC 959 4.1.3 says: interrupt process, data mark as urgent data (Synch), ABOR; then others."""
    control = Control(SERVER)
    # With so small a buffer the server waits in the middle of the transfer.
    data = control.connect(control.ask('PASV'), buffer=4096)
    control.send('RETR large.bin\r\n')
    control.replies(1)
    control.socket.send(IAC_IP)
    control.socket.send(IAC_DM, socket.MSG_OOB)
    control.send('ABOR\r\n')
    data.close()
    control.replies(2)
    control.passive()

    control.send(f'PORT {control.listen(buffer=4096)}\r\n')
    control.replies(1)
    control.send('RETR large.bin\r\n')
    data = control.accept()
    control.replies(1)
    # As common clients have it: at once, the urgent pointer behind the data mark.
    control.socket.send(IAC_IP + IAC_DM, socket.MSG_OOB)
    control.send('ABOR\r\n')
    data.close()
    control.replies(2)
    control.active()
    control.quit()


def epsv_all():
    """EPSV ALL, kept by one server and not by the other (RFC 2428 4)."""
    control = Control(SERVER)
    control.passive(ask='EPSV')
    control.ask('EPSV ALL')
    control.passive(ask='EPSV')
    control.ask('PORT ' + control.listen())
    control.ask('PASV')
    control.passive(ask='EPSV')
    control.quit()

    control = Control(ODD_SERVER, 'plain')
    control.ask('EPSV ALL')
    control.passive(ask='EPSV')
    control.active()
    control.passive(ask='PASV')
    control.quit()


def refused():
    """Announcements that nobody should believe, and some that say nothing."""
    control = Control(SERVER)
    address = control.socket.getsockname()[0]
    for command in (f'PORT {numbers(ELSEWHERE, 8080)}', f'EPRT |1|{ELSEWHERE}|8080|', f'PORT {numbers(address, 22)}',
                    f'PORT {numbers(address, 0)}', 'PORT 10,0,0,2,300,1', 'PORT 10,0,0,2,200', 'PORT', 'EPRT |1|10.0.0.2|99999|'):
        control.ask(command)
    control.active()
    control.quit()
    control = Control(ODD_SERVER, 'liar')
    control.ask('PASV')                                       # a third party's address
    control.connect(control.ask('NOOP')).close()              # 227 without PASV
    control.send('PASV\r\n')
    control.connect(control.replies(1)).close()
    control.connect(control.replies(1)).close()               # a second 227 for the same PASV
    control.quit()


def slipstream():
    """A web page makes its visitor post to port 21; the server wants his ports 22 and 8080."""
    for port in (22, 8080):
        control = Control(ODD_SERVER, None)
        address = control.socket.getsockname()[0]
        body = f'PORT {numbers(address, port)}\r\n'
        padding = 'x' * 700
        head = (f'POST / HTTP/1.1\r\nHost: {ODD_SERVER}:21\r\nUser-Agent: Mozilla/5.0\r\nContent-Type: text/plain\r\n'
                f'Content-Length: {len(padding) + 2 + len(body)}\r\n\r\n{padding}\r\n')
        with socket.create_server((address, port)) as listener:
            listener.settimeout(5)
            control.send(head, body)
            control.read(listener.accept()[0])
        control.socket.close()


def clear_after_auth():
    """The server accepts AUTH, and the client goes on without TLS: an observer who stopped reading opens nothing."""
    control = Control(ODD_SERVER, 'plain')
    control.active()
    control.ask('AUTH TLS')
    control.active()
    control.quit()


def two_sessions():
    """Two control connections in turn; the recording is cut between a PASV and its reply."""
    first, second = Control(SERVER), Control(SERVER)
    second.active()
    first.send('TYPE I\r\n')
    first.replies(1)
    data = first.connect(first.ask('PASV'))
    second.active()
    first.send('RETR README\r\n')
    first.read(data)
    first.replies(2)
    first.passive()
    first.active()
    second.passive(ask='EPSV')
    second.quit()
    first.quit()


def short():
    """Lines of which 26 octets tell nearly all."""
    control = Control(SERVER)
    control.active()
    control.passive()
    control.passive(ask='EPSV')
    control.active()
    control.quit()


def lossy(router):
    """Transfers of all kinds; once the router is deaf for a moment."""
    def forwarding(switch):
        subprocess.run(['ip', 'netns', 'exec', router, 'sysctl', '-q', '-w', f'net.ipv4.ip_forward={switch}'], check=True)

    control = Control(SERVER)
    control.passive()
    control.passive('notes.txt')
    control.active()
    control.active()
    control.ask('NOOP')
    control.passive()
    forwarding(0)
    control.send(f'PORT {control.listen()}\r\n')
    time.sleep(0.5)
    forwarding(1)
    control.replies(1)
    control.send('LIST\r\n')
    control.read(control.accept())
    control.replies(2)
    control.passive('notes.txt')
    control.quit()


def main():
    scenes = {scene.__name__: scene for scene in (bounce, names, pipelined, odd, abor, epsv_all, refused, slipstream,
                                                  clear_after_auth, two_sessions, short, lossy)}
    scenes[sys.argv[1]](*sys.argv[2:])


if __name__ == '__main__':
    main()
