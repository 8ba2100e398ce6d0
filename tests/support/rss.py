"""Runs a command and writes its peak resident memory in KiB into a file; small, since a child begins with its parent's peak.

usage: python3 -S rss.py FILE COMMAND...      exit status of the command, 128 + N where a signal ended it
SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

child = os.fork()
if child == 0:
    try:
        os.execvp(sys.argv[2], sys.argv[2:])
    finally:
        os._exit(127)
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as out:
    out.write("%d\n" % usage.ru_maxrss)
code = os.waitstatus_to_exitcode(status)
os._exit(code if code >= 0 else 128 - code)
