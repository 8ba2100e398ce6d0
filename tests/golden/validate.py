"""Every file in tests/golden/validate says in its first lines what penstock must say of it.

  # says: LINE:COLUMN TEXT     a complaint at this place that holds TEXT (several lines: all of them); * is any
  # only                       and nothing else
  # fine                       nothing is wrong
  # warns: LINE:COLUMN TEXT    exit 0 with a warning; with --strict exit 2
SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import PENSTOCK, TOP, Failed, check, equal, main, penstock, tmp

PROGRAM = os.environ.get("PENSTOCK_SAN") or PENSTOCK


def says(done, name, line, column, text):
    line, column = (r"\d+" if number == "*" else number for number in (line, column))
    for said in (done.err + done.out).splitlines():
        if re.search(r"(^|[ /])%s:%s:%s: " % (re.escape(name), line, column), said) and text in said:
            return
    raise Failed("%s:%s:%s: ... %s  is not said, but\n%s" % (name, line, column, text, done.err + done.out))


def play(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
        head = [line[2:].strip() for line in file.read().splitlines()[:12] if line.startswith("# ")]
    wanted = [re.fullmatch(r"(says|warns): (\d+|\*):(\d+|\*) ?(.*)", line) for line in head]
    wanted = [match.groups() for match in wanted if match]
    fine = "fine" in head
    check(wanted or fine, "no line says what to expect")
    done = penstock("validate", name, cwd=folder, program=PROGRAM)
    errors = any(kind == "says" for kind, *_ in wanted)
    equal(done.code, 2 if errors else 0, "exit of validate: " + done.tail())
    for kind, line, column, text in wanted:
        says(done, name, line, column, text)
    if "only" in head:
        equal(len(re.findall(r"(?m)^(?:.*/)?%s:\d+:\d+: " % re.escape(name), done.err + done.out)), len(wanted), "complaints: " + done.tail())
    if not errors:
        strict = penstock("validate", "--strict", name, cwd=folder, program=PROGRAM)
        equal(strict.code, 2 if wanted else 0, "exit of validate --strict: " + strict.tail())
        for kind, line, column, text in wanted:
            says(strict, name, line, column, text)


def test():
    folder = tmp("validate")
    shutil.copytree(TOP + "/tests/golden/validate", folder)
    names = sorted(name for name in os.listdir(folder) if not name.startswith("good-"))
    failures = []
    for name in names:
        try:
            play(folder, name)
        except Failed as bad:
            failures.append("%s: %s" % (name, bad))
    # Made here, since they are too large or too strange to be kept.
    made = {
        "deep.yaml": (b"a: " + b"[" * 100 + b"]" * 100 + b"\n", None),
        "brackets.yaml": (b"[" * 100000, None),
        "large.yaml": (b"# x\n" * 300000, None),
        "bomb.yaml": (b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % ((c, c) + (c - 1,) * 9)
                                                            for c in range(ord("b"), ord("j"))), None),
        "binary.yaml": (bytes(range(256)) * 10, None),
        "empty.yaml": (b"", None),
        "nul.yaml": (b"version: 1\0\n", None),
    }
    for name, (content, _) in made.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
        try:
            done = penstock("validate", name, cwd=folder, program=PROGRAM, timeout=60)
            equal(done.code, 2, "exit: " + done.tail()[:500])
            check(name in done.err + done.out, "the message names the file: " + done.tail()[:500])
        except Failed as bad:
            failures.append("%s: %s" % (name, bad))
    for text in failures:
        print(text)
    print("%d files, %d failed" % (len(names) + len(made), len(failures)))
    check(not failures, "%d of %d" % (len(failures), len(names) + len(made)))


main(test)
