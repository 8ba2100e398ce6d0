#!/bin/sh
# The shipped sample: what the generator says it broke is rejected, on every database alike, and nothing is loaded twice.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
data=$TOP/examples/hr/data
# expected.txt, written by the generator, in the shape that hr.py takes.
wanted=$(awk '
    $1 == "count" { n[$2] = $3 }
    $1 == "rule" { rules = rules (rules ? ", " : "") "\"" $2 "\": " $3 }
    END {
        for (i = split("departments jobs hired_employees", t, " "); i > 0; i--)
            printf "%s\"%s\": [%d, %d, %d], ", i == 3 ? "{" : "", t[i], n[t[i] ".read"], n[t[i] ".written"], n[t[i] ".rejected"]
        printf "\"rules\": {%s}}", rules
    }' "$data/expected.txt")
python3 "$TOP/tests/golden/hr.py" "$data" "$wanted"
