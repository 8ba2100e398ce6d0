#!/bin/sh
# Memory with huge records: 3 MiB each stay below 64 MiB; above that it is a few times the longest record, however many there are.
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
records=${PENSTOCK_TEST_FULL:+300}
: "${records:=24}"
need python3
need_penstock
python3 "$TOP/tests/fault/huge_records.py" "$records"
