#!/bin/sh
# The tarball builds, passes its unit tests from a read-only source, installs and uninstalls without a trace (make distcheck).
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
[ -n "${PENSTOCK_BUILD_DIR:-}" ] || skip "no build folder (run through tests/run.sh)"

# In a build folder of its own, whose tarball and remains go with it.
mkdir "$TESTTMP/build"
cd "$TESTTMP/build" || fail "no $TESTTMP/build"
"$TOP/configure" -q --enable-werror >log 2>&1 && make -s -j2 distcheck >>log 2>&1 || {
    chmod -R u+w . 2>/dev/null
    tail -n 60 log
    fail "make distcheck"
}
[ -f penstock-*.tar.gz ] || fail "no tarball was made"
