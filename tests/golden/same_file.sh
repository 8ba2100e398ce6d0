#!/bin/sh
# A step that reads from the SQLite file it writes to: refused, unless the file has a write-ahead log; backups into files are not.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
exec python3 "$TOP/tests/golden/same_file.py"
