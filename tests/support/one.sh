#!/bin/sh
# Runs one test script for tests/run.sh, in its own temporary folder, and leaves its result in $RESULTS.
# usage: one.sh FOLDER/NAME.sh     (below tests/)
# SPDX-License-Identifier: Apache-2.0
set -u
name=${1%.sh}
result=$RESULTS/$(printf '%s' "$name" | tr '/' '-')

TESTTMP=$(mktemp -d "${TMPDIR:-/tmp}/penstock-test.XXXXXX") || exit 255
export TESTTMP
# A PostgreSQL that a root test starts in here runs as another user, who has to get through.
chmod 711 "$TESTTMP"
# Core dumps of tests that crash on purpose would only fill the disk.
ulimit -c 0 2>/dev/null || :

start=$(date +%s)
status=0
(cd "$TOP" && exec timeout --kill-after=10 "$TEST_TIMEOUT" sh "tests/$1") >"$result.out" 2>&1 </dev/null || status=$?
seconds=$(($(date +%s) - start))
chmod -R u+rwX "$TESTTMP" 2>/dev/null || :
rm -rf "$TESTTMP"

case $status in
0) verdict=passed ;;
77) verdict=skipped ;;
*) verdict=FAILED ;;
esac
# One write, so that lines of tests that run at the same time do not mix.
{
    printf '%-8s %4d s  %s' "$verdict" "$seconds" "$name"
    case $verdict in
    skipped) printf '  (%s)\n' "$(tail -n 1 "$result.out" | sed 's/^skipped: //')" ;;
    FAILED)
        printf '\n'
        [ $status -ne 124 ] && [ $status -ne 137 ] || printf '    ended after %s seconds, or killed\n' "$TEST_TIMEOUT"
        printf '    exit %d; its last lines:\n' $status
        tail -n 60 "$result.out" | sed 's/^/    | /'
        ;;
    *) printf '\n' ;;
    esac
} >"$result.line"
cat "$result.line"
echo "$verdict" >"$result.verdict"
exit 0
