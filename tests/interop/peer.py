#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A node made by hand, which says to another one what no module would say.

usage: peer.py ME PEER LOCKSPACE SCENARIO [ARGUMENT...]

ME, PEER: ID@ADDRESS; LOCKSPACE: its number.  With PEER_SCTP in the environment over SCTP.
Scenarios print "PASS text" or "FAIL text" for each thing that was looked at, and "DONE" in
the end:

  stranger          connect from an address that nobody knows
  talk              first contact, repeated and premature numbers, odd packets
  pieces            segments (of SCTP: messages) of one byte, and a lot in one
  framing           lengths that cannot be: the connection must end, the next one work
  member [OPTION...]  be a member, which is in every phase as far as anybody asks, until a
                    file /run/peer.stop appears.  lvblen=N flags=N: another configuration;
                    late=SECONDS: the first answer; oldseq: the first answer quotes an older
                    recovery; v31: version 3.1; lock=NAME: ask for NL, and unlock, when
                    there is a file /run/peer.go; greedy: from then on, ask, and read next to nothing

The peer must have the lockspace, and know ME's address if it is to answer.  Layouts are
written down once more on purpose (wire.md 4 to 7).
"""
import os
import select
import socket
import struct
import sys
import time

PORT = 21064
MSG, RCOM, OPTS, ACK, FIN = 1, 2, 3, 4, 5
STATUS, NAMES, STATUS_REPLY, NAMES_REPLY = 1, 2, 5, 6
REQUEST, UNLOCK, REQUEST_REPLY, UNLOCK_REPLY, LOOKUP = 1, 3, 5, 7, 11
SCTP = bool(os.environ.get("PEER_SCTP"))
SCTP_NODELAY = 3
WAIT = 20 * int(os.environ.get("TIME_FACTOR", "1"))
failed = 0


def check(ok, text, detail=""):
    global failed
    print("%s %s%s" % ("PASS" if ok else "FAIL", text, "" if ok or not detail else ": " + str(detail)),
          flush=True)
    failed += not ok
    return ok


def new_socket():
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP if SCTP else socket.IPPROTO_TCP)
    if SCTP:
        s.setsockopt(socket.IPPROTO_SCTP, SCTP_NODELAY, 1)
    else:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return s


class Packet:
    """A packet that came, without its envelope; seq is None if it had none."""

    def __init__(self, raw, seq=None):
        self.raw, self.seq = raw, seq
        self.version, self.ls, self.node, self.length, self.cmd, _ = struct.unpack("<IIIHBB", raw[:16])
        self.type = struct.unpack_from("<I", raw, 16)[0] if self.cmd in (MSG, RCOM) else 0
        if self.cmd == RCOM:
            self.result, self.id, self.rseq, self.reply = struct.unpack_from("<iQQQ", raw, 20)

    def field(self, offset):
        return struct.unpack_from("<i", self.raw, offset)[0]


class Peer:
    def __init__(self, me, peer, ls):
        self.id, self.addr = me.split("@")
        self.to, self.to_addr = peer.split(",")[0].split("@")
        self.id, self.to, self.ls = int(self.id), int(self.to), ls
        self.version, self.seq, self.next, self.rc_id = 0x00030002, 0, 0, 1000
        self.out, self.listener, self.links, self.acks, self.small = None, None, {}, [], False

    # --- bytes

    def listen(self):
        self.listener = new_socket()
        self.listener.bind((self.addr, PORT))
        self.listener.listen(8)

    def connect(self, limit=WAIT):
        end = time.monotonic() + limit
        while True:
            s = new_socket()
            if self.small:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            s.bind((self.addr, 0))
            s.settimeout(limit)
            try:
                s.connect((self.to_addr, PORT))
                break
            except OSError:
                s.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
        s.settimeout(None)
        self.out = s
        self.links[s] = b""

    def close(self):
        for s in self.links:
            s.close()
        self.links, self.out = {}, None

    def send(self, data):
        if self.out is None:
            self.connect()
        self.out.sendall(data)

    def receive(self, limit):
        """The next packet, or None; ACKs go to self.acks."""
        end = time.monotonic() + limit
        while True:
            for s in list(self.links):
                p = self.take(s)
                if p is not None:
                    return p
            left = end - time.monotonic()
            if left <= 0:
                return None
            watch = list(self.links) + ([self.listener] if self.listener else [])
            for s in select.select(watch, [], [], left)[0]:
                if s is self.listener:
                    self.links[s.accept()[0]] = b""
                    continue
                try:
                    data = s.recv(65536)
                except OSError:
                    data = b""
                if data:
                    self.links[s] += data
                    continue
                s.close()
                del self.links[s]
                if s is self.out:
                    self.out = None
                if not self.links and not self.listener:
                    return None

    def take(self, s):
        while len(self.links[s]) >= 16:
            data = self.links[s]
            length = struct.unpack_from("<H", data, 12)[0]
            if len(data) < length:
                return None
            self.links[s] = data[length:]
            p = Packet(data[:length])
            if p.cmd == ACK:
                self.acks.append(p.ls)
            elif p.cmd != OPTS:
                return p
            elif p.ls == self.next:
                self.next += 1
                self.ack()
                return Packet(data[24:length], p.ls)
            else:
                self.ack()
        return None

    def wait(self, cmd, kind, limit=WAIT):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            p = self.receive(end - time.monotonic())
            if p is None or (p.cmd, p.type) == (cmd, kind):
                return p
        return None

    # --- packets

    def header(self, length, cmd, word, node=None):
        return struct.pack("<IIIHBB", self.version, word, self.id if node is None else node, length, cmd, 0)

    def ack(self):
        self.send(self.header(16, ACK, self.next))

    def rcom(self, kind, result=0, rc_id=0, rseq=7, reply=0, body=b""):
        return (self.header(48 + len(body), RCOM, self.ls) +
                struct.pack("<IiQQQ", kind, result, rc_id, rseq, reply) + body)

    def status(self, ls=None):
        self.rc_id += 1
        keep, self.ls = self.ls, self.ls if ls is None else ls
        p = self.rcom(STATUS, rc_id=self.rc_id, body=b"" if self.version == 0x00030001 else bytes(16))
        self.ls = keep
        return p

    def msg(self, kind, lkid=0, remid=0, flags=0, name=b"", node=None, ls=None):
        return (self.header(88 + len(name), MSG, self.ls if ls is None else ls, node) +
                struct.pack("<14I", kind, self.to, 4711, lkid, remid, 0, 0, flags, 0, 1, 0,
                            hash_of(name) if name else 0, 0, 0xffffffff) +
                struct.pack("<iIIi", 0, 0, 3, 0) + name)

    def envelope(self, inner, seq=None):
        if self.version == 0x00030001:
            return inner
        if seq is None:
            seq, self.seq = self.seq, self.seq + 1
        return (self.header(24 + len(inner), OPTS, seq) + struct.pack("<BBHI", inner[14], 0, 0, 0) + inner)


def hash_of(k):
    """The hash of a name of at most 12 bytes (messages.md 2)."""
    def rol(x, n):
        return (x << n | x >> (32 - n)) & 0xffffffff
    s = [(0xdeadbeef + len(k)) & 0xffffffff] * 3
    for i, byte in enumerate(k):
        s[i // 4] = (s[i // 4] + (byte << 8 * (i % 4))) & 0xffffffff
    for i, n in enumerate((14, 11, 25, 16, 4, 14, 24)):
        x, y = (i + 2) % 3, (i + 1) % 3
        s[x] = ((s[x] ^ s[y]) - rol(s[y], n)) & 0xffffffff
    return s[2]


# --- scenarios

def stranger(p):
    p.connect()
    p.out.settimeout(WAIT)
    try:
        data = p.out.recv(1)
    except ConnectionResetError:
        data = b""
    except socket.timeout:
        data = None
    check(data == b"", "02: a connection from an unknown address ends", data)


def is_quiet(p, text, acks=0):
    """Nothing comes but, in the end, so many ACKs."""
    got = p.receive(1)
    end = time.monotonic() + WAIT
    while got is None and p.out is not None and len(p.acks) < acks and time.monotonic() < end:
        got = p.receive(0.2)
    check(got is None and p.out is not None, text, got and got.raw.hex())


def talk(p):
    p.send(p.status(0x12345678))
    r = p.wait(RCOM, STATUS_REPLY)
    check(r is not None, "09: an answer for a lockspace that is not there")
    if r:
        check(len(r.raw) == 80 and r.result == -3, "09: not ready", r.raw.hex())
        check(r.id == p.rc_id and r.reply == 7 and r.ls == 0x12345678, "09: it quotes the question", r.raw.hex())
        check(r.field(48) == -1, "09: with a length of -1", r.field(48))
        # stock nodes do the latter; ours repeats nothing that is asked for again anyway
        check(r.seq in (None, 0), "09: without envelope, or in one with number 0", r.seq)
    p.send(p.status())
    r = p.wait(RCOM, STATUS_REPLY)
    check(r is not None and r.seq is None and r.field(48) == 32, "09: an answer for one that is there")
    # a purge of nobody's orphans: executed, and not answered
    nothing = p.msg(14)
    p.send(p.envelope(nothing))
    is_quiet(p, "11: number 0 is taken")
    p.acks.clear()
    p.send(p.envelope(nothing, 0))
    is_quiet(p, "15: a repeated packet is not answered", 1)
    check(p.acks == [1], "15: but acknowledged", p.acks)
    p.acks.clear()
    p.send(p.envelope(nothing, 0) * 3)
    is_quiet(p, "15: three of them are not", 1)
    check(len(p.acks) >= 1 and set(p.acks) == {1}, "15: but acknowledged", p.acks)
    p.acks.clear()
    p.send(p.envelope(nothing, 1000))
    is_quiet(p, "16: a number that is too high is dropped")
    check(1001 not in p.acks, "16: and not acknowledged", p.acks)
    odd(p, nothing)


def taken(p, nothing, text):
    """The next number is taken: its repetition is acknowledged."""
    p.send(p.envelope(nothing))
    p.acks.clear()
    p.send(p.envelope(nothing, p.seq - 1))
    is_quiet(p, text, 1)
    check(p.acks and p.acks[-1] == p.seq, text + ", and acknowledged", (p.acks, p.seq))


def odd(p, nothing):
    taken(p, nothing, "16: the right one is taken")
    p.send(p.envelope(p.msg(14, node=p.id + 100)))
    taken(p, nothing, "18: after a wrong node id")
    p.send(p.envelope(p.msg(LOOKUP, lkid=1, name=b"odd", ls=0x12345678)))
    taken(p, nothing, "18: after an unknown lockspace")
    p.send(p.header(20, OPTS, p.seq) + bytes(4))
    taken(p, nothing, "18: after an envelope that is too short")
    p.send(p.header(24 + 16, OPTS, p.seq) + struct.pack("<BBHI", 9, 0, 0, 0) + p.header(16, 9, 0))
    taken(p, nothing, "18: after an unknown command")
    p.send(nothing)
    taken(p, nothing, "18: after a message without an envelope")
    p.version = 0x00030003
    p.send(p.status())
    p.version = 0x00030002
    taken(p, nothing, "18: after an unknown version")
    p.send(p.envelope(p.msg(77)))
    taken(p, nothing, "18: after an unknown message")
    p.send(p.status())
    check(p.wait(RCOM, STATUS_REPLY) is not None, "18: questions are answered as before")


def pieces(p):
    data = p.status()
    for i in range(len(data)):
        p.send(data[i:i + 1])
        time.sleep(0.002)
    r = p.wait(RCOM, STATUS_REPLY)
    check(r is not None and r.id == p.rc_id, "13: a packet in segments of one byte")
    first, data = p.rc_id + 1, b""
    while len(data) < 65536:
        data += p.status()
    p.out.sendall(data)
    want = list(range(first, p.rc_id + 1))
    got = []
    while len(got) < len(want):
        r = p.wait(RCOM, STATUS_REPLY)
        if r is None:
            break
        got.append(r.id)
    check(got == want, "13: 64 KiB at once, %d answers in order" % len(want), len(got))


def framing(p):
    for length in (15, 4097):
        p.send(p.header(length, RCOM, 0) + bytes(8192))
        end = time.monotonic() + WAIT
        while p.out is not None and time.monotonic() < end:
            try:
                p.receive(1)
            except OSError:
                break
        check(p.out is None, "18: a length of %d ends the connection" % length)
        p.close()
        p.send(p.status())
        r = p.wait(RCOM, STATUS_REPLY)
        check(r is not None and r.id == p.rc_id, "18: the next one works")


class Member:
    def __init__(self, p, options):
        self.p = p
        self.opt = dict((o.split("=") + ["1"])[:2] for o in options)
        self.answers = self.polls = 0
        self.start = None

    def status_reply(self, q, reply):
        body = struct.pack("<IIIHHIIQ", int(self.opt.get("lvblen", 32)), int(self.opt.get("flags", 0)),
                           0, 0, 0, 0, 0, 0)
        return self.p.rcom(STATUS_REPLY, result=0x55, rc_id=q.id, reply=reply, body=body)

    def answer(self, q):
        if q.cmd == RCOM and q.type == STATUS and q.ls == self.p.ls:
            self.polls += 1
            if self.polls == 1 and "late" in self.opt:
                time.sleep(float(self.opt["late"]))
            if self.polls == 1 and "oldseq" in self.opt:
                self.p.send(self.status_reply(q, q.rseq - 1))
                return
            self.p.send(self.status_reply(q, q.rseq))
            self.answers += 1
        elif q.cmd == RCOM and q.type == NAMES:
            r = self.p.rcom(NAMES_REPLY, rc_id=q.id, reply=q.rseq, body=b"\xff\xff")
            # bare from a node that asks so: it knows both
            self.p.send(r if q.seq is None else self.p.envelope(r))

    def lock(self, name):
        p = self.p
        p.send(p.envelope(p.msg(LOOKUP, lkid=5, name=name)))
        r = self.until(REQUEST_REPLY)
        if not check(r is not None and r.field(84) == 0, "17: a lock is granted", r and r.field(84)):
            return
        check((r.seq is None) == (p.version == 0x00030001), "17: the answer has its envelope, or none", r.seq)
        check(r.field(32) == 5, "17: it names the lock", r.field(32))
        p.send(p.envelope(p.msg(UNLOCK, lkid=5, remid=r.field(28))))
        r = self.until(UNLOCK_REPLY)
        check(r is not None and r.field(84) == -65538, "17: and unlocked", r and r.field(84))

    def greedy(self):
        """Ask for what is answered at once, as fast as that is read.

        Who reads nothing at all is not heard any more soon: his connection ends."""
        p, rest, asked, last = self.p, b"", 0, 0
        while not os.path.exists("/run/peer.stop"):
            if time.monotonic() > last + 1:
                if select.select([p.out], [], [], 0)[0]:
                    p.out.recv(65536)
                last = time.monotonic()
            if not rest:
                rest = b"".join(p.envelope(p.msg(UNLOCK, lkid=5, remid=0x7fffff00)) for _ in range(500))
                asked += 500
                if asked % 10000 == 0:
                    print("asked %d" % asked, flush=True)
            if not select.select([], [p.out], [], 0.5)[1]:
                continue
            try:
                rest = rest[p.out.send(rest):]
            except OSError as e:
                print("ended: %s" % e, flush=True)
                break

    def until(self, kind):
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            q = self.p.receive(1)
            if q and q.cmd == MSG and q.type == kind:
                return q
            if q:
                self.answer(q)
        return None

    def run(self):
        last = time.monotonic()
        name = self.opt.get("lock", "").encode()
        print("ready", flush=True)
        while not os.path.exists("/run/peer.stop"):
            q = self.p.receive(0.2)
            if q:
                last = time.monotonic()
                self.answer(q)
            if not self.answers or not os.path.exists("/run/peer.go"):
                continue
            if "greedy" in self.opt:
                self.greedy()
                break
            if name and not q:
                self.lock(name)
                name = b""
        check(self.polls > 0, "it was asked %d times" % self.polls)


def main():
    if len(sys.argv) < 5:
        print(__doc__)
        return 2
    p = Peer(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    what, options = sys.argv[4], sys.argv[5:]
    if what == "member":
        if "v31" in options:
            p.version = 0x00030001
        p.listen()
        p.small = "greedy" in options
        # somebody has to say the first word
        p.send(p.status())
        Member(p, options).run()
    elif what in ("stranger", "talk", "pieces", "framing"):
        globals()[what](p)
    else:
        return 2
    print("DONE %s" % what, flush=True)
    return failed != 0


sys.exit(main())
