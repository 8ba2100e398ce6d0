#!/bin/sh
# Every code, rule, exit status, skip reason, run status, command and HTTP status names a test, and that test really speaks of it.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
cd "$TOP" || fail "no $TOP"
list=tests/coverage.txt
bad=$TESTTMP/bad
: >"$bad"

# What the program itself knows, read from its source.
{
    sed -n 's/^.*\[CODE_[A-Z_]*\] = { "\([a-z-]*\)".*/code \1/p' engine/core/rule.c
    sed -n 's/^.*\[SKIP_[A-Z_]*\] = "\([a-z_]*\)".*/skip \1/p' engine/core/counts.c
    sed -n 's/^.*ERROR_[A-Z]* = \([0-7]\),.*/exit \1/p' engine/core/error.h
    printf 'exit 130\nexit 143\nexit 129\n'
    sed -n 's/^.*\[RULE_[A-Z_]*\] = .*/&/p' rules/compile.c | grep -o '"[a-zA-Z]*"' | tr -d '"' | sed 's/^/rule TABLE.FIELD./'
    grep -ho '\[RUN_[A-Z]*\] = "[a-z]*"' engine/core/*.c | sed 's/.*"\(.*\)"/status \1/' | grep -v 'running\|failed'
    sed -n 's/^.*&command_\([a-z]*\),.*/command \1/p' engine/cli/commands.c | grep -v 'command help'
    grep -o '{[1-5][0-9][0-9], "' engine/http/answer.c | tr -dc '0-9\n' | sed 's/^/http /'
} | sort -u >"$TESTTMP/known"
# A status that is answered somewhere has its title, and so stands above.
for status in $(grep -ohE '(REFUSE\(x|answer_problem\([^,"]*|answer_json\([a-z]+|deny\(x), [1-5][0-9][0-9]|STATUS_[A-Z]+ = [1-5][0-9][0-9]' engine/http/*.c |
    grep -oE '[0-9]+$' | sort -u); do
    grep -qx "http $status" "$TESTTMP/known" || echo "engine/http/answer.c has no title for $status" >>"$bad"
done
[ "$(wc -l <"$TESTTMP/known")" -ge 40 ] || fail "only $(wc -l <"$TESTTMP/known") items were found in the source: the patterns above no longer fit it"
while IFS= read -r item; do
    grep -qE "^$(printf '%s' "$item" | sed 's/[.]/\\./g')( [a-z].*)? \|" "$list" || echo "no test is named for: $item" >>"$bad"
done <"$TESTTMP/known"

grep -v '^#' "$list" | grep -v '^$' | while IFS='|' read -r item test text; do
    item=${item% } test=$(printf '%s' "$test" | tr -d ' ') text=${text# }
    if [ ! -f "tests/$test" ]; then
        echo "$item: there is no tests/$test" >>"$bad"
        continue
    fi
    [ -n "$text" ] || { echo "$item: no text is named" >>"$bad"; continue; }
    # A test is its script, the Python program of its name, what that program's words name, and its cases.
    base=${test##*/} base=${base%.*} folder=tests/${test%/*}
    set -- "tests/$test"
    for program in $(grep -o 'tests/[a-z]*/[a-z_]*\.py' "tests/$test"); do
        set -- "$@" "$program"
    done
    case $base in
    cases_*) set -- "$@" "$folder/cases/${base#cases_}"_*/case.json ;;
    validate) set -- "$@" "$folder"/validate/* ;;
    esac
    cat "$@" | grep -qF -e "$text" || echo "$item: tests/$test does not hold: $text" >>"$bad"
done
if [ -s "$bad" ]; then
    cat "$bad"
    fail "$(wc -l <"$bad") gaps in $list"
fi
echo "$(wc -l <"$TESTTMP/known") items, $(grep -c '|' "$list") lines"
