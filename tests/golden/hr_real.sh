#!/bin/sh
# The real hr data: known counts on every database, the same rejects on each, and never loaded twice.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
data=${PENSTOCK_SHARED:-$TOP/../shared}/data/hr
[ -f "$data/hired_employees.csv" ] || skip "the real data is not there: $data (PENSTOCK_SHARED names the folder above data/hr)"
python3 "$TOP/tests/golden/hr.py" "$data" '{"departments": [12, 12, 0], "jobs": [183, 183, 0], "hired_employees": [1999, 1929, 70],
    "rules": {"hired_employees.name.required": 19, "hired_employees.datetime.required": 14,
              "hired_employees.department_id.required": 21, "hired_employees.job_id.required": 16}}'
