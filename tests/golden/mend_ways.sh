#!/bin/sh
# Rejects are replayed through transforms, with masked columns, while a load runs, and into upserts; where there are none, it is said where they are.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/golden/mend_ways.py"
