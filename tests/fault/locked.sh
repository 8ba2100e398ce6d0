#!/bin/sh
# A database locked by somebody else: waited for, then exit 5; with the lock gone in time, as if nothing had been.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
seconds=${PENSTOCK_TEST_FULL:+30}
: "${seconds:=2}"
need python3
need_penstock
python3 "$TOP/tests/fault/locked.py" "$seconds"
