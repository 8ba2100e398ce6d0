#!/bin/sh
# POST /v1/runs/{id}/replay: mended rejects, or the originals, go through the pipeline of a run once more, and what does not fit is refused.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need sqlite3
need_penstock
"$PENSTOCK" help serve >/dev/null 2>&1 || skip "this penstock has no HTTP service"
exec python3 "$TOP/tests/golden/http_replay.py"
