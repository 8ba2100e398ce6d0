#!/bin/sh
# Pipelines over HTTP: started, followed, cancelled; uploads; the shipped reports with the known counts of the real data, the same on each
# database, in JSON and in CSV.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
"$PENSTOCK" help serve >/dev/null 2>&1 || skip "this penstock has no HTTP service"
data=${PENSTOCK_SHARED:-$TOP/../shared}/data/hr
[ -f "$data/hired_employees.csv" ] || skip "the real data is not here"
python3 "$TOP/tests/golden/http_runs.py" "$data" 933 1643 "Support 216, Engineering 205, Human Resources 201, Services 200, \
Business Development 185, Research and Development 148, Marketing 142"
