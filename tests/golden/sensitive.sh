#!/bin/sh
# Values of sensitive fields stand in no reject, message, log or answer, whatever was wrong with their record and wherever it is kept.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/golden/sensitive.py"
