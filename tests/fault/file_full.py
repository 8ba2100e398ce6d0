"""CSV and JSON files onto a full disk.

SPDX-License-Identifier: Apache-2.0
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, build_shim, check, equal, hr_data, main, penstock, run, tmp


def pipeline(sink, out):
    path = tmp(sink + ".yaml")
    with open(path, "w") as file:
        file.write("version: 1\nname: out\ndictionary: %s/examples/hr/datapackage.yaml\nparams:\n  data: {}\n  out: { default: \"%s\" }\nsteps:\n"
                   "  - source: { type: csv, path: \"${params.data}/departments.csv\", header: false }\n    rules: { table: departments }\n"
                   "    sink: { type: %s, path: \"${params.out}.departments\" }\n"
                   "  - source: { type: csv, path: \"${params.data}/jobs.csv\", header: false }\n    rules: { table: jobs }\n"
                   "    sink: { type: %s, path: \"${params.out}.jobs\" }\n" % (TOP, out, sink, sink))
    return path


def content(path):
    with open(path, "rb") as file:
        return file.read()


def failed(done, folder, before, what):
    equal(done.code, 5, "%s: %s" % (what, done.tail()))
    check("space" in done.err.lower(), "%s: the message says why: %s" % (what, done.err))
    equal(sorted(os.listdir(folder)), sorted(before), what + ": files")
    for name, was in before.items():
        equal(content(os.path.join(folder, name)), was, "%s: %s" % (what, name))


def test():
    shim = build_shim("shim_enospc")
    data = tmp("data")
    hr_data(data, 100, 3)
    hit = 0
    for sink in ("csv", "json"):
        folder = tmp("full." + sink)
        os.mkdir(folder)
        out = os.path.join(folder, "t")
        path = pipeline(sink, out)
        run(path, "--set", "data=" + data)
        size = os.path.getsize(out + ".departments")
        check(size > 100, "departments: %d bytes" % size)
        before = {name: b"of before: " + name.encode() for name in os.listdir(folder)}
        for name, was in before.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(was)
        for fits in (0, 1, size // 2, size - 1):
            done = penstock("run", path, "--set", "data=" + data, preload=shim, env={"SHIM_FULL_PATH": folder, "SHIM_FULL_AFTER": str(fits)})
            failed(done, folder, before, "%s, full after %d bytes" % (sink, fits))
            hit += 1
        # The first file fits, and stays: earlier steps do.
        done = penstock("run", path, "--set", "data=" + data, preload=shim, env={"SHIM_FULL_PATH": folder, "SHIM_FULL_AFTER": str(size)})
        before["t.departments"] = content(out + ".departments")
        equal(len(before["t.departments"]), size, "the first file")
        failed(done, folder, before, "%s, full in the second step" % sink)
        run(path, "--set", "data=" + data)
        check(content(out + ".jobs") != before["t.jobs"], "with room")
    print("full %d times" % hit)
    small = tmp("small")
    os.mkdir(small)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], capture_output=True).returncode:
        print("no small file system: mount is not allowed here")
        return
    try:
        hr_data(tmp("more"), 20000, 4)
        with open(os.path.join(small, "t"), "w") as file:
            file.write("of before\n")
        path = tmp("employees.yaml")
        with open(path, "w") as file:
            file.write("version: 1\nname: out\ndictionary: %s/examples/hr/datapackage.yaml\nsource: { type: csv, path: %s/hired_employees.csv, header: false }\n"
                       "rules: { table: hired_employees, check: types }\nsink: { type: csv, path: %s/t }\n"
                       "rejects: { type: jsonl, path: %s }\n" % (TOP, tmp("more"), small, tmp("rejects.jsonl")))
        failed(penstock("run", path), small, {"t": b"of before\n"}, "a file system of 64 KiB")
    finally:
        subprocess.run(["umount", small], capture_output=True)


main(test)
