#!/bin/sh
# No setting of a database is lowered to be faster: what is sent, and what holds in the live session.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/fault/settings.py"
