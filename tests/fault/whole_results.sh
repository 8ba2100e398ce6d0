#!/bin/sh
# What has no key comes from MariaDB by a cursor, in flat memory; through its driver, which keeps results as a whole, what has no room is refused.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
# Of some 500 bytes: through the driver 16 MiB of memory have room for fewer, and 64 MiB for all.
rows=${PENSTOCK_TEST_FULL:+90000}
: "${rows:=45000}"
need python3
need_penstock
need_mariadb
python3 "$TOP/tests/fault/whole_results.py" "$rows"
