#!/bin/sh
# The command line: every command has its help, slips are exit 2 with a hint, output that is lost is noticed, JSON is JSON.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
need python3
cd "$TOP" || fail "no $TOP"
penstock=${PENSTOCK_SAN:-$PENSTOCK}
unset PENSTOCK_DB
dictionary=examples/hr/datapackage.yaml
pipeline=pipelines/migrate.yaml

# hint STATUS WORDS COMMAND...: that exit status, WORDS on stderr, nothing on stdout.
hint() {
    hint_status=$1 hint_words=$2
    shift 2
    expect_exit "$hint_status" "$@"
    expect_in "$TESTTMP/err" "$hint_words"
    [ ! -s "$TESTTMP/out" ] || fail "output in spite of an error: $*"
}

# --- help -----------------------------------------------------------------------------------------
expect_exit 2 "$penstock"
expect_in "$TESTTMP/err" "usage: penstock COMMAND"
expect_exit 0 "$penstock" --help
cp "$TESTTMP/out" "$TESTTMP/help"
for spelling in -h help; do
    expect_exit 0 "$penstock" $spelling
    expect_same "$TESTTMP/out" "$TESTTMP/help" "penstock $spelling"
done
# helped COMMAND...: its help has all parts, in at most 80 columns, however it is asked for.
helped() {
    expect_exit 0 "$penstock" "$@" --help
    cp "$TESTTMP/out" "$TESTTMP/one"
    expect_in "$TESTTMP/one" "usage: penstock $*"
    [ "$(wc -L <"$TESTTMP/one")" -le 80 ] || fail "$* --help: a line of more than 80 columns"
    for spelling in "$* -h" "help $*"; do
        # shellcheck disable=SC2086
        expect_exit 0 "$penstock" $spelling
        expect_same "$TESTTMP/out" "$TESTTMP/one" "penstock $spelling"
    done
}
# The names behind "commands:" in a help.
named() {
    sed -n '/^commands:/,/^$/s/^  \([a-z][a-z-]*\).*/\1/p' "$1"
}
named "$TESTTMP/help" >"$TESTTMP/commands"
expect_eq "$(tr '\n' ' ' <"$TESTTMP/commands")" \
    "run validate test plan check rules schema rejects runs purge compare verify discover serve schedule keys connectors completion version help " "the commands"
while read -r command; do
    helped "$command"
    named "$TESTTMP/one" >"$TESTTMP/subcommands"
    if [ -s "$TESTTMP/subcommands" ]; then
        hint 2 "which $command command?" "$penstock" "$command"
        hint 2 "unknown $command command \"xyzzy\"" "$penstock" "$command" xyzzy
        while read -r sub; do
            helped "$command" "$sub"
            echo "$command $sub" >>"$TESTTMP/all"
        done <"$TESTTMP/subcommands"
    else
        echo "$command" >>"$TESTTMP/all"
    fi
done <"$TESTTMP/commands"
while read -r command; do
    # shellcheck disable=SC2086
    expect_exit 0 "$penstock" help $command
    for part in "options:" "exit codes:" "examples:"; do
        expect_in "$TESTTMP/out" "$part"
    done
    # shellcheck disable=SC2086
    hint 2 "unknown option --hlep (did you mean --help?)" "$penstock" $command --hlep
    # shellcheck disable=SC2086
    hint 2 "try \"penstock $command --help\"" "$penstock" $command --hlep
    # Each option of the help is in a manual page, too (its dashes are written \-).
    sed -n '/^options:/,/^$/s/^  --\([a-z-]*\).*/\1/p' "$TESTTMP/out" >"$TESTTMP/options"
    while read -r option; do
        sed 's/\\-/-/g' man/penstock.1 man/penstock-run.1 | grep -qF -e "--$option" || fail "no manual page knows --$option of $command"
    done <"$TESTTMP/options"
done <"$TESTTMP/all"

# --- slips ----------------------------------------------------------------------------------------
hint 2 'unknown command "rnu" (did you mean "run"?)' "$penstock" rnu
hint 2 'unknown command "transmogrify"' "$penstock" transmogrify x.yaml
hint 2 'unknown command "xyzzy"' "$penstock" xyzzy
hint 2 'unknown option --json (options stand behind the command)' "$penstock" --json run
hint 2 "FILE is missing" "$penstock" run
hint 2 "did you mean --dry-run?" "$penstock" run $pipeline --dryrun
hint 2 "did you mean --log-format?" "$penstock" run $pipeline --logformat json
hint 2 "did you mean --no-progress?" "$penstock" run --no-progess $pipeline
hint 2 "unexpected argument" "$penstock" run $pipeline $pipeline
hint 2 "option --limit needs a whole number of at least 1" "$penstock" run $pipeline --limit 0
hint 2 "option --log-format takes text|json" "$penstock" run $pipeline --log-format yaml
hint 2 "option --json takes no value" "$penstock" run $pipeline --json=yes
hint 2 "option --set needs NAME=VALUE" "$penstock" run $pipeline --set data
hint 2 "--limit and --restart exclude each other" "$penstock" run $pipeline --limit 1 --restart
hint 2 "--dry-run and --restart exclude each other" "$penstock" run $pipeline --dry-run --restart
hint 2 'did you mean "rejects"' "$penstock" reject list
hint 2 "set PENSTOCK_DB" "$penstock" rejects list
hint 2 "set PENSTOCK_DB" "$penstock" runs list
hint 2 '(did you mean "sqlserver"?)' "$penstock" schema ddl $dictionary --dialect sqlserve
hint 2 '(did you mean "postgresql"?)' "$penstock" schema ddl $dictionary --dialect postgres
hint 2 "a DICTIONARY, or --state, or both are needed" "$penstock" schema ddl
hint 2 "penstock schema avro" "$penstock" schema avro
hint 2 '(did you mean "jobs"?)' "$penstock" schema avro $dictionary job
hint 2 '(did you mean "jobs"?)' "$penstock" rules $dictionary job
hint 2 'there is no connector "cvs" in this build (did you mean "csv"?)' "$penstock" connectors cvs
hint 2 'there is no step "job" in this pipeline (did you mean "jobs"?)' "$penstock" run $pipeline --step job
hint 2 "there is no step" "$penstock" plan $pipeline --step job
hint 2 "no-such-file.yaml" "$penstock" run no-such-file.yaml
hint 2 "no-such-file.yaml" "$penstock" rules no-such-file.yaml

# A password in an argument is seen by everybody; it is not repeated.
for arguments in "rejects list --state Driver=X;Pwd=geheim" "runs list --state=Driver=X;PWD=geheim" \
    "run $pipeline --set db=Password=geheim" "Pwd=geheim"; do
    # shellcheck disable=SC2086
    hint 2 "an argument holds a password" "$penstock" $arguments
    ! grep -q geheim "$TESTTMP/err" || fail "the password is repeated: $arguments"
done

# --- output that does not arrive ------------------------------------------------------------------
expect_exit 0 "$penstock" --version
expect_in "$TESTTMP/out" "libyaml"
cp "$TESTTMP/out" "$TESTTMP/version"
expect_exit 0 "$penstock" version
expect_same "$TESTTMP/out" "$TESTTMP/version" "penstock version"
if [ -w /dev/full ]; then
    status=0
    "$penstock" help >/dev/full 2>"$TESTTMP/err" || status=$?
    expect_eq $status 1 "exit code when the disk of stdout is full"
    expect_in "$TESTTMP/err" "standard output: cannot write: No space left on device"
fi
status=0
"$penstock" help >&- 2>"$TESTTMP/err" || status=$?
expect_eq $status 1 "exit code when stdout is closed"
expect_in "$TESTTMP/err" "standard output: cannot write"
# A reader that has seen enough is no failure.
for arguments in help "help run" "rules $dictionary"; do
    # shellcheck disable=SC2086
    python3 - "$penstock" $arguments <<'END' || fail "$arguments into a closed pipe"
import os, subprocess, sys
read, write = os.pipe()
os.close(read)
done = subprocess.run(sys.argv[1:], stdout=write, stderr=subprocess.PIPE)
sys.exit(done.returncode or (b"" != done.stderr and 1))
END
done

# --- validate -------------------------------------------------------------------------------------
expect_exit 0 "$penstock" validate $pipeline $dictionary
expect_eq "$(cat "$TESTTMP/out")" "$pipeline: ok
$dictionary: ok" "validate"
sed 's/create: true/creat: true/' $pipeline >"$TESTTMP/slip.yaml"
sed -i "s|\.\./examples|$TOP/examples|" "$TESTTMP/slip.yaml"
expect_exit 2 "$penstock" validate "$TESTTMP/slip.yaml" $dictionary
grep -q '/slip.yaml:[0-9]*:[0-9]*: .*"creat".*did you mean "create"' "$TESTTMP/err" || fail "validate: $(cat "$TESTTMP/err")"
expect_eq "$(cat "$TESTTMP/out")" "$dictionary: ok" "validate, what is left"
cat >"$TESTTMP/warned.yaml" <<'END'
resources:
  - name: t
    colour: blue
    schema:
      fields:
        - { name: a, type: string }
END
expect_exit 0 "$penstock" validate "$TESTTMP/warned.yaml"
expect_in "$TESTTMP/out" "warned.yaml: ok, 1 warning"
expect_in "$TESTTMP/err" "warned.yaml:3:5: warning: "
expect_exit 2 "$penstock" validate --strict "$TESTTMP/warned.yaml"

# --- run, and what looks at it --------------------------------------------------------------------
for kind in $(databases); do
    PENSTOCK_DB=$(newdb "$kind") || exit 1
    export PENSTOCK_DB
    expect_exit 0 "$penstock" rejects list
    expect_in "$TESTTMP/err" "no state here yet"
    expect_exit 2 "$penstock" runs show latest
    # The plan of a run into nothing makes nothing.
    expect_exit 0 "$penstock" plan $pipeline
    case $kind in
    postgresql) sent="COPY \"hired_employees\"" ;;
    *) sent="INSERT INTO" ;;
    esac
    for words in "pipeline migrate" "step hired_employees" "hired_employees.job_id.foreign-key" "$sent" "commit"; do
        expect_in "$TESTTMP/out" "$words"
    done
    expect_exit 0 "$penstock" check $pipeline
    [ "$kind" != sqlite ] || [ ! -e "$(connection_part "$PENSTOCK_DB" Database)" ] || fail "plan or check made a database"

    # stdout: one object; stderr: one object a line.
    expect_exit 0 "$penstock" run $pipeline --json --log-format json
    python3 - "$TESTTMP/out" "$TESTTMP/err" <<'END' || fail "$kind: run --json --log-format json"
import json, sys
summary = json.loads(open(sys.argv[1]).read())
assert set(summary) >= {"run_id", "pipeline", "status", "exit_code", "started_at", "duration_s", "read", "written", "rejected",
    "skipped", "skipped_by_reason", "steps"}, summary.keys()
assert summary["status"] == "succeeded" and summary["exit_code"] == 0
lines = [json.loads(line) for line in open(sys.argv[2])]
for line in lines:
    assert {"ts", "level", "msg"} <= set(line), line
assert {line["run_id"] for line in lines} == {summary["run_id"]}
assert {line["pipeline"] for line in lines} == {"migrate"}
said = [(line["msg"], line.get("step")) for line in lines]
assert said[0] == ("run started", None) and said[-1] == ("run finished", None), said
for step in summary["steps"]:
    assert said.count(("step started", step["name"])) == 1, said
    (end,) = [line for line in lines if line["msg"] == "step finished" and line["step"] == step["name"]]
    assert [end[key] for key in ("read", "written", "rejected", "skipped", "status")] == \
        [step[key] for key in ("read", "written", "rejected", "skipped", "status")], (end, step)
END
    run=$(json "$TESTTMP/out" run_id)
    rejected=$(json "$TESTTMP/out" rejected)

    expect_exit 0 "$penstock" rejects list --run latest --limit 100000 --json
    python3 - "$TESTTMP/out" "$rejected" "$run" <<'END' || fail "$kind: rejects list --json"
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert len(rows) == int(sys.argv[2]), len(rows)
for row in rows:
    assert row["run_id"] == sys.argv[3] and row["published"] is True and row["rule"] == row["violations"][0]["rule"], row
END
    first=$(head -n 1 "$TESTTMP/out" | sed 's/.*"reject_id":\([0-9]*\).*/\1/')
    rule=$(head -n 1 "$TESTTMP/out" | sed 's/.*"code":"[^"]*","rule":"\([^"]*\)".*/\1/')
    expect_exit 0 "$penstock" rejects list --limit 3
    expect_eq "$(wc -l <"$TESTTMP/out")" 4 "$kind: lines of rejects list --limit 3"
    expect_in "$TESTTMP/err" "--limit N shows more"
    expect_exit 0 "$penstock" rejects list --rule "$rule" --table hired_employees --run "$run" --limit 100000 --json
    expect_eq "$(wc -l <"$TESTTMP/out")" "$(sql "$PENSTOCK_DB" "SELECT count(*) FROM penstock_rejects WHERE rule = '$rule'")" \
        "$kind: rejects list --rule"
    expect_exit 0 "$penstock" rejects list --rule none.such
    expect_eq "$(wc -l <"$TESTTMP/out")" 1 "$kind: rejects list of no rule"
    expect_exit 0 "$penstock" rejects show "$first"
    expect_in "$TESTTMP/out" "$rule"
    expect_exit 0 "$penstock" rejects show "$first" --json
    expect_eq "$(json "$TESTTMP/out" rule)" "$rule" "$kind: rejects show --json"
    hint 2 "there is no reject 999999" "$penstock" rejects show 999999
    hint 2 "a reject is named by its number" "$penstock" rejects show "$run"

    expect_exit 0 "$penstock" runs list --pipeline migrate
    expect_in "$TESTTMP/out" "$run"
    expect_exit 0 "$penstock" runs list --json
    expect_eq "$(json "$TESTTMP/out" rejected)" "$rejected" "$kind: runs list --json"
    for name in latest "$run" "${run%????????????}"; do
        expect_exit 0 "$penstock" runs show "$name"
        expect_in "$TESTTMP/out" "hired_employees"
    done
    expect_exit 0 "$penstock" runs show latest --json
    expect_eq "$(json "$TESTTMP/out" summary.run_id)" "$run" "$kind: runs show --json"
    hint 2 'there is no run "0000"' "$penstock" runs show 0000

    # Nothing is loaded twice; the text says why.
    expect_exit 0 "$penstock" run $pipeline
    expect_in "$TESTTMP/out" "already_loaded"
    expect_in "$TESTTMP/out" "total"
    expect_exit 0 "$penstock" run $pipeline --quiet
    [ ! -s "$TESTTMP/out" ] && [ ! -s "$TESTTMP/err" ] || fail "$kind: --quiet is not quiet"
    expect_exit 0 "$penstock" plan $pipeline
    expect_in "$TESTTMP/out" "nothing to do"
    # The connection of the pipeline, from anywhere.
    (unset PENSTOCK_DB && expect_exit 2 "$penstock" rejects list) || exit 1
    printf '%s\n' "$PENSTOCK_DB" >"$TESTTMP/connect"
    (unset PENSTOCK_DB && expect_exit 0 "$penstock" runs show "$run" --state "file:$TESTTMP/connect") || exit 1
    expect_exit 0 "$penstock" runs show "$run" --state $pipeline:db

    # A failure is told on stderr with its place, and --json is still one object.
    expect_exit 4 "$penstock" run $pipeline --set data=no/such/folder --json
    expect_eq "$(json "$TESTTMP/out" status)" failed "$kind: the status of a failed run"
    expect_in "$TESTTMP/err" "no/such/folder"
    expect_exit 2 "$penstock" run "$TESTTMP/slip.yaml" --json
    expect_eq "$(json "$TESTTMP/out" exit_code)" 2 "$kind: the summary of a run that could not begin"
    hint 2 "there is no table" "$penstock" rules $dictionary nothing
done

# --- generated --------------------------------------------------------------------------------------
expect_exit 0 "$penstock" schema ddl $dictionary --state
if command -v sqlite3 >/dev/null; then
    sqlite3 -bail "$TESTTMP/ddl.db" <"$TESTTMP/out" || fail "the shell does not take the DDL"
    expect_eq "$(sqlite3 "$TESTTMP/ddl.db" "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN
        ('departments', 'jobs', 'hired_employees', 'penstock_rejects', 'penstock_runs', 'penstock_checkpoints')")" 6 "tables"
fi
# The types by the contract's table, written by hand.
expect_exit 0 "$penstock" schema avro $dictionary hired_employees
cat >"$TESTTMP/expected.avsc" <<'END'
{"type": "record", "name": "hired_employees", "doc": "One row for each person hired.",
"fields": [{"name": "id", "doc": "number of the employee", "type": "long"}, {"name": "name", "doc": "first and last name", "type": "string"},
{"name": "datetime", "doc": "when the person was hired", "type": {"type": "long", "logicalType": "timestamp-micros"}}, {"name": "department_id", "type": "long"},
{"name": "job_id", "type": "long"}]}
END
python3 - "$TESTTMP/out" "$TESTTMP/expected.avsc" <<'END' || fail "the Avro schema of hired_employees"
import json, sys
sys.exit(json.load(open(sys.argv[1])) != json.load(open(sys.argv[2])))
END
expect_exit 0 "$penstock" schema avro $dictionary
expect_eq "$(python3 -c 'import json, sys; print([r["name"] for r in json.load(open(sys.argv[1]))])' "$TESTTMP/out")" \
    "['departments', 'jobs', 'hired_employees']" "the union of all tables"
expect_exit 0 "$penstock" rules $dictionary
expect_in "$TESTTMP/out" "hired_employees.id.primary-key"
expect_exit 0 "$penstock" rules $dictionary jobs
! grep -q '^hired_employees' "$TESTTMP/out" || fail "rules of another table"
expect_exit 0 "$penstock" connectors
expect_in "$TESTTMP/out" "csv"
expect_exit 0 "$penstock" connectors odbc
expect_in "$TESTTMP/out" "commit"

# --- the progress line ------------------------------------------------------------------------------
PENSTOCK_DB=$(sqlite_newdb)
export PENSTOCK_DB
python3 - "$penstock" run $pipeline <<'END' || fail "progress on a terminal"
import os, pty, subprocess, sys
def run(term, *more):
    main, side = pty.openpty()
    environment = dict(os.environ, TERM=term)
    process = subprocess.Popen([*sys.argv[1:], *more], stdout=subprocess.PIPE, stderr=side, env=environment)
    os.close(side)
    seen = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError: # the other side is closed
            break
        if not piece:
            break
        seen += piece
    assert process.wait() == 0, seen
    return seen
assert b"\r\x1b[K" in run("xterm", "--restart")
for seen in run("dumb", "--restart"), run("xterm", "--restart", "--no-progress"), run("xterm", "--restart", "--quiet"):
    assert b"\x1b" not in seen, seen
END

# --- what a crash leaves ----------------------------------------------------------------------------
# No memory in a core dump, whoever would take it, and an assertion of ours is exit 1.
mkfifo "$TESTTMP/fifo.yaml"
python3 - "$penstock" validate "$TESTTMP/fifo.yaml" <<'END' || fail "core dumps, or the exit code of an assertion"
import signal, subprocess, sys, time
process = subprocess.Popen(sys.argv[1:], stderr=subprocess.DEVNULL)
for _ in range(1000):
    with open("/proc/%d/coredump_filter" % process.pid) as file:
        mask = int(file.read(), 16)
    with open("/proc/%d/limits" % process.pid) as file:
        limit = [line.split()[4:6] for line in file if line.startswith("Max core file size")]
    if mask == 0 and limit == [["0", "0"]]:
        break
    time.sleep(0.01)
else:
    sys.exit("mask %x, limit %s" % (mask, limit))
time.sleep(0.1)
process.send_signal(signal.SIGABRT)
assert process.wait() == 1, process.returncode
END

# --- a stream is looked at by nobody but a run -------------------------------------------------------
mkfifo "$TESTTMP/stream.csv"
cat >"$TESTTMP/stream.yaml" <<END
version: 1
name: stream
dictionary: $TOP/$dictionary
connections:
  db: { type: odbc, connect: "Driver=SQLite3;Database=$TESTTMP/stream.db" }
steps:
  - { name: jobs, source: { type: csv, path: "$TESTTMP/stream.csv" }, sink: { type: odbc, connection: db, table: jobs, create: true } }
END
# A writer that gives nothing keeps its reader waiting.
exec 9<>"$TESTTMP/stream.csv"
for command in plan check; do
    expect_exit 0 timeout 60 "$penstock" $command "$TESTTMP/stream.yaml"
    expect_in "$TESTTMP/out" "a stream"
done
exec 9>&-
