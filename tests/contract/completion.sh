#!/bin/sh
# Completion: the scripts are good bash, zsh and fish; a bash and a fish that have them offer what was written down by hand; a command, subcommand or
# option that the help names is offered, whatever it is.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need bash
need_penstock
cd "$TOP" || fail "no $TOP"
penstock=${PENSTOCK_SAN:-$PENSTOCK}
unset PENSTOCK_DB
for shell in bash zsh fish; do
    expect_exit 0 "$penstock" completion $shell
    cp "$TESTTMP/out" "$TESTTMP/script.$shell"
    if command -v $shell >/dev/null; then
        $shell -n "$TESTTMP/script.$shell" || fail "$shell does not read its script"
    fi
done

# A folder with names that are known; the program stands in it under its own name.
mkdir "$TESTTMP/bin" "$TESTTMP/work" "$TESTTMP/work/old files"
# It completes; of every other line it shows the words.
cat >"$TESTTMP/bin/penstock" <<END
#!/bin/sh
[ "\$1" != completion ] || exec "$penstock" "\$@"
printf '[%s]' "\$@"
echo
END
chmod +x "$TESTTMP/bin/penstock"
cd "$TESTTMP/work" || fail "no folder"
cat >load.yaml <<'END'
version: 1
dictionary: tables.yaml
params:
  data: { default: x, description: folder of the files }
  mode: { default: fast, enum: [fast, careful] }
  strict: { default: "no", type: boolean }
  "$(rm x)": { default: 1 }
connections:
  main: { type: odbc, connect: "${NOT_SET_ANYWHERE}" }
  mirror: { type: odbc, connect: x }
steps:
  - { name: first, description: the first step }
  - { name: second }
  - { name: "${table}", for_each: { table: "*" } }
END
cat >tables.yaml <<'END'
resources:
  - { name: people, description: who }
  - { name: places }
END
: >data.csv

# bash asked as readline does: it cuts words at = and :, the last word is the one being typed.
cat >"$TESTTMP/ask.bash" <<'END'
source "$1"
line=$2
shift 2
COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
_penstock penstock
((${#COMPREPLY[@]})) || exit 0
printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | tr '\n' ' '
END
# offered WANTED LINE WORD...: WANTED with a space behind each.
offered() {
    wanted=$1 asked=$2
    shift 2
    got=$(PATH="$TESTTMP/bin:$PATH" PENSTOCK_ASKED_A=1 PENSTOCK_ASKED_B=1 bash "$TESTTMP/ask.bash" "$TESTTMP/script.bash" "$asked" "$@" 2>"$TESTTMP/err") || fail "bash: $asked"
    [ ! -s "$TESTTMP/err" ] || fail "$asked: $(cat "$TESTTMP/err")"
    expect_eq "$got" "$wanted" "bash: $asked"
}
offered "rules run runs " "penstock ru" penstock ru
offered "--dry-run " "penstock run --d" penstock run --d
offered "--help --set --strict " "penstock validate -" penstock validate -
offered "export list replay show top " "penstock rejects " penstock rejects ""
offered "mariadb postgresql sqlite sqlserver " "penstock schema ddl --dialect " penstock schema ddl --dialect ""
offered "json text " "penstock run load.yaml --log-format " penstock run load.yaml --log-format ""
offered "json " "penstock run load.yaml --log-format=j" penstock run load.yaml --log-format = j
offered "load.yaml " "penstock run lo" penstock run lo
offered "data.csv load.yaml old files tables.yaml " "penstock run " penstock run ""
offered "data= mode= strict= " "penstock run load.yaml --set " penstock run load.yaml --set ""
offered "mode= " "penstock run --limit 3 load.yaml --set mo" penstock run --limit 3 load.yaml --set mo
offered "careful fast " "penstock run load.yaml --set mode=" penstock run load.yaml --set mode =
offered "careful " "penstock run load.yaml --set=mode=c" penstock run load.yaml --set = mode = c
offered "false true " "penstock run load.yaml --set strict=" penstock run load.yaml --set strict =
offered "data.csv " "penstock run load.yaml --set data=da" penstock run load.yaml --set data = da
offered "first people places second " "penstock run load.yaml --step " penstock run load.yaml --step ""
offered "people places " "penstock rules tables.yaml p" penstock rules tables.yaml p
offered "data.csv env: file: load.yaml old\\ files/ tables.yaml " "penstock runs list --state " penstock runs list --state ""
offered "PENSTOCK_ASKED_A PENSTOCK_ASKED_B " "penstock runs list --state env:PENSTOCK_ASKED" penstock runs list --state env : PENSTOCK_ASKED
offered "load.yaml " "penstock runs list --state file:lo" penstock runs list --state file : lo
offered "main mirror " "penstock runs list --state load.yaml:" penstock runs list --state load.yaml :
offered "mirror " "penstock compare load.yaml:main load.yaml:mi" penstock compare load.yaml : main load.yaml : mi
offered "latest " "penstock runs show l" penstock runs show l
offered "csv " "penstock discover c" penstock discover c
offered "data.csv " "penstock discover csv d" penstock discover csv d
offered "list " "penstock help rejects l" penstock help rejects l
offered "avro csv http json odbc response " "penstock connectors " penstock connectors ""
offered "json " "penstock connectors j" penstock connectors j
offered "" "penstock connectors csv " penstock connectors csv ""
offered "" "penstock xyzzy " penstock xyzzy ""
offered "" "penstock run load.yaml -- --" penstock run load.yaml -- --

# What the program says, of every command that its help names: no list of them is kept here.
words() {
    "$penstock" completion words -- "$@" | sed '/^:/d; s/	.*//' | LC_ALL=C sort
}
named() {
    sed -n '/^commands:/,/^$/s/^  \([a-z][a-z-]*\).*/\1/p' "$TESTTMP/out" | LC_ALL=C sort
}
expect_exit 0 "$penstock" help
named >"$TESTTMP/commands"
words "" >"$TESTTMP/got"
expect_same "$TESTTMP/got" "$TESTTMP/commands" "the commands"
count=0
while read -r command; do
    expect_exit 0 "$penstock" help "$command"
    named >"$TESTTMP/subcommands"
    [ -s "$TESTTMP/subcommands" ] || echo >"$TESTTMP/subcommands"
    while read -r sub; do
        if [ -n "$sub" ]; then
            words "$command" "$sub" | grep -qx "$sub" || fail "$command $sub is not offered"
        fi
        # shellcheck disable=SC2086
        expect_exit 0 "$penstock" help "$command" $sub
        { sed -n '/^options:/,/^$/s/^  --\([a-z-]*\).*/--\1/p' "$TESTTMP/out"; echo --help; } | LC_ALL=C sort >"$TESTTMP/options"
        # shellcheck disable=SC2086
        words "$command" $sub -- >"$TESTTMP/got"
        expect_same "$TESTTMP/got" "$TESTTMP/options" "options of $command $sub"
        count=$((count + 1))
    done <"$TESTTMP/subcommands"
done <"$TESTTMP/commands"
[ "$count" -ge 25 ] || fail "only $count commands were seen"

# A file that is no pipeline, or is not there, has no names, and is no error.
printf '\377\376 {' >broken.yaml
for file in broken.yaml none.yaml . /dev/null; do
    expect_exit 0 "$penstock" completion words -- run "$file" --set ""
    expect_eq "$(cat "$TESTTMP/out" "$TESTTMP/err")" ":nospace" "names in $file"
done

# On a terminal, where the line editor has its say.
for shell in bash zsh; do
    if command -v $shell >/dev/null && command -v python3 >/dev/null; then
        PATH="$TESTTMP/bin:$PATH" HOME=$TESTTMP python3 "$TOP/tests/contract/completion.py" $shell "$TESTTMP/script.$shell" || fail "$shell on a terminal"
    fi
done

if command -v fish >/dev/null; then
    # asked WANTED LINE: fish prints each candidate with its description behind a tab.
    asked() {
        got=$(PATH="$TESTTMP/bin:$PATH" HOME=$TESTTMP fish --no-config -c "source $TESTTMP/script.fish; complete -C '$2'" | sed 's/	.*//' | LC_ALL=C sort | tr '\n' ' ')
        expect_eq "$got" "$1" "fish: $2"
    }
    asked "rules run runs " "penstock ru"
    asked "--log-format=json " "penstock run load.yaml --log-format=j"
    asked "data= mode= strict= " "penstock run load.yaml --set "
    asked "mode=careful mode=fast " "penstock run load.yaml --set mode="
    asked "data=data.csv " "penstock run load.yaml --set data=da"
    asked "load.yaml:main load.yaml:mirror " "penstock runs list --state load.yaml:"
fi
if command -v zsh >/dev/null; then
    # The functions of zsh's completion system, of which the line editor must be there, say what they were called with.
    cat >"$TESTTMP/ask.zsh" <<'END'
compdef() { : }
compset() { [[ $1 == -P ]] && print -r -- "prefix=$2" }
_files() { print -r -- "files $*" }
_describe() { local -a all=("${(@P)4}"); print -rl -- "${(@)all%%:*}"; (( $# > 4 )) && print -r -- "glue=$5"; return 0 }
source $1
shift
words=("$@") CURRENT=$#
_penstock
END
    # zasked WANTED WORD...
    zasked() {
        wanted=$1
        shift
        got=$(PATH="$TESTTMP/bin:$PATH" zsh -f "$TESTTMP/ask.zsh" "$TESTTMP/script.zsh" "$@" 2>&1 | LC_ALL=C sort | tr '\n' ' ')
        expect_eq "$got" "$wanted" "zsh: $*"
    }
    zasked "rules run runs " penstock ru
    zasked "data= glue=-S mode= strict= " penstock run load.yaml --set ""
    zasked "files  prefix=data= " penstock run load.yaml --set data=da
    zasked "files -/ " penstock discover csv data.csv --into ""
    zasked "--log-format=json " penstock run load.yaml --log-format=j
fi
echo "$count commands"
