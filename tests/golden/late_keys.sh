#!/bin/sh
# A table that the step makes on PostgreSQL gets its keys after its rows, and is the one that `schema ddl` prints.
# Its rows go in one piece; what the database refuses of them all the same is found.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
need_postgres
python3 "$TOP/tests/golden/late_keys.py"
