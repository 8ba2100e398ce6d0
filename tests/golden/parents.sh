#!/bin/sh
# A table is to be made whose foreign keys need one that is missing: plan and --dry-run say so like the run, before a row moves.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
exec python3 "$TOP/tests/golden/parents.py"
