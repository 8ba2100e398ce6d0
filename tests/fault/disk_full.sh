#!/bin/sh
# A full disk, of the database or of temporary files: the documented exit, nothing half visible, and the next run completes it.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/fault/disk_full.py"
