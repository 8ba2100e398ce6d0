#!/bin/sh
# A database that is not there: exit 5, the message names the connection and never its password.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/fault/absent.py"
