#!/bin/sh
# The DDL of SQL Server: every type, quoting, keys and their limits, against a script that was written by hand from its documentation.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/golden/sqlserver.py"
