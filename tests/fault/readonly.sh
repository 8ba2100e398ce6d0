#!/bin/sh
# A read-only folder, file or database: exit 5, the message names it, nothing is made, nothing is changed.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/fault/readonly.py"
