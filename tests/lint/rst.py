# SPDX-License-Identifier: GPL-2.0
"""Syntax of reStructuredText. Usage: rst.py FILE...

Directives and roles that only Sphinx knows are left to Sphinx.
"""
import io
import re
import sys

from docutils.core import publish_doctree

SPHINX = re.compile(r'Unknown (directive type|interpreted text role)|No (directive|role) entry for')

bad = 0
for path in sys.argv[1:]:
    messages = io.StringIO()
    with open(path, encoding="utf-8") as f:
        publish_doctree(f.read(), source_path=path, settings_overrides={
            "report_level": 2, "halt_level": 6, "warning_stream": messages,
            "file_insertion_enabled": False, "raw_enabled": False})
    for line in messages.getvalue().splitlines():
        if re.search(r"\((WARNING|ERROR|SEVERE)/", line) and not SPHINX.search(line):
            print(line)
            bad = 1
sys.exit(bad)
