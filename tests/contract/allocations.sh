#!/bin/sh
# No allocation per row in steady state: more rows cost penstock hardly any more calls of malloc, on each way that rows can take.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/contract/allocations.py"
