# SPDX-License-Identifier: GPL-2.0
"""Who may include whom. Usage: layers.py FILE..., paths from the project's top."""
import os
import re
import sys

ROOMS = ("dlm_core", "dlm_user", "dlm_lowcomms", "include", "kunit")
# the room of the including file -> rooms of this project it may include from
MAY = {
    "include": {"include"},
    "dlm_core": {"include", "dlm_core"},
    "dlm_user": {"include", "dlm_user"},
    "dlm_lowcomms": {"include", "dlm_lowcomms"},
    "kunit": set(ROOMS),
}
# the one file that wires the three together
WIRING = "dlm_core/main.c"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]')


def target(path, kind, name):
    """The project file that an include means, or None if it is the kernel's."""
    tries = ["include/" + name]
    if kind == '"':
        tries.insert(0, os.path.normpath(os.path.join(os.path.dirname(path), name)))
    tries.append(name)
    for t in tries:
        if t.split("/")[0] in ROOMS and os.path.exists(t):
            return t
    first = name.replace("../", "").split("/")[0]
    if first in ROOMS or first == "dlm":
        return None if first == "dlm" and kind == "<" else name.replace("../", "")
    return None


def allowed(path, dest):
    room, other = path.split("/")[0], dest.split("/")[0]
    if path == WIRING:
        return other != "kunit"
    # the reference model is no check if it knows the engine
    if room == "kunit" and "model" in os.path.basename(path):
        return other in ("include", "kunit")
    return other in MAY[room]


bad = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            m = INCLUDE.match(line)
            dest = m and target(path, m.group(1), m.group(2))
            if dest and not allowed(path, dest):
                print(f"{path}:{number}: may not include {dest}")
                bad = 1
sys.exit(bad)
