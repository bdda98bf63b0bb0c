#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""referee_test - whether the referee of raw_stress, which judges random operations on many
nodes, sees what must not be.

usage: referee_test.py RAW_STRESS

Nodes are made that tell it of modes and value blocks that fit, and that do not.
"""
import os
import signal
import socket
import struct
import subprocess
import sys

CLAIM, WITHDRAW, STORE, BEGIN, STOP, GO, QUIT, DEAD, UNSURE, SURE, COUNT, ERRORS = range(1, 13)
NL, CR, CW, PR, PW, EX = range(6)
# by the mode that is held, then by the one that is wanted
TOGETHER = ("111111", "111110", "111000", "110100", "110000", "100000")
GOOD, BAD = True, False
CALL = struct.Struct("7i32s")
VERDICT = struct.Struct("iil96s")


class Node:
    """a process on a node: what it says, and whether the referee minded"""

    def __init__(self, port, number):
        self.number = number
        self.line = socket.create_connection(("127.0.0.1", port))

    def ask(self, what, slot=0, res=0, mode=0, check=0, invalid=0, lvb=b""):
        self.line.sendall(CALL.pack(what, self.number, slot, res, mode, check, invalid, lvb))
        return VERDICT.unpack(self.line.recv(VERDICT.size, socket.MSG_WAITALL))

    def claims(self, mode, **more):
        return bool(self.ask(CLAIM, mode=mode, **more)[0])

    def tells(self, what, **more):
        return bool(self.ask(what, **more)[0])


def stories(a, b, port):
    """(what was said, what the referee said of it, what it should)"""
    for held in range(6):
        for wanted in range(6):
            a.claims(held)
            yield f"{wanted} beside {held}", b.claims(wanted), TOGETHER[held][wanted] == "1"
            yield f"{EX} elsewhere", b.claims(EX, res=1, slot=1), GOOD
            for node in (a, b):
                node.tells(WITHDRAW)
                node.tells(WITHDRAW, slot=1)
    yield "another slot of one node", a.claims(EX) and a.claims(EX, slot=1), BAD
    a.tells(WITHDRAW, slot=1)
    yield "the same lock", a.claims(EX), GOOD
    a.tells(WITHDRAW)
    yield "who has withdrawn", b.claims(EX), GOOD
    yield "who stays", a.claims(PR), BAD
    b.tells(DEAD)
    a.tells(WITHDRAW)
    yield "who is dead", a.claims(EX), GOOD
    a.tells(STORE, lvb=b"new")
    yield "who has stored", b.claims(PR, check=1, lvb=b"new"), GOOD
    yield "an old block", a.claims(PR, check=1, lvb=b"old"), BAD
    yield "a block that is not judged", a.claims(PR, lvb=b"old"), GOOD
    yield "a block that is not valid", a.claims(PR, check=1, lvb=b"new", invalid=1), BAD
    b.tells(UNSURE)
    yield "a block that may be lost", a.claims(PR, check=1, lvb=b"old"), GOOD
    b.tells(STORE, lvb=b"new")
    yield "one that was stored meanwhile", a.claims(PR, check=1, lvb=b"old"), GOOD
    b.tells(SURE)
    b.tells(STORE, lvb=b"newer")
    yield "one that was stored later", a.claims(PR, check=1, lvb=b"new"), BAD
    a.tells(WITHDRAW)
    gone = Node(port, 3)
    gone.claims(EX)
    gone.line.close()
    # the referee looks at all lines at once, so it may hear of the end a moment later
    while not a.claims(EX):
        b.tells(COUNT)
    yield "whose line is closed", a.claims(EX), GOOD


def main():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    # it goes on in the background, with this pipe
    with subprocess.Popen([sys.argv[1], "referee", f"127.0.0.1:{port}"], stdout=subprocess.PIPE) as began:
        referee = int(began.stdout.readline().split()[1])
    number = failed = violations = 0
    try:
        a, b = Node(port, 1), Node(port, 2)
        for name, said, right in stories(a, b, port):
            number += 1
            if said != right:
                failed += 1
                print(f"{name}: {'fine' if said else 'a violation'}")
            violations += not said
        number += 1
        # the last story may have had more than one
        if a.ask(ERRORS)[2] < violations:
            failed += 1
            print("violations are not counted")
    finally:
        os.kill(referee, signal.SIGTERM)
    print(f"{number - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
