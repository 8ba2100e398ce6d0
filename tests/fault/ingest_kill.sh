#!/bin/sh
# Clients send keyed batches while the service is killed (kill -9) and started again and again; each acknowledged row is there once, none twice.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
# Fails below this number of kills that met requests under way, for each database.
kills=${PENSTOCK_TEST_FULL:+20}
: "${kills:=3}"
clients=${PENSTOCK_TEST_FULL:+32}
: "${clients:=8}"
need python3
need_penstock
"$PENSTOCK" help serve >/dev/null 2>&1 || skip "this build has no penstock serve"
python3 "$TOP/tests/fault/ingest_kill.py" "$kills" "$clients"
