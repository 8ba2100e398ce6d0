#!/bin/sh
# More requests, bodies and uploads than there is room for, a database that is all locked: 503 and 507, and what was taken is answered; a table that is gone: 500.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/fault/http_busy.py" plain || exit
mkdir "$TESTTMP/san" || exit
TESTTMP=$TESTTMP/san PENSTOCK=$PENSTOCK_SAN python3 "$TOP/tests/fault/http_busy.py" sanitized
