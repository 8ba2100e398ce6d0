#!/bin/sh
# The world fails around a load, on each server: stopped around a COMMIT, cut, black-holed, slow, deadlock, serialization failure, locked rows, read-only.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+20000}
: "${rows:=1000}"
# How many points each kind of break is tried at.
points=${PENSTOCK_TEST_FULL:+20}
: "${points:=1}"
need python3
need_penstock
[ -n "${PENSTOCK_TEST_PG_DIR:-}${PENSTOCK_TEST_MARIADB_DIR:-}" ] || skip "no server was started (run through tests/run.sh)"
# Most of it is waiting: the servers fail side by side.
for kind in postgresql mariadb; do
    case " $(databases | tr '\n' ' ') " in
    *" $kind "*) ;;
    *) continue ;;
    esac
    mkdir "$TESTTMP/$kind"
    chmod 711 "$TESTTMP/$kind"
    { PENSTOCK_TEST_DATABASES=$kind TESTTMP=$TESTTMP/$kind python3 "$TOP/tests/fault/world.py" "$rows" "$points" || : >"$TESTTMP/$kind.failed"; } \
        >"$TESTTMP/$kind.out" 2>&1 &
done
wait
cat "$TESTTMP"/*.out
for failed in "$TESTTMP"/*.failed; do
    [ ! -e "$failed" ] || exit 1
done
