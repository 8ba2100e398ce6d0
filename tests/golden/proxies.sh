#!/bin/sh
# The set-ups of examples/nginx and examples/stunnel work: TLS, ingest, uploads, keys, rates by client; what a client claims of itself, and what
# could be read in two ways, does not come through.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+2000000}
: "${rows:=450000}"
PATH=$PATH:/usr/sbin
export PATH
need python3 openssl nginx stunnel4
need_penstock
"$PENSTOCK" help serve >/dev/null 2>&1 || skip "this penstock has no HTTP service"
python3 "$TOP/tests/golden/proxies.py" "$rows"
