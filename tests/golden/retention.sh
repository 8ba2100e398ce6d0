#!/bin/sh
# keep of the avro sink: a year of backups, of which Python says which should be left; the newest proven one stays; what is not ours is not touched.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 sqlite3
need_penstock
exec python3 "$TOP/tests/golden/retention.py"
