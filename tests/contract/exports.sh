#!/bin/sh
# The program gives libraries of drivers no function but those that stand before the ones that drivers connect with: any other of the same name as one of theirs
# would be called in its place.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
need nm

nm -D --defined-only "$PENSTOCK" >"$TESTTMP/symbols" || fail "nm cannot read $PENSTOCK"
# Of a build with sanitizers there are theirs, too: they begin with __ or belong to what they replace.
if nm "$PENSTOCK" 2>/dev/null | grep -q '__asan_init\|__tsan_init'; then
    skip "this build has the symbols of a sanitizer"
fi
awk '$2 ~ /^[TWi]$/ { print $3 }' "$TESTTMP/symbols" | sed 's/@.*//' | grep -vE '^(PQconnectdbParams|mysql_real_connect|_init|_fini)$' >"$TESTTMP/others"
[ ! -s "$TESTTMP/others" ] || {
    cat "$TESTTMP/others"
    fail "functions that libraries of drivers may take for their own: give them other names"
}
