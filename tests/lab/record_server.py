#!/usr/bin/env python3
"""The server of what ordinary FTP servers do not do. usage: record_server.py ADDRESS

tcp/21  FTP, with the manners that the user name asks for:
          eager    before anybody logged in: answers 500 to what it does not know, takes any PORT and connects at once; so it
                   plays along with an HTTP request that has a PORT command in its body
          plain    like any other, but that after EPSV ALL it still takes PORT and PASV
          glued    waits a moment and sends its replies together, several in one segment
          split    sends each reply in three segments
          banners  long replies of many lines, in which there are lines that look like announcements
          liar     answers the first PASV with a third party's address, the second one twice, and NOOP with a 227
          odd      writes 227 as RFC 1123 4.1.2.6 warns of: without parentheses, or with other words
udp/53  answers each datagram with the same octets and four more
tcp/80  one small page
"""
import socket
import socketserver
import sys
import threading
import time

PAUSE = 0.05
PAGE = b'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n\r\nNothing here.\n'
GREETING = [
    '220-Welcome. Lines that an observer must not believe:',
    '227 Entering Passive Mode (198,51,100,3,200,1)',
    ' 227 Entering Passive Mode (198,51,100,3,200,2)',
    '229 Entering Extended Passive Mode (|||51203|)',
    '2200 is a number, and so is 220x',
    '220-PORT 10,0,0,2,200,4',
    '220 Ready.',
]
ODD_227 = [
    '227 Entering Passive Mode. {}',
    '227 ={}',
    '227 {}',
    '227 Passive mode OK, come to ({}) please',
]


class Session(socketserver.BaseRequestHandler):
    """One control connection."""

    def setup(self):
        self.manners = 'eager'
        self.waiting = b''
        self.listener = self.target = None
        self.listeners = []  # all of them: the liar's clients may go to any
        self.passive_count = 0
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, *lines):
        text = ''.join(line + '\r\n' for line in lines).encode()
        if self.manners == 'glued':
            self.waiting += text
            return
        pieces = [text[:2], text[2:-9], text[-9:]] if self.manners == 'split' else [text]
        for piece in pieces:
            self.request.sendall(piece)
            if len(pieces) > 1:
                time.sleep(PAUSE)

    def flush(self):
        if self.waiting:
            self.request.sendall(self.waiting)
            self.waiting = b''

    def handle(self):
        self.send(*GREETING)
        pending = b''
        while True:
            try:
                data = self.request.recv(65536)
            except ConnectionError:
                return
            if not data:
                return
            pending += data
            while b'\n' in pending:
                line, pending = pending.split(b'\n', 1)
                if not self.command(line.decode('latin-1').rstrip('\r')):
                    self.flush()
                    return
            if self.manners == 'glued':
                time.sleep(PAUSE)
            self.flush()

    def command(self, line):
        verb, _, argument = line.partition(' ')
        action = getattr(self, 'on_' + verb.lower(), None)
        if verb.upper() == 'QUIT':
            self.send('221 Goodbye.')
            return False
        if action is None:
            self.send('500 What?')
        else:
            action(argument)
        return True

    def on_user(self, name):
        self.manners = name
        self.send('331 Any password will do.')

    def on_pass(self, _):
        self.send('230 Come in.')

    def on_type(self, _):
        self.send('200 Type set.')

    def on_noop(self, argument):
        if self.manners == 'liar':
            self.on_pasv(argument)
        else:
            self.send('200 Nothing done.')

    def on_feat(self, _):
        self.send('211-Extensions:', ' EPRT', ' EPSV', ' PASV', '211 End.')

    def on_auth(self, _):
        self.send('234 Go ahead.')

    def on_epsv(self, argument):
        if argument.upper() == 'ALL':
            self.send('200 EPSV ALL noted, and not honoured.')
        else:
            self.send(f'229 Entering Extended Passive Mode (|||{self.listen()}|)')

    def on_pasv(self, _):
        port = self.listen()
        numbers = ','.join([*self.request.getsockname()[0].split('.'), str(port >> 8), str(port & 255)])
        if self.manners == 'odd':
            self.send(ODD_227[self.passive_count % len(ODD_227)].format(numbers))
        elif self.manners == 'banners':
            self.send('227-In which words shall I say it?', ' (198,51,100,3,200,7)', '227-Entering Passive Mode (1,2,3)',
                      f'227 Entering Passive Mode ({numbers})')
        elif self.manners == 'liar' and self.passive_count == 0:
            self.send('227 Entering Passive Mode (203,0,113,9,31,144).')
        else:
            self.send(f'227 Entering Passive Mode ({numbers}).')
        self.passive_count += 1
        if self.manners == 'liar' and self.passive_count == 3:
            self.on_pasv('')

    def listen(self):
        self.listener = socket.create_server((self.request.getsockname()[0], 0))
        self.listeners.append(self.listener)
        return self.listener.getsockname()[1]

    def on_port(self, argument):
        numbers = [int(word) for word in argument.split(',')]
        self.aim('.'.join(map(str, numbers[:4])), numbers[4] << 8 | numbers[5])

    def on_eprt(self, argument):
        _, _, address, port, _ = argument.split(argument[0])
        self.aim(address, int(port))

    def aim(self, address, port):
        self.send('200 PORT command successful.')
        self.target = (address, port)
        if self.manners == 'eager':
            self.on_list('')

    def on_list(self, _):
        """The transfer."""
        if self.listener:
            self.send('150 Here it comes.')
            self.flush()
            data = self.listener.accept()[0]
            self.listener.close()
            self.listener = None
        elif self.target:
            try:
                data = socket.create_connection(self.target, 2)
            except OSError:
                self.send('425 Cannot connect.')
                return
            self.target = None
            self.send('150 Here it comes.')
        else:
            self.send('425 Use PORT or PASV first.')
            return
        with data:
            data.sendall(b'-rw-r--r-- 1 ftp ftp 12 Jan 01 2020 hello.txt\r\n')
        self.send('226 Done.')

    on_retr = on_list


class Http(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(65536)
        self.request.sendall(PAGE)


class Names(socketserver.BaseRequestHandler):
    def handle(self):
        data, answering = self.request
        answering.sendto(data + socket.inet_aton('198.51.100.2'), self.client_address)


def main():
    address = sys.argv[1]
    socketserver.TCPServer.allow_reuse_address = True
    for kind, port, handler in ((socketserver.ThreadingTCPServer, 21, Session), (socketserver.TCPServer, 80, Http),
                                (socketserver.UDPServer, 53, Names)):
        server = kind((address, port), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=port != 80).start()


if __name__ == '__main__':
    main()
