#!/usr/bin/env python3
"""Stands in for pppd, where there is no PPP in the kernel: enough LCP (RFC 1661) in HDLC-like framing (RFC 1662) for GRE to flow.

usage: record_ppp.py                                     pptpd starts it in place of pppd, on a terminal
       record_ppp.py --echoes N [--pause S] -- pptp ...  the client: starts pptp on a terminal, and ends after so many LCP echoes

Both ends ask for the link, acknowledge what the other asks for, and answer echoes. The client sends the echoes, then asks to
terminate, and hangs up when that is acknowledged; it prints how many echoes were answered. A server's end waits until its terminal
is gone.
"""
import argparse
import contextlib
import os
import pty
import select
import struct
import subprocess
import sys
import time
import tty

FLAG, ESCAPE, TOGGLE = 0x7e, 0x7d, 0x20
LCP = b'\xff\x03\xc0\x21'  # all stations, unnumbered information, protocol LCP
CONFIGURE_REQUEST, CONFIGURE_ACK, TERMINATE_REQUEST, TERMINATE_ACK, ECHO_REQUEST, ECHO_REPLY = 1, 2, 5, 6, 9, 10
NOTHING = 0  # no packet is of this kind
PATIENCE = 30  # seconds without a sign of the other end


def check_sequence(data):
    """FCS-16 of RFC 1662 C.2."""
    fcs = 0xffff
    for octet in data:
        fcs ^= octet
        for _ in range(8):
            fcs = fcs >> 1 ^ (0x8408 if fcs & 1 else 0)
    return fcs ^ 0xffff


def framed(data):
    parts = bytearray([FLAG])
    for octet in data + struct.pack('<H', check_sequence(data)):
        parts += bytes([ESCAPE, octet ^ TOGGLE]) if octet < 0x20 or octet in (FLAG, ESCAPE) else bytes([octet])
    return bytes(parts + bytes([FLAG]))


def unframed(text):
    """The packet between two flags; None: it is damaged."""
    data, escaped = bytearray(), False
    for octet in text:
        if octet == ESCAPE:
            escaped = True
        else:
            data.append(octet ^ TOGGLE if escaped else octet)
            escaped = False
    whole = len(data) > 8 and check_sequence(data[:-2]) == struct.unpack('<H', data[-2:])[0]
    return bytes(data[:-2]) if whole else None


class Link:
    def __init__(self, terminal):
        self.terminal, self.pending, self.waiting = terminal, b'', []
        tty.setraw(terminal)
        self.magic = os.urandom(4)

    def send(self, code, identifier, data=b''):
        os.write(self.terminal, framed(LCP + struct.pack('>BBH', code, identifier, 4 + len(data)) + data))

    def receive(self, until):
        """The next LCP packet: (code, identifier, data); None when the time is over. EOFError: the terminal is gone."""
        while not self.waiting:
            ready, _, _ = select.select([self.terminal], [], [], max(0, until - time.monotonic()))
            if not ready:
                return None
            try:
                text = os.read(self.terminal, 4096)
            except OSError:  # how a terminal says it
                text = b''
            if not text:
                raise EOFError
            *whole, self.pending = (self.pending + text).split(bytes([FLAG]))
            packets = [packet for packet in map(unframed, whole) if packet and packet.startswith(LCP)]
            self.waiting += [(packet[4], packet[5], packet[8:]) for packet in packets]
        return self.waiting.pop(0)

    def answer(self, packet):
        """What either end answers at once."""
        code, identifier, data = packet
        if code == CONFIGURE_REQUEST:
            self.send(CONFIGURE_ACK, identifier, data)
        elif code == ECHO_REQUEST:
            self.send(ECHO_REPLY, identifier, self.magic + data[4:])
        elif code == TERMINATE_REQUEST:
            self.send(TERMINATE_ACK, identifier)

    def wait_for(self, wanted, seconds):
        """Until a packet of this kind comes, answering the others; False: none came."""
        until = time.monotonic() + seconds
        while packet := self.receive(until):
            if packet[0] == wanted:
                return True
            self.answer(packet)
        return False

    def ask(self):
        """Configure-Request with one option, the magic number (RFC 1661 6.4), until it is acknowledged."""
        for identifier in range(1, 11):
            self.send(CONFIGURE_REQUEST, identifier, b'\x05\x06' + self.magic)
            if self.wait_for(CONFIGURE_ACK, 1):
                return
        raise RuntimeError('the other end does not answer')


def serve():
    link = Link(0)
    with contextlib.suppress(EOFError):
        link.ask()
        while packet := link.receive(time.monotonic() + PATIENCE):
            link.answer(packet)


def call(command, echoes, pause):
    """Returns when pptp has ended the call: how many echoes were answered."""
    answered = 0
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    link = Link(ours)
    with contextlib.suppress(EOFError):
        link.ask()
        for identifier in range(echoes):
            link.wait_for(NOTHING, pause)
            link.send(ECHO_REQUEST, identifier, link.magic + b'to be echoed')
            answered += link.wait_for(ECHO_REPLY, 2)
        link.send(TERMINATE_REQUEST, 99)
        link.wait_for(TERMINATE_ACK, 2)
    os.close(ours)
    process.wait(10)
    return answered


def main():
    if '--' not in sys.argv:
        serve()
        return
    parser = argparse.ArgumentParser()
    parser.add_argument('--echoes', type=int, default=4)
    parser.add_argument('--pause', type=float, default=0.1)
    parser.add_argument('command', nargs='+')
    arguments = parser.parse_args()
    print(call(arguments.command, arguments.echoes, arguments.pause))


if __name__ == '__main__':
    main()
