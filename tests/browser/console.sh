#!/bin/sh
# The console in a real browser: files uploaded, a run watched, its rejects opened, a backup, a lost table restored, both reports; hostile
# values do nothing; axe-core finds no serious fault, in light and dark; the first page is under 200 KB.
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 sqlite3
need_penstock
"$PENSTOCK" help serve >/dev/null 2>&1 || skip "this penstock has no HTTP service"

# The browser and what drives it are no need of the other tests: this one installs them.
if [ -z "${PENSTOCK_NO_PACKAGES:-}" ]; then
    sh "$TOP/tests/support/packages.sh" browser >&2 || skip "chromium, nodejs and npm could not be installed"
fi
need chromium node npm
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] || skip "playwright needs node 18 or later, and this is $(node --version)"

# Both are pinned by version and hash; neither depends on anything, and no script of theirs is run.
mkdir "$TESTTMP/npm"
cp "$TOP/tests/browser/package.json" "$TOP/tests/browser/package-lock.json" "$TESTTMP/npm/"
cp "$TOP/tests/browser"/*.mjs "$TESTTMP/npm/"
(cd "$TESTTMP/npm" && HOME=$TESTTMP timeout 180 npm ci --ignore-scripts --no-audit --no-fund) >"$TESTTMP/npm.log" 2>&1 || {
    ! grep -q EINTEGRITY "$TESTTMP/npm.log" || fail "what npm fetched is not what the lock file says"
    tail -n 5 "$TESTTMP/npm.log" >&2
    skip "npm cannot fetch playwright-core and axe-core"
}

# The real data has its known counts; those of the sample are what its generator broke.
data=${PENSTOCK_SHARED:-$TOP/../shared}/data/hr
if [ -f "$data/hired_employees.csv" ]; then
    rejected=70 lines=933 above="Support 216, Engineering 205, Human Resources 201, Services 200, Business Development 185, Research and Development 148, Marketing 142"
else
    data=$TOP/examples/hr/data
    rejected=$(awk '$1 == "count" && $2 ~ /rejected$/ { n += $3 } END { print n }' "$data/expected.txt") lines= above=
fi
export PENSTOCK_BROWSER_DATA="$data" PENSTOCK_BROWSER_REJECTED="$rejected" PENSTOCK_BROWSER_LINES="$lines" PENSTOCK_BROWSER_ABOVE="$above"
CHROMIUM=$(command -v chromium)
export CHROMIUM
HOME=$TESTTMP node "$TESTTMP/npm/console.mjs"
