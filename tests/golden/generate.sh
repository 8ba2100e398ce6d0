#!/bin/sh
# The generator of the hr example makes the sample files anew, byte for byte, and knows exactly which rows it broke.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+1000000}
: "${rows:=20000}"

# The command in the README of the example is the one that made the sample.
sed -n '/^sh examples\/hr\/generate.sh --out examples/,/^```/p' "$TOP/examples/hr/README.md" | grep -v '^```' |
    sed "s|--out examples/hr/data|--out $TESTTMP/sample|" >"$TESTTMP/command"
(cd "$TOP" && sh "$TESTTMP/command") || fail "the command of the README fails"
for file in departments.csv jobs.csv hired_employees.csv expected.txt expected-rejects.csv; do
    expect_same "$TESTTMP/sample/$file" "$TOP/examples/hr/data/$file" "$file of the sample"
done

# Every kind of fault at once, judged again by a program that knows nothing of the generator.
sh "$TOP/examples/hr/generate.sh" --out "$TESTTMP/all" --rows "$rows" --seed 7 --scatter-ids --missing-id 1% --bad-id 1% \
    --duplicate-id 1% --missing-name 1% --long-name 0.5% --missing-datetime 1% --bad-datetime 1% --missing-department 1% \
    --unknown-department 1% --missing-job 1% --unknown-job 1% --ragged 1% --bad-encoding 1% --blank 1% --quoted 3% ||
    fail "the generator fails"
need python3
python3 "$TOP/tests/golden/generate.py" "$TESTTMP/all"
