#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""wire_test - whether raw_wire, which says what went over the wire in interop tests, sees
what no node may say.

usage: wire_test.py RAW_WIRE

A conversation of two nodes is made, over TCP and over SCTP, and read by "raw_wire read":
as it should be, and with one thing wrong.  Each time exactly the lines that begin with BAD or
HOLE must come that belong to it.
"""
import struct
import subprocess
import sys
import tempfile

PORT, MY = 21064, 40000
V32, V31, V33 = 0x00030002, 0x00030001, 0x00030003
MSG, RCOM, OPTS, ACK, FIN = 1, 2, 3, 4, 5
LOOKUP, CONVERT, STATUS = 11, 2, 1
FIRST = 0xFFFFFFF0  # numbers of the stream go around zero


def head(command, length, node=1, word=0x77, version=V32):
    return struct.pack("<IIIHBB", version, word, node, length, command, 0)


def message(kind=CONVERT, name=b"", hash_=0, node=1):
    body = struct.pack("<II", kind, node)
    body += bytes(60 - 24) + struct.pack("<I", hash_) + bytes(88 - 64)
    return head(MSG, 88 + len(name), node) + body + name


def recovery(kind=STATUS, node=1):
    return head(RCOM, 48, node) + struct.pack("<I", kind) + bytes(28)


def envelope(number, inner, node=1, **wrong):
    inside = wrong.get("inside", inner[14])
    length = 24 + len(inner) + wrong.get("more", 0)
    return (head(OPTS, length, wrong.get("of", node), number, wrong.get("version", V32))
            + struct.pack("<BBHI", inside, 0, 0, 0) + inner + bytes(wrong.get("more", 0)))


def ack(number, node=2):
    return head(ACK, 16, node, number)


class Tape:
    """packets of two nodes, as tcpdump writes them"""

    def __init__(self, sctp):
        self.my = MY
        self.sctp = sctp
        self.out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
        self.next = {1: FIRST, 2: FIRST}

    def frame(self, src, dst, data):
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(data), 0, 0, 64, 132 if self.sctp else 6, 0,
                         bytes((10, 0, 0, src)), bytes((10, 0, 0, dst)))
        data = bytes(12) + b"\x08\x00" + ip + data
        self.out.append(struct.pack("<IIII", len(self.out), 0, len(data), len(data)) + data)

    def ports(self, src):
        return (self.my, PORT) if src == 1 else (PORT, self.my)

    def opened(self):
        for src in (1, 2):
            self.next[src] = FIRST
            if self.sctp:
                chunk = struct.pack(">BBHIIHHI", 1 if src == 1 else 2, 0, 20, 1, 65536, 1, 1, FIRST)
                self.frame(src, 3 - src, struct.pack(">HHII", *self.ports(src), 0, 0) + chunk)
            else:
                self.segment(src, b"", FIRST - 1, 0x02 if src == 1 else 0x12)
        return self

    def ended(self, src, flags):
        """TCP: with FIN, or RST"""
        self.segment(src, b"", self.next[src], flags | 0x10)
        self.next[src] += flags & 1
        return self

    def another(self):
        """a connection from another port"""
        self.my += 1
        return self.opened()

    def segment(self, src, data, seq, flags=0x10):
        self.frame(src, 3 - src, struct.pack(">HHIIBBHHH", *self.ports(src), seq, self.next[3 - src], 0x50,
                                              flags, 0, 0, 0) + data)

    def chunks(self, src, *pairs):
        data = b""
        for tsn, piece in pairs:
            data += struct.pack(">BBHIHHI", 0, 3, 16 + len(piece), tsn, 0, 0, 0) + piece + bytes(-len(piece) % 4)
        self.frame(src, 3 - src, struct.pack(">HHII", *self.ports(src), 0, 0) + data)

    def said(self, src, data, cut=None, order=None, lost=()):
        """data in pieces of cut bytes, in another order, or not all of them"""
        cut = cut or max(len(data), 1)
        pieces = []
        for at in range(0, len(data), cut):
            piece = data[at:at + cut]
            pieces.append((self.next[src], piece))
            self.next[src] = (self.next[src] + (1 if self.sctp else len(piece))) & 0xFFFFFFFF
        for i in order or range(len(pieces)):
            if i in lost:
                continue
            if self.sctp:
                self.chunks(src, pieces[i])
            else:
                self.segment(src, pieces[i][1], pieces[i][0])
        return self

    def read(self, program):
        with tempfile.NamedTemporaryFile() as f:
            f.write(b"".join(self.out))
            f.flush()
            done = subprocess.run([program, "read", f.name], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.splitlines()


GOOD = [envelope(0, recovery()), envelope(1, message()), envelope(2, message(LOOKUP, b"foo", 0xE18F6896))]


def stories(sctp):
    """(what is odd, tape, odd lines without their time, how many packets were understood)"""
    def t():
        return Tape(sctp).opened()

    def one(data):
        return t().said(1, GOOD[0]).said(1, data)

    yield "nothing", t().said(1, b"".join(GOOD)).said(2, ack(3)), [], 4
    yield "nothing, in bytes", t().said(1, b"".join(GOOD), cut=1), [], 3
    yield "repetition", t().said(1, b"".join(GOOD)).said(1, GOOD[1]), [], 4
    yield ("numbers go on after a new connection", t().said(1, GOOD[0]).opened().said(1, envelope(5, message())),
           [], 2)
    fin = envelope(1, head(FIN, 16, word=0))
    yield "after the end from 0", one(fin).said(1, fin).said(1, GOOD[0]).said(1, GOOD[1]), [], 5
    yield "after the end", one(fin).said(1, GOOD[2]), ["BAD 1>2 number 2 after FIN"], 3
    yield "number left out", one(envelope(2, message())), ["BAD 1>2 number 2 after 0"], 2
    yield "ACK of what was not sent", one(b"").said(2, ack(2)), ["BAD 2>1 ACK 2, next is 1"], 2
    yield "old version", one(envelope(1, message(), version=V31)), [], 2
    yield "version", one(envelope(1, message(), version=V33)), ["BAD 1>2 version 00030003"], 2
    yield "node", one(envelope(1, message(), of=3)), ["BAD 1>2 node id 3"], 2
    yield ("another kind inside", one(envelope(1, message(), inside=RCOM)),
           ["BAD 1>2 envelope of 112 bytes, inner 2 of 88 bytes"], 1)
    yield ("more inside", one(envelope(1, message(), more=8)),
           ["BAD 1>2 envelope of 120 bytes, inner 1 of 88 bytes"], 1)
    yield "kind", one(envelope(1, message(15))), ["BAD 1>2 message type 15"], 2
    yield "kind of recovery", one(envelope(1, recovery(9))), ["BAD 1>2 recovery message type 9"], 2
    yield "command", one(head(7, 16)), ["BAD 1>2 command 7 of 16 bytes"], 2
    yield "short", one(head(MSG, 80) + bytes(64)), ["BAD 1>2 command 1 of 80 bytes"], 2
    yield ("hash", one(envelope(1, message(LOOKUP, b"foo", 1))), ["BAD 1>2 hash 00000001 of a name of 3 bytes"],
           2)
    yield "length", one(head(MSG, 15)), ["BAD 1>2 length 15"], 1
    yield "long", one(head(MSG, 5000)), ["BAD 1>2 length 5000"], 1
    many = 24 + 88
    yield "other order", t().said(1, GOOD[1], cut=8, order=range(many // 8 - 1, -1, -1)).said(1, GOOD[2]), [], 2
    yield "another order", t().said(1, GOOD[1], cut=8, order=[*range(1, many // 8), 0]), [], 1
    # what does not come any more is given up after 4096 pieces
    yield ("lost", t().said(1, envelope(0, message()) * 40, cut=1, lost=(5,)).said(2, ack(1)),
           [f"HOLE 1>2 {4096 if sctp else 4097} missing"], 1)


    if not sctp:
        # what was not seen here, but by its receiver
        yield ("ACK of what was missed", t().said(1, GOOD[0]).said(1, GOOD[1], lost=(0,)).said(2, ack(2)), [], 2)
        yield ("ACK of what was missed before more", t().said(1, GOOD[0]).said(1, GOOD[1] + GOOD[2], cut=100, lost=(0,))
               .said(2, ack(3)), [], 2)
        # an end has a number of TCP's, but is nothing that was missed
        yield ("ACK of what was not sent, after an end", one(b"").ended(1, 0x01).said(2, ack(2)),
               ["BAD 2>1 ACK 2, next is 1"], 2)
        # what was missed before a reset excuses nothing on the next connection
        yield ("ACK of what was not sent, after a reset", t().said(1, GOOD[0]).said(1, GOOD[1], lost=(0,)).said(2, ack(1))
               .ended(1, 0x04).another().said(1, GOOD[1]).said(2, ack(5)), ["BAD 2>1 ACK 5, next is 2"], 4)


def odd_lines(lines):
    for line in lines:
        word = line.split(" ", 2)
        if word[0] in ("BAD", "HOLE"):
            yield f"{word[0]} {word[2]}"


def main():
    program, failed, number = sys.argv[1], 0, 0
    for sctp in (False, True):
        for name, tape, odd, packets in stories(sctp):
            lines = tape.read(program)
            got = list(odd_lines(lines))
            # what is BAD in the middle of a line is in it
            seen = sum(" seq=" in line or " ACK next=" in line for line in lines)
            number += 1
            if got != odd or seen != packets:
                failed += 1
                print(f"{'SCTP' if sctp else 'TCP'}, {name}: {got}, {seen} packets instead of {odd}, {packets}")
                print("    " + "\n    ".join(lines))
    print(f"{number - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
