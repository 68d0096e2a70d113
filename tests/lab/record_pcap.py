"""Captures as lists of frames: reading and writing them, and finding a frame by what it says."""
import gzip
import struct

MICRO, NANO = 0xa1b2c3d4, 0xa1b23c4d
ETHERNET = 1


class Frame:
    def __init__(self, time_ns, wire_len, data):
        self.time_ns, self.wire_len, self.data = time_ns, wire_len, data

    def tcp_payload(self):
        """Of an Ethernet frame with IPv4, or b''."""
        data = self.data
        if data[12:14] != b'\x08\x00' or data[23] != 6:
            return b''
        tcp = 14 + (data[14] & 15) * 4
        end = 14 + int.from_bytes(data[16:18], 'big')
        return data[tcp + (data[tcp + 12] >> 4) * 4:end]

    def is_syn_ack(self):
        """Of an Ethernet frame with IPv4 and TCP."""
        data = self.data
        return data[12:14] == b'\x08\x00' and data[23] == 6 and data[14 + (data[14] & 15) * 4 + 13] & 0x12 == 0x12


def read(path):
    """The frames of a pcap file of this machine's byte order."""
    with open(path, 'rb') as file:
        content = file.read()
    unit = {MICRO: 1000, NANO: 1}[struct.unpack_from('=I', content)[0]]
    frames, at = [], 24
    while at < len(content):
        seconds, part, have, wire_len = struct.unpack_from('=IIII', content, at)
        frames.append(Frame(seconds * 10**9 + part * unit, wire_len, content[at + 16:at + 16 + have]))
        at += 16 + have
    return frames


def find(frames, text, number=1):
    """The index of the frame whose TCP payload begins with `text`, for the `number`th time."""
    found = [index for index, frame in enumerate(frames) if frame.tcp_payload().startswith(text)]
    return found[number - 1]


def write(path, frames):
    """Microseconds, Ethernet, this machine's byte order; gzipped if the name ends so."""
    parts = [struct.pack('=IHHiIII', MICRO, 2, 4, 0, 0, 262144, ETHERNET)]
    for frame in frames:
        parts.append(struct.pack('=IIII', frame.time_ns // 10**9, frame.time_ns % 10**9 // 1000, len(frame.data), frame.wire_len))
        parts.append(frame.data)
    content = b''.join(parts)
    if path.name.endswith('.gz'):
        content = gzip.compress(content, mtime=0)
    path.write_bytes(content)


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack('>II', kind, len(body) + 12) + body + struct.pack('>I', len(body) + 12)


def option(code, value):
    return struct.pack('>HH', code, len(value)) + value + bytes(-len(value) % 4)


def write_pcapng(path, frames):
    """Big-endian, two interfaces with different clocks, each frame on one of them in turn, and blocks that a reader must skip."""
    end = option(0, b'')
    interfaces = [(option(2, b'eth0') + option(9, bytes([6])), 1000), (option(2, b'eth1') + option(9, bytes([9])), 1)]
    parts = [block(0x0a0d0d0a, struct.pack('>IHHq', 0x1a2b3c4d, 1, 0, -1) + option(1, b'recorded by tests/lab/record') + end)]
    for options, _ in interfaces:
        parts.append(block(1, struct.pack('>HHI', ETHERNET, 0, 0) + options + end))
    parts.append(block(4, struct.pack('>HH', 1, 9) + bytes([198, 51, 100, 2]) + b'ftp.\0' + bytes(3) + struct.pack('>HH', 0, 0)))
    for number, frame in enumerate(frames):
        which = number % 2
        stamp = frame.time_ns // interfaces[which][1]
        data = frame.data + bytes(-len(frame.data) % 4)
        options = option(1, b'the first one') + end if number == 0 else b''
        head = struct.pack('>IIIII', which, stamp >> 32, stamp & 0xffffffff, len(frame.data), frame.wire_len)
        parts.append(block(6, head + data + options))
    parts.append(block(0x7fff0001, b'a block that no reader knows'))
    parts.append(block(5, struct.pack('>III', 0, 0, 0)))
    path.write_bytes(b''.join(parts))
