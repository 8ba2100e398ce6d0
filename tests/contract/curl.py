"""Every curl line of a page, in its order, against a service that is started as the page says: answered with the status that stands behind it.

usage: curl.py PAGE TREE     TREE is a folder with copies of examples/ and pipelines/, for this page alone
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import check, equal, main
from http_service import Service, key_line

PAGE, TREE = sys.argv[1:]
KEY = "only-for-this-test"
ADDRESS = "http://127.0.0.1:8080"


def blocks(text, kind):
    return re.findall(r"^```%s\n(.*?)^```" % kind, text, re.M | re.S)


def serve(name, more):
    """The shipped serve file on a free port; what needs a key goes to another one."""
    with open(os.path.join(TREE, "examples/serve/serve.yaml")) as file:
        text = file.read()
    check("listen: 127.0.0.1:8080" in text, "the shipped serve file listens elsewhere")
    folder = os.path.join(TREE, "examples/serve")
    pipelines = [os.path.join(folder, path) for path in re.findall(r"^ +- (\S+\.yaml)", text, re.M)]
    if more:
        pipelines.append(os.path.join(folder, "upload.yaml"))
    return Service(pipelines, "keys:\n" + key_line("ci", KEY, ["*:*"]) if more else "", name=name, cwd=TREE,
                   env={"PENSTOCK_DB": "Driver=SQLite3;Database=hr.db"})


def run_line(line, service):
    """The command without its comment: its status as a number, and its output."""
    command, _, wanted = line.rpartition("# ")
    check(re.fullmatch(r"[1-5][0-9][0-9]", wanted), "no status stands behind: " + line)
    command = command.replace(ADDRESS, "http://127.0.0.1:%d" % service.port).replace("curl ", "curl -w '\\n%{http_code}' ", 1)
    done = subprocess.run(["sh", "-c", command], cwd=TREE, env=dict(os.environ, KEY=KEY), stdin=subprocess.DEVNULL, capture_output=True)
    check(done.returncode == 0, "%s: curl exit %d %s" % (line, done.returncode, done.stderr.decode()))
    body, _, status = done.stdout.decode().rpartition("\n")
    equal(status, wanted, "%s: %s" % (line, body[:300]))
    return body


def like(shown, got, where):
    """What a page shows of an answer is in it; it may leave out members, and ids differ."""
    if isinstance(shown, dict):
        for name in shown:
            if name != "run_id":
                check(name in got, "%s has no %s" % (where, name))
                like(shown[name], got[name], where + "." + name)
    elif isinstance(shown, list):
        equal(len(got), len(shown), where)
        for i, (one, other) in enumerate(zip(shown, got)):
            like(one, other, "%s[%d]" % (where, i))
    else:
        equal(got, shown, where)


def test():
    with open(PAGE) as file:
        text = file.read()
    lines = [line for block in blocks(text, "sh") for line in block.splitlines() if re.match(r"\s*curl ", line) and ADDRESS in line]
    elsewhere = len(re.findall(r"^\s*curl ", text, re.M)) - len(lines)
    if not lines:
        print("%s: none" % os.path.basename(PAGE))
        return
    equal(elsewhere, 0, "curl lines of %s that no block marked sh has, or that do not ask %s" % (PAGE, ADDRESS))
    open_to_all, with_keys = serve("open", False), serve("keys", True)
    answers = {}
    for line in lines:
        answers[line] = run_line(line, with_keys if "$KEY" in line or "jobs-file" in line else open_to_all)
    batches = [answer for line, answer in answers.items() if "batch.json" in line]
    shown = [json.loads(block) for block in blocks(text, "json") if "rejects" in json.loads(block)]
    for answer in shown:
        check(batches, "%s shows an answer to a batch that it never sends" % PAGE)
        like(answer, json.loads(batches[0]), "the answer that %s shows" % os.path.basename(PAGE))
    open_to_all.stop()
    with_keys.stop()
    print("%s: %d lines, %d answers shown" % (os.path.basename(PAGE), len(lines), len(shown)))


main(test)
