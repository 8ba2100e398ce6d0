"""Pipeline files by two judges: python3-jsonschema with `penstock schema pipeline`, and `penstock validate`.

Files are those of the tests, pipelines/ and examples/, and mutations of them: keys away, misspelled or added, values of other kinds. Both must
accept, or both refuse; where the program alone refuses, each of its complaints must be of a kind that tests/golden/pipeline_schema.txt lists
with its reason.
SPDX-License-Identifier: Apache-2.0
"""
import copy
import glob
import json
import os
import random
import re
import shutil
import sys

import jsonschema
import yaml

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import PENSTOCK, TOP, check, main, penstock, tmp  # noqa: E402

SCHEMA = json.load(open(sys.argv[1], encoding="utf-8"))
MUTATIONS = int(sys.argv[2])
PROGRAM = os.environ.get("PENSTOCK_SAN") or PENSTOCK
BATCH = 150  # files of one process


class Core(yaml.SafeLoader):
    """YAML as editors read it: the core schema of 1.2, and keys are texts and stand once."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in (("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"), ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
                            ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
                            ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+.0123456789")):
    Core.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile("^(?:%s)$" % pattern), list(first))


def mapping(loader, node):
    names = []
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value in names:
            raise yaml.YAMLError("a key that is no text, or stands twice")
        names.append(key.value)
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


def integer(loader, node):
    text = node.value.replace("0o", "0o")
    return int(text, 0) if text.lower().startswith(("0x", "0o")) else int(text)


Core.add_constructor("tag:yaml.org,2002:map", mapping)
Core.add_constructor("tag:yaml.org,2002:int", integer)


def read(path):
    """The document, or None where it is no YAML that the judges could differ over."""
    try:
        with open(path, encoding="utf-8") as file:
            return yaml.load(file.read(), Core)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        return None


# --- mutations ------------------------------------------------------------------------------------


def places(value, where=()):
    """Every member of every map and list: (path to the container, key)."""
    if isinstance(value, (dict, list)):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield where, key
            yield from places(value[key], where + (key,))


def at(document, where):
    for key in where:
        document = document[key]
    return document


OTHERS = [None, "", "x", 0, 1, -1, 7, 10 ** 12, 2.5, True, False, "true", "${PENSTOCK_DB}", "${NOT_THERE}", "$${literal}", [], ["a"], [[]], {},
          {"a": "b"}, {"rows": 5}, {"every": "1s"}, {"cron": "0 2 * * *"}, {"cron": "0 25 * *"}, {"url": "http://x"}, {"command": ["true"]}, {"command": [], "url": "y"}, "10s", "64KiB", "4 MiB", "2%", "101%", "auto", "step", "*", ";", "\t", "\\t", "ab", "odbc", "csv",
          "json", "avro", "http", "response", "all", "types", "append", "upsert", "replace", "jobs", "db", "05", "-0", "1e3"]
NAMES = ["type", "path", "table", "header", "delimiter", "quote", "trim", "once", "mode", "key", "commit", "create", "bulk", "connection", "check",
         "max_rejects", "on_violation", "columns", "rules", "sink", "source", "steps", "for_each", "rejects", "limits", "state", "params", "name",
         "description", "version", "dictionary", "connections", "default", "enum", "pattern", "request", "codec", "level", "query", "where", "url",
         "retries", "allow_hosts", "field", "keys", "connect", "lock_timeout", "lines", "pointer", "manifest", "folder", "unknown", "nmae",
         "schedule", "on_failure", "cron", "timezone", "overlap", "missed", "command"]


def mutate(document, chance):
    all_places = list(places(document))
    if not all_places:
        return
    where, key = chance.choice(all_places)
    container = at(document, where)
    kind = chance.randrange(7)
    if kind == 0:
        del container[key]
    elif kind == 1 and isinstance(container, dict):
        value = container.pop(key)
        container[key + chance.choice(["s", "_", "x"]) if chance.random() < 0.5 else chance.choice(NAMES)] = value
    elif kind == 2 and isinstance(container, dict):
        container[chance.choice(NAMES)] = copy.deepcopy(chance.choice(OTHERS))
    elif kind == 3 and isinstance(container[key], dict):
        container[key][chance.choice(NAMES)] = copy.deepcopy(chance.choice(OTHERS))
    elif kind == 4:
        container[key] = [container[key]]
    else:
        container[key] = copy.deepcopy(chance.choice(OTHERS))


# --- the two judges -------------------------------------------------------------------------------


def by_program(folder, names):
    """name -> the errors of the program, without their places."""
    said, fine = {name: [] for name in names}, set()
    for begin in range(0, len(names), BATCH):
        part = names[begin:begin + BATCH]
        done = penstock("validate", *part, cwd=folder, program=PROGRAM, env={"PENSTOCK_DB": "Driver=SQLite3;Database=x.db", "HR_API_TOKEN": "x"})
        check(done.code in (0, 2), "exit of validate: " + done.tail())
        for line in (done.err + done.out).splitlines():
            match = re.match(r"(.+?\.ya?ml)(?::\d+:\d+)?: (?!warning|ok\b)(.*)", line)
            if match and match.group(1) in said:
                said[match.group(1)].append(match.group(2))
            elif re.match(r".+\.ya?ml: ok\b", line):
                fine.add(line.split(": ok")[0])
    for name in names:
        check((name in fine) != bool(said[name]) or name not in fine, name + ": ok, and yet " + "; ".join(said[name]))
        if name not in fine and not said[name]:
            said[name].append("its dictionary is refused")
    return said


def kinds():
    out = []
    with open(os.path.join(TOP, "tests/golden/pipeline_schema.txt"), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("#") or not line.strip():
                continue
            pattern, reason = line.rstrip("\n").split("\t")
            check(len(reason) > 10, "pipeline_schema.txt:%d: no reason" % number)
            out.append((re.compile(pattern), number))
    return out


def test():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    judge = jsonschema.Draft7Validator(SCHEMA)
    folder = tmp("files")
    for part in ("pipelines", "examples", "tests/golden/config", "tests/golden/validate"):
        shutil.copytree(os.path.join(TOP, part), os.path.join(folder, part))
    # The shipped example in files of their own folder, so that mutations find what they name.
    found = sorted(glob.glob(folder + "/**/*.yaml", recursive=True) + glob.glob(folder + "/**/*.yml", recursive=True))
    documents = {}
    for path in found:
        document = read(path)
        if document is None or not isinstance(document, dict) or "resources" in document or "listen" in document or "pipelines" in document:
            continue
        documents[os.path.relpath(path, folder)] = document
    check(len(documents) > 60, "only %d pipeline files" % len(documents))
    chance = random.Random(6)
    # Mutations stand beside what they were, in JSON, which is YAML too and leaves no doubt about types.
    good = [name for name in documents if judge.is_valid(documents[name])]
    for number in range(MUTATIONS):
        base = chance.choice(good)
        document = copy.deepcopy(documents[base])
        for _ in range(1 if chance.random() < 0.7 else 2):
            mutate(document, chance)
        name = os.path.join(os.path.dirname(base), "mutation%05d.yaml" % number)
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump(document, file)
        documents[name] = document
    said = by_program(folder, sorted(documents))
    listed, occurred, failures = kinds(), set(), []
    both_accept = both_refuse = alone = 0
    for name in sorted(documents):
        errors = [error.message for error in judge.iter_errors(documents[name])]
        complaints = said[name]
        text = json.dumps(documents[name])[:600]
        if errors and not complaints:
            failures.append("%s: the schema alone refuses: %s\n  %s" % (name, errors[0][:200], text))
        elif complaints and not errors:
            alone += 1
            for complaint in complaints:
                hits = [number for pattern, number in listed if pattern.search(complaint)]
                occurred.update(hits)
                if not hits:
                    failures.append("%s: the program alone refuses: %s\n  %s" % (name, complaint, text))
        elif errors:
            both_refuse += 1
        else:
            both_accept += 1
    check(not failures, "%d differ:\n%s" % (len(failures), "\n".join(failures[:600])))
    check(both_refuse > MUTATIONS / 3 and both_accept > MUTATIONS / 20, "mutations are one-sided: %d, %d" % (both_refuse, both_accept))
    print("%d files: both accept %d, both refuse %d; the program alone %d, for %d of %d kinds of reasons"
          % (len(documents), both_accept, both_refuse, alone, len(occurred), len(listed)))


main(test)
