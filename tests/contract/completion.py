"""usage: completion.py SHELL SCRIPT: a shell on a terminal, in which the tab key is pressed.

SPDX-License-Identifier: Apache-2.0
"""
import os
import pty
import select
import sys
import time

shell, script = sys.argv[1:]
START = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}[shell]
SETUP = {"bash": "source %s", "zsh": "autoload -U compinit; compinit -u -D; source %s"}[shell] % script
# What is typed before the tab key, and the words that the line then has; what is typed behind it is of the last one where no space was put in.
LINES = [
    ("vers", "version @"),
    ("run loa", "run load.yaml @"),
    ("run load.yaml --set mod", "run load.yaml --set mode=@"),
    ("run load.yaml --set mode=c", "run load.yaml --set mode=careful @"),
    ("run load.yaml --set data=dat", "run load.yaml --set data=data.csv @"),
    ("run load.yaml --log-format=j", "run load.yaml --log-format=json @"),
    ("runs list --state env:PENSTOCK_ASKED_A", "runs list --state env:PENSTOCK_ASKED_A @"),
    ("runs list --state load.yaml:mi", "runs list --state load.yaml:mirror @"),
    ("runs list --state file:dat", "runs list --state file:data.csv @"),
]

child, terminal = pty.fork()
if child == 0:
    os.execvpe(START[0], START, dict(os.environ, PS1="ready> ", PROMPT="ready> ", TERM="dumb", PENSTOCK_ASKED_A="1", PENSTOCK_ASKED_B="1"))


def wait_for(text):
    """What the terminal shows, until the text is there; the machine may be slow."""
    shown, end = b"", time.monotonic() + 120
    while text.encode() not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 65536)
    if text.encode() not in shown:
        sys.exit("FAIL: %s: %r did not come, but %r" % (shell, text, shown.decode(errors="replace")))


wait_for("ready> ")
os.write(terminal, (SETUP + "; echo lo''aded\n").encode())
wait_for("loaded\r\n")
for typed, wanted in LINES:
    os.write(terminal, b"penstock " + typed.encode() + b"\t@\n")
    wait_for("".join("[%s]" % word for word in wanted.split(" ")) + "\r\n")
os.write(terminal, b"exit\n")
os.close(terminal)
os.waitpid(child, 0)
print("%s: %d lines" % (shell, len(LINES)))
