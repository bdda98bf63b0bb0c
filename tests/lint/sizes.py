# SPDX-License-Identifier: GPL-2.0
"""File and function lengths. Usage: sizes.py ALLOW FILE...

ALLOW holds "FILE:FUNCTION reason" or "FILE reason" lines.
"""
import re
import sys

MAX_FILE, MAX_FUNCTION = 900, 80


def allow_list(path):
    allow = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, _, reason = line.strip().partition(" ")
                if not reason:
                    sys.exit(f"{path}: {name} has no reason")
                allow[name] = False
    return allow


def functions(lines):
    """Name and length of every function: kernel style has its braces in column 0."""
    start = 0
    for i, line in enumerate(lines):
        if line.startswith("{"):
            start = i
        elif line.startswith("}") and start:
            head = "".join(lines[max(0, start - 12):start])
            head = re.split(r"\n\n|;\n|\n}\n|\*/\n", head)[-1]
            name = re.search(r"(\w+)\s*\(", head)
            yield (name.group(1) if name else "?"), i - start + 1
            start = 0


allow = allow_list(sys.argv[1])
bad = 0
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as f:
        lines = f.readlines()
    over = [(path, len(lines), MAX_FILE)]
    if path.endswith((".c", ".h")):
        over += [(f"{path}:{n}", size, MAX_FUNCTION) for n, size in functions(lines)]
    for name, size, limit in over:
        if size <= limit:
            continue
        if name in allow:
            allow[name] = True
            continue
        print(f"{name}: {size} lines, at most {limit}")
        bad = 1
for name, used in allow.items():
    if not used:
        print(f"{sys.argv[1]}: {name} needs no exception any more")
        bad = 1
sys.exit(bad)
