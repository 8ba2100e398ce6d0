#!/bin/sh
# Every curl line of the README and of docs/ is answered with the status that stands behind it, by a service started as they say.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 curl
need_penstock
"$PENSTOCK" help serve >/dev/null 2>&1 || skip "this penstock has no HTTP service"
pages=0
for page in "$TOP"/README.md "$TOP"/docs/*.md; do
    name=$(basename "$page" .md)
    grep -q '^[[:space:]]*curl ' "$page" || continue
    pages=$((pages + 1))
    mkdir -p "$TESTTMP/$name"
    cp -R "$TOP/examples" "$TOP/pipelines" "$TESTTMP/$name/"
    TESTTMP=$TESTTMP/$name python3 "$TOP/tests/contract/curl.py" "$page" "$TESTTMP/$name" || exit
done
[ "$pages" -ge 2 ] || fail "only $pages pages have curl lines"
