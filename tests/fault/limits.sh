#!/bin/sh
# max_rejects counts over the whole load: a load that was killed and goes on stops where an undisturbed one stops.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+50000}
: "${rows:=4000}"
need python3
need_penstock
exec python3 "$TOP/tests/fault/limits.py" "$rows"
