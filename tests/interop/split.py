#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Connections to a node's port come here (nft redirect) and go on to where they were going,
in other pieces.

usage: split.py PORT bytes|lumps	in the background; prints "pid PID"

bytes: a segment for each byte; lumps: what came within a moment in one piece.
"""
import os
import select
import socket
import struct
import sys
import threading
import time

MARK = 99           # the redirection leaves it alone


def pump(src, dst, how):
    try:
        while True:
            data = src.recv(65536)
            if not data:
                break
            if how == "lumps":
                end = time.monotonic() + 0.03
                while len(data) < 65536 and time.monotonic() < end:
                    if select.select([src], [], [], 0.03)[0]:
                        more = src.recv(65536)
                        if not more:
                            break
                        data += more
                dst.sendall(data)
                continue
            for i in range(len(data)):
                dst.send(data[i:i + 1])
    except OSError:
        pass
    # an end of either kind is passed on as a reset, which loses nothing for ever
    for s in src, dst:
        try:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(conn, how):
    raw = conn.getsockopt(socket.IPPROTO_IP, 80, 16)       # SO_ORIGINAL_DST
    port, addr = struct.unpack_from("!2xH4s", raw)
    out = socket.socket()
    out.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
    try:
        out.bind((conn.getpeername()[0], 0))
        out.connect((socket.inet_ntoa(addr), port))
    except OSError:
        conn.close()
        return
    for s in conn, out:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threads = [threading.Thread(target=pump, args=a) for a in ((conn, out, how), (out, conn, how))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    conn.close()
    out.close()


def main():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", int(sys.argv[1])))
    listener.listen(16)
    if os.fork():
        os._exit(0)
    os.setsid()
    print("pid %d" % os.getpid(), flush=True)
    null = os.open("/dev/null", os.O_RDWR)
    for fd in range(3):
        os.dup2(null, fd)
    while True:
        conn = listener.accept()[0]
        threading.Thread(target=serve, args=(conn, sys.argv[2]), daemon=True).start()


main()
