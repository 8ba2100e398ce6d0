#!/bin/sh
# The shipped reports: known counts of the real data, the lines of another implementation for every year, the same on each database; the
# year is bound, never spliced, and what is printed is data and nothing else.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
data=${PENSTOCK_SHARED:-$TOP/../shared}/data/hr
if [ -f "$data/hired_employees.csv" ]; then
    mkdir "$TESTTMP/real"
    TESTTMP=$TESTTMP/real python3 "$TOP/tests/golden/reports.py" "$data" 933 1643 "Support 216, Engineering 205, Human Resources 201, Services 200, \
Business Development 185, Research and Development 148, Marketing 142" || exit 1
fi
# The sample data: whatever the other implementation says.
python3 "$TOP/tests/golden/reports.py" "$TOP/examples/hr/data"
