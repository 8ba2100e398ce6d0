#!/bin/sh
# The penstock_* tables of an older version: read as they are, upgraded by the first writer, whole or not at all, also when it dies or is not alone.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 sqlite3
need_penstock
exec python3 "$TOP/tests/golden/upgrade.py"
