#!/bin/sh
# The serve file and keys: what is unsafe or mistyped is exit 2 with its place, and a key works as it was printed.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
cd "$TOP" || fail "no $TOP"
PENSTOCK_DB="Driver=SQLite3;Database=$TESTTMP/hr.db"
export PENSTOCK_DB
file=$TESTTMP/serve.yaml
hash=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

# refused WORDS LINES...: a serve file of these lines is refused, and the message holds the words.
refused() {
    words=$1
    shift
    { echo "version: 1"; [ "$1" = nopipelines ] || echo "pipelines: [$TOP/pipelines/ingest.yaml]"; } >"$file"
    [ "$1" != nopipelines ] || shift
    printf '%s\n' "$@" >>"$file"
    expect_exit 2 "$PENSTOCK" serve --check "$file"
    grep -qF -e "$words" "$TESTTMP/err" || fail "no \"$words\" in: $(cat "$TESTTMP/err")"
    grep -qE "^$file:[0-9]+:[0-9]+: |^penstock: $file" "$TESTTMP/err" || fail "no place in: $(cat "$TESTTMP/err")"
}
refused 'did you mean "listen"?' 'lisen: 127.0.0.1:8080'
refused 'did you mean "burst"?' 'rates: { brust: 5 }'
refused 'did you mean "queue"?' 'limits: { quue: 5 }'
refused 'listen' 'listen: 127.0.0.1:1' 'listen: 127.0.0.1:2'
refused 'needs keys' 'listen: 0.0.0.0:8080' 'plaintext: true'
refused 'without TLS' 'listen: 0.0.0.0:8080' "keys: [{ name: a, sha256: $hash, scopes: ['*:*'] }]"
refused 'without TLS' 'listen: "[::]:8080"' "keys: [{ name: a, sha256: $hash, scopes: ['*:*'] }]"
refused 'numeric address' 'listen: example.com:8080'
refused 'an address and a port' 'listen: 8080'
refused 'an address and a port' 'listen: 127.0.0.1:70000'
refused 'did you mean "ingest"?' "keys: [{ name: a, sha256: $hash, scopes: ['ingets:*'] }]"
refused 'VERB:PIPELINE' "keys: [{ name: a, sha256: $hash, scopes: [ingest] }]"
refused 'the key itself does not belong here' 'keys: [{ name: a, sha256: pk_secret, scopes: ["*:*"] }]'
if grep -q pk_secret "$TESTTMP/err"; then fail "the message shows what may be a key"; fi
refused 'a key named "a" already' "keys: [{ name: a, sha256: $hash, scopes: ['*:*'] }, { name: a, sha256: f$(printf %.63s "$hash"), scopes: ['*:*'] }]"
refused 'without a port' 'hosts: ["a.example:80"]'
refused 'limits.bodies' 'limits: { body: 2MiB, bodies: 1MiB }'
refused 'pipelines is a list' nopipelines 'listen: 127.0.0.1:8080'
refused 'a pipeline named "ingest" already' nopipelines "pipelines: [$TOP/pipelines/ingest.yaml, $TOP/pipelines/ingest.yaml]"
for settings in 'listen: 127.0.0.1:0' 'listen: "[::1]:0"' 'listen: localhost:0' "listen: 0.0.0.0:8080
plaintext: true
keys: [{ name: a, sha256: $hash, scopes: ['*:*'] }]" "listen: 192.0.2.1:8080
behind_proxy: true
keys: [{ name: a, sha256: $hash, scopes: ['ingest:ingest', 'report:*'] }]"; do
    printf 'version: 1\npipelines: [%s]\n%s\n' "$TOP/pipelines/ingest.yaml" "$settings" >"$file"
    expect_exit 0 "$PENSTOCK" serve --check "$file"
done
if grep -q 'warning: the scope' "$TESTTMP/err"; then fail "a warning of scopes that are right"; fi
printf 'version: 1\npipelines: [%s]\nkeys: [{ name: a, sha256: %s, scopes: ["ingest:ingset"] }]\n' "$TOP/pipelines/ingest.yaml" "$hash" >"$file"
expect_exit 0 "$PENSTOCK" serve --check "$file"
expect_in "$TESTTMP/err" 'warning: the scope "ingest:ingset" is of no pipeline here (did you mean "ingest"?)'

expect_exit 0 "$PENSTOCK" serve --check examples/serve/serve.yaml
printf 'version: 1\npipelines: [%s]\nbehind_proxy: true\n' "$TOP/pipelines/ingest.yaml" >"$file"
expect_exit 0 "$PENSTOCK" serve --check "$file"
expect_in "$TESTTMP/err" "$file:3:"
expect_in "$TESTTMP/err" "whatever a proxy forwards is refused"

# Rows come from requests alone: a run of such a pipeline is refused before anything is touched, and looking at it makes nothing.
for options in '' --dry-run --json '--step jobs' --restart; do
    expect_exit 2 "$PENSTOCK" run $options pipelines/ingest.yaml
    expect_in "$TESTTMP/err" "penstock serve"
done
expect_exit 0 "$PENSTOCK" validate --strict pipelines/ingest.yaml
for command in plan check; do
    expect_exit 0 "$PENSTOCK" $command pipelines/ingest.yaml
    expect_in "$TESTTMP/out" "http the body of a request"
done
[ ! -e "$TESTTMP/hr.db" ] || fail "run, validate, plan or check made a database"

# An address that is taken, or none of this machine's.
printf 'version: 1\npipelines: [%s]\nlisten: 192.0.2.1:8080\nplaintext: true\nkeys: [{ name: a, sha256: %s, scopes: ["*:*"] }]\n' \
    "$TOP/pipelines/ingest.yaml" "$hash" >"$file"
expect_exit 5 "$PENSTOCK" serve "$file"
expect_in "$TESTTMP/err" "cannot listen"

expect_exit 0 "$PENSTOCK" keys new loader --scope ingest:ingest --scope 'read:*'
key=$(sed -n 's/^key:  //p' "$TESTTMP/out")
line=$(sed -n 's/^line: - //p' "$TESTTMP/out")
[ "${#key}" -eq 46 ] || fail "a key of 256 bits: $key"
expect_eq "$(printf %s "$key" | sha256sum | cut -d' ' -f1)" "$(printf '%s\n' "$line" | sed 's/.*sha256: \([0-9a-f]*\).*/\1/')" "the hash of the key"
expect_exit 0 "$PENSTOCK" keys new loader
[ "$(sed -n 's/^key:  //p' "$TESTTMP/out")" != "$key" ] || fail "the same key twice"
expect_exit 2 "$PENSTOCK" keys new 'a b'
expect_exit 2 "$PENSTOCK" keys new a --scope 'drop:*'
TOP=$TOP python3 - "$key" "$line" <<'PY' || exit
import os, sys
sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from http_service import Service
key, line = sys.argv[1:]
service = Service(["pipelines/ingest.yaml"], "keys:\n  - %s\n" % line)
answer = service.ask("GET", "/openapi.json", headers={"Authorization": "Bearer " + key})
assert answer.status == 200, answer.status
service.ask("GET", "/openapi.json", headers={"Authorization": "Bearer " + key[:-1]}).problem(401, "a key that was cut")
assert key not in service.text()
document = answer.json()
assert document["openapi"] == "3.1.0" and "/v1/ingest/{pipeline}" in document["paths"]
assert "job" in document["components"]["schemas"]["ingest.jobs"]["properties"]
service.stop()
PY
