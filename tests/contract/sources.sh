#!/bin/sh
# Every source file of the product and every unit test stands in Makefile.am: what is not listed is neither built nor packed.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
cd "$TOP" || fail "no $TOP"

tr -s ' \t\\' '\n' <Makefile.am | LC_ALL=C sort -u >"$TESTTMP/listed"
{
    find engine connectors rules -name '*.[ch]' ! -path engine/core/version.h ! -path engine/http/console_files.h
    find tests/unit -name 'test_*.c' | sed 's/\.c$//'
} | LC_ALL=C sort >"$TESTTMP/there"
LC_ALL=C comm -13 "$TESTTMP/listed" "$TESTTMP/there" >"$TESTTMP/unlisted"
if [ -s "$TESTTMP/unlisted" ]; then
    cat "$TESTTMP/unlisted"
    fail "these files are not in Makefile.am"
fi

# Each says what it is for and under which licence.
for file in $(find engine connectors rules tests -name '*.[ch]' ! -path engine/core/version.h ! -path engine/http/console_files.h; find tests examples -name '*.sh'); do
    sed -n 1,8p "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$file"
done >"$TESTTMP/unlicensed"
if [ -s "$TESTTMP/unlicensed" ]; then
    cat "$TESTTMP/unlicensed"
    fail "these files do not name their licence in their first lines"
fi
