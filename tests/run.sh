#!/bin/sh
# The gate: installs packages, builds (plain and with ASan+UBSan), runs every test; last line "N passed, N failed, N skipped".
# SPDX-License-Identifier: Apache-2.0
set -u
[ -t 0 ] || exec </dev/null

usage() {
    cat <<'END'
usage: sh tests/run.sh [--full] [FOLDER | FOLDER/NAME.sh | FOLDER/NAME.c]...
  FOLDER     unit, contract, golden, fault, fuzz or browser; without one, all of them
  --full     the same tests with the sizes and kill counts of a release, and a ThreadSanitizer build beside the others
environment:
  PENSTOCK_TEST_BUILD   folder for the builds (default: build-test in the source tree)
  PENSTOCK_TEST_JOBS    tests at a time where they allow it (default 2)
  PENSTOCK_NO_PACKAGES  set: install nothing, take what is there
END
}

TOP=$(cd "$(dirname "$0")/.." && pwd) || exit 1
full= chosen=
for arg; do
    case $arg in
    --full) full=1 ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *)
        arg=${arg#tests/} arg=${arg%/}
        [ -e "$TOP/tests/$arg" ] || { echo "run.sh: there is no tests/$arg" >&2; exit 2; }
        chosen="$chosen $arg"
        ;;
    esac
done
: "${chosen:= unit contract golden fault fuzz browser}"
builds=${PENSTOCK_TEST_BUILD:-$TOP/build-test}
jobs=${PENSTOCK_TEST_JOBS:-2}
PENSTOCK_TEST_FULL=$full
# Only against hangs; nothing is measured with it.
TEST_TIMEOUT=${full:+21600}
: "${TEST_TIMEOUT:=600}"
export TOP PENSTOCK_TEST_FULL TEST_TIMEOUT
export LC_ALL=C.UTF-8 TZ=UTC
unset PENSTOCK_DB

RESULTS=$(mktemp -d "${TMPDIR:-/tmp}/penstock-results.XXXXXX") || exit 1
export RESULTS
PENSTOCK_TEST_PG_DIR= PENSTOCK_TEST_MARIADB_DIR=
finish() {
    [ -z "$PENSTOCK_TEST_MARIADB_DIR" ] || sh "$TOP/tests/support/mariadb.sh" stop "$PENSTOCK_TEST_MARIADB_DIR" || :
    [ -z "$PENSTOCK_TEST_MARIADB_DIR" ] || rm -rf "$PENSTOCK_TEST_MARIADB_DIR"
    [ -z "$PENSTOCK_TEST_PG_DIR" ] || sh "$TOP/tests/support/postgres.sh" stop "$PENSTOCK_TEST_PG_DIR" || :
    [ -z "$PENSTOCK_TEST_PG_DIR" ] || rm -rf "$PENSTOCK_TEST_PG_DIR"
    rm -rf "$RESULTS"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

fatal() {
    echo "run.sh: $*" >&2
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
}
# quietly WHAT COMMAND...: its output is shown only when it fails.
quietly() {
    what=$1
    shift
    start=$(date +%s)
    if "$@" >"$RESULTS/step.out" 2>&1; then
        printf '%-8s %4d s  %s\n' done $(($(date +%s) - start)) "$what"
    else
        tail -n 60 "$RESULTS/step.out" | sed 's/^/    | /'
        return 1
    fi
}

# --- packages and builds --------------------------------------------------------------------------
if [ -z "${PENSTOCK_NO_PACKAGES:-}" ]; then
    quietly packages sh "$TOP/tests/support/packages.sh" test || fatal "packages are missing"
fi

# Two of us in the same folder would build over each other.
mkdir -p "$builds" || fatal "cannot make $builds"
exec 9>"$builds/lock"
flock -n 9 || {
    echo "run.sh: waiting for another run that builds in $builds" >&2
    flock 9
}

autogen() {
    [ -x "$TOP/configure" ] && [ -z "$(find "$TOP/configure.ac" "$TOP/Makefile.am" -newer "$TOP/configure")" ] || sh "$TOP/autogen.sh"
}
quietly autogen autogen || fatal "autogen.sh failed"

# build NAME CONFIGURE_ARGUMENT...
build() {
    name=$1
    shift
    mkdir -p "$builds/$name" &&
        cd "$builds/$name" &&
        { [ -f Makefile ] && [ Makefile -nt "$TOP/configure" ] || "$TOP/configure" -q "$@"; } &&
        make -s -j2 all
}
in_build() {
    (build "$@")
}
quietly "build (plain)" in_build plain --enable-werror || fatal "the plain build failed"
# -O1 keeps the stack traces readable and the tests quick enough. No --enable-werror: what sanitizers add to the code makes gcc
# warn where there is nothing to warn of, and gcc's manual advises against combining the two.
quietly "build (asan, ubsan)" in_build san --enable-asan --enable-ubsan CFLAGS='-O1 -g' || fatal "the sanitizer build failed"
flavours="plain san"
if [ -n "$full" ]; then
    quietly "build (tsan)" in_build tsan --enable-tsan CFLAGS='-O1 -g' || fatal "the thread sanitizer build failed"
    flavours="$flavours tsan"
    PENSTOCK_TSAN=$builds/tsan/penstock
    export PENSTOCK_TSAN
fi
PENSTOCK=$builds/plain/penstock
PENSTOCK_SAN=$builds/san/penstock
PENSTOCK_BUILD_DIR=$builds/plain
export PENSTOCK PENSTOCK_SAN PENSTOCK_BUILD_DIR
# A finding of a sanitizer has an exit status that penstock never uses.
ASAN_OPTIONS=exitcode=99:detect_stack_use_after_return=1:allocator_may_return_null=1
UBSAN_OPTIONS=print_stacktrace=1:exitcode=99
TSAN_OPTIONS=exitcode=99
LSAN_OPTIONS=exitcode=99:print_suppressions=0
if [ -f "$TOP/tests/support/lsan.supp" ]; then
    LSAN_OPTIONS=$LSAN_OPTIONS:suppressions=$TOP/tests/support/lsan.supp
fi
if [ -f "$TOP/tests/support/tsan.supp" ]; then
    TSAN_OPTIONS=$TSAN_OPTIONS:suppressions=$TOP/tests/support/tsan.supp
fi
export ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS LSAN_OPTIONS

passed=0 failed=0 skipped=0

# --- the PostgreSQL that all tests share ----------------------------------------------------------
PENSTOCK_TEST_PG_DIR=$(mktemp -d "${TMPDIR:-/tmp}/penstock-pg.XXXXXX") || fatal "no temporary folder"
if quietly "start PostgreSQL" sh "$TOP/tests/support/postgres.sh" start "$PENSTOCK_TEST_PG_DIR"; then
    PENSTOCK_TEST_PG=$(sh "$TOP/tests/support/postgres.sh" connect "$PENSTOCK_TEST_PG_DIR")
    export PENSTOCK_TEST_PG PENSTOCK_TEST_PG_DIR
else
    echo "FAILED           PostgreSQL does not start: tests that need it are skipped"
    failed=$((failed + 1))
    rm -rf "$PENSTOCK_TEST_PG_DIR"
    PENSTOCK_TEST_PG_DIR=
fi

# --- and the MariaDB ------------------------------------------------------------------------------
PENSTOCK_TEST_MARIADB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/penstock-mariadb.XXXXXX") || fatal "no temporary folder"
if quietly "start MariaDB" sh "$TOP/tests/support/mariadb.sh" start "$PENSTOCK_TEST_MARIADB_DIR"; then
    PENSTOCK_TEST_MARIADB=$(sh "$TOP/tests/support/mariadb.sh" connect "$PENSTOCK_TEST_MARIADB_DIR")
    export PENSTOCK_TEST_MARIADB PENSTOCK_TEST_MARIADB_DIR
else
    echo "FAILED           MariaDB does not start: tests that need it are skipped"
    failed=$((failed + 1))
    rm -rf "$PENSTOCK_TEST_MARIADB_DIR"
    PENSTOCK_TEST_MARIADB_DIR=
fi

# --- test programs: unit tests, of which every test in a program counts, and replays of fuzz corpora ------------------
# programs_in FLAVOUR: those of the Makefile that were chosen.
programs_in() {
    for program in $(make -s -C "$builds/$1" --no-print-directory list-units); do
        name=${program#tests/}
        case "$chosen " in
        *" ${name%/*} "* | *" $name.c "*) echo "$program" ;;
        esac
    done
}
programs() {
    flavour=$1
    start=$(date +%s)
    wanted=$(programs_in "$flavour")
    [ -n "$wanted" ] || return 0
    for program in $wanted; do
        rm -f "$builds/$flavour/$program.trs" "$builds/$flavour/$program.log"
    done
    # Without a test to run, check builds the programs; one that does not build is one failure, not one for each.
    if ! quietly "build test programs ($flavour)" make -s -j2 -C "$builds/$flavour" check TESTS=; then
        failed=$((failed + 1))
        return
    fi
    make -s -j2 -k -C "$builds/$flavour" check TESTS="$(echo $wanted)" >"$RESULTS/programs.out" 2>&1
    status=$?
    ok=0 bad=0 skips=0
    # .trs files are written by automake's driver, one a program; the .log beside it holds what the program printed.
    for program in $wanted; do
        trs=$builds/$flavour/$program.trs log=$builds/$flavour/$program.log
        g=0 b=0 s=0
        if [ ! -f "$trs" ]; then
            b=1
        elif grep -q '^\(not \)\{0,1\}ok [0-9]' "$log"; then
            s=$(grep -c '^\(not \)\{0,1\}ok [0-9]* # SKIP' "$log")
            g=$(grep '^ok [0-9]' "$log" | grep -vc '# SKIP')
            b=$(grep '^not ok [0-9]' "$log" | grep -vc '# SKIP')
            # A program may die before it has said which test failed.
            if [ "$b" -eq 0 ] && ! grep -q '^:test-result: PASS' "$trs"; then b=1; fi
        elif grep -q '^:test-result: PASS' "$trs"; then
            g=1
        elif grep -q '^:test-result: SKIP' "$trs"; then
            s=1
        else
            b=1
        fi
        if [ "$b" -gt 0 ]; then
            echo "FAILED   ${program#tests/} ($flavour); its last lines:"
            tail -n 60 "$log" 2>/dev/null | sed 's/^/    | /'
        fi
        ok=$((ok + g)) bad=$((bad + b)) skips=$((skips + s))
    done
    if [ $status -ne 0 ] && [ $bad -eq 0 ]; then
        bad=1
    fi
    if [ $bad -ne 0 ]; then
        echo "make check ($flavour); its last lines:"
        tail -n 30 "$RESULTS/programs.out" | sed 's/^/    | /'
    fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skips))
    printf '%-8s %4d s  test programs (%s): %d passed, %d failed, %d skipped\n' \
        "$([ $bad -eq 0 ] && echo passed || echo FAILED)" $(($(date +%s) - start)) "$flavour" $ok $bad $skips
}
for flavour in $flavours; do
    programs "$flavour"
done

# --- scripts --------------------------------------------------------------------------------------
# Those that say "# parallel: yes" in their first lines go first, some at a time; the rest one after the other.
: >"$RESULTS/parallel"
: >"$RESULTS/alone"
for part in $chosen; do
    case $part in
    *.c) continue ;;
    *.sh) tests=$TOP/tests/$part ;;
    *) tests=$(find "$TOP/tests/$part" -maxdepth 1 -name '*.sh' 2>/dev/null | LC_ALL=C sort) ;;
    esac
    for test in $tests; do
        if sed -n 1,15p "$test" | grep -q '^# parallel: yes'; then list=parallel; else list=alone; fi
        echo "${test#"$TOP"/tests/}" >>"$RESULTS/$list"
    done
done
xargs -r -P "$jobs" -n 1 sh "$TOP/tests/support/one.sh" <"$RESULTS/parallel"
xargs -r -P 1 -n 1 sh "$TOP/tests/support/one.sh" <"$RESULTS/alone"
for test in $(cat "$RESULTS/parallel" "$RESULTS/alone"); do
    verdict=$(cat "$RESULTS/$(printf '%s' "${test%.sh}" | tr '/' '-').verdict" 2>/dev/null)
    case $verdict in
    passed) passed=$((passed + 1)) ;;
    skipped) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) ;;
    esac
done

own=$(cat "$RESULTS/parallel" "$RESULTS/alone" | while read -r test; do
    sed -n 1,15p "$TOP/tests/$test" | grep '^# expected: self'
done | wc -l)
echo
echo "expected results made by penstock itself (self): $own"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
