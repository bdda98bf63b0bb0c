# SPDX-License-Identifier: GPL-2.0
"""Every header has an include guard or is a trace header. Usage: guards.py HEADER..."""
import re
import sys

bad = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    guard = re.search(r"^#if(?:ndef|\s+!defined\()\s*\(?(\w+)", text, re.M)
    if not guard or not re.search(rf"^#define\s+{guard.group(1)}\b", text, re.M):
        print(f"{path}: no include guard")
        bad = 1
sys.exit(bad)
