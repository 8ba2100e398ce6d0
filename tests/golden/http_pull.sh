#!/bin/sh
# The http source with a url: formats, each kind of paging, credentials, redirects, TLS, compression, what check, plan and validate say.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 openssl
need_penstock
"$PENSTOCK" version | grep -q '^libcurl  *[0-9]' || skip "this build has no libcurl"
python3 "$TOP/tests/golden/http_pull.py"
