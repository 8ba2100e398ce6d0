#!/bin/sh
# Every command that the README shows in a block marked sh works as it stands, in a copy of the tree, with the built program.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock

mkdir -p "$TESTTMP/tree/tests" "$TESTTMP/bin"
cp -R "$TOP/examples" "$TOP/pipelines" "$TESTTMP/tree/"
ln -s "$PENSTOCK" "$TESTTMP/bin/penstock"
PATH=$TESTTMP/bin:$PATH
export PATH PENSTOCK

# Not the runner itself, within its own run.
awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside && !/^sh tests\/run.sh/ && !/^curl /' "$TOP/README.md" >"$TESTTMP/commands"
count=0
while IFS= read -r command; do
    case $command in
    '' | '#'*) continue ;;
    export*) eval "$command"; continue ;;
    esac
    count=$((count + 1))
    (cd "$TESTTMP/tree" && eval "$command") >"$TESTTMP/out" 2>&1 </dev/null || {
        cat "$TESTTMP/out"
        fail "README: $command"
    }
done <"$TESTTMP/commands"
[ "$count" -ge 8 ] || fail "only $count commands were found in the README"

# Each command of its table is there, and so is each of the manual page.
for command in run validate plan check rules schema rejects runs connectors version; do
    expect_in "$TOP/README.md" "| \`penstock $command"
    grep -q "^\.B.*[[:space:]\"]*$command" "$TOP/man/penstock.1" || fail "penstock.1 does not know $command"
done

# Links to files of ours lead somewhere.
cd "$TOP" || fail "no $TOP"
for page in *.md tests/*.md docs/*.md docs/decisions/*.md examples/*/*.md; do
    grep -o ']([^)#]*' "$page" | sed 's/^](//' | grep -v '^https\{0,1\}:' | while IFS= read -r link; do
        [ -e "$(dirname "$page")/$link" ] || echo "$page -> $link"
    done
done >"$TESTTMP/dead"
[ ! -s "$TESTTMP/dead" ] || {
    cat "$TESTTMP/dead"
    fail "dead links"
}
