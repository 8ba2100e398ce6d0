/* completion.c - penstock completion: the scripts for bash, zsh and fish, and the words that they ask for.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The scripts know nothing of commands and options. They hand the words of the line to "penstock completion words" and do with its answer
 * what their shell wants: so they stay right when the program is another version, and a command that is new in the table is completed.
 */
#include <stdio.h>

#include "engine/cli/complete.h"

static const char script_bash[] =
	"# Completion of penstock for bash; printed by \"penstock completion bash\".\n"
	"# SPDX-License-Identifier: Apache-2.0\n"
	"# The program itself says what may stand there, from the table by which it reads its command lines.\n"
	"_penstock()\n"
	"{\n"
	"    local program=${COMP_WORDS[0]} rest=$COMP_LINE word trimmed line prefix typed keep='' value path i\n"
	"    local -a words=() names=() paths=()\n"
	"    # bash cuts words at = and : and penstock does not: what stood together is put together again.\n"
	"    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
	"        word=${COMP_WORDS[i]}\n"
	"        trimmed=${rest#\"${rest%%[![:space:]]*}\"}\n"
	"        if ((i > 1)) && [[ -n $word && $trimmed == \"$rest\" ]]; then\n"
	"            words[${#words[@]}-1]+=$word\n"
	"        elif ((i > 0)); then\n"
	"            words+=(\"$word\")\n"
	"        fi\n"
	"        rest=${trimmed#\"$word\"}\n"
	"    done\n"
	"    ((${#words[@]})) || words=('')\n"
	"    for i in \"${!words[@]}\"; do\n"
	"        words[i]=${words[i]//[\\\"\\'\\\\]/}\n"
	"    done\n"
	"    typed=${words[${#words[@]}-1]}\n"
	"    # What stands before the last = or : is no part of the word that bash will put in.\n"
	"    [[ $typed == *[=:]* ]] && keep=${typed%\"${typed##*[=:]}\"}\n"
	"    program=${program/#\\~/$HOME}\n"
	"    type -P \"$program\" >/dev/null || program=penstock\n"
	"\n"
	"    COMPREPLY=()\n"
	"    while IFS= read -r line; do\n"
	"        case $line in\n"
	"        :nospace) compopt -o nospace 2>/dev/null ;;\n"
	"        :files\\ * | :folders\\ *)\n"
	"            prefix=${line#* }\n"
	"            value=${typed#\"$prefix\"}\n"
	"            local action=-f\n"
	"            [[ $line == :folders* ]] && action=-d\n"
	"            while IFS= read -r path; do\n"
	"                paths+=(\"$prefix$path\")\n"
	"            done < <(compgen $action -- \"$value\")\n"
	"            ;;\n"
	"        *) names+=(\"${line%%$'\\t'*}\") ;;\n"
	"        esac\n"
	"    done < <(\"$program\" completion words -- \"${words[@]}\" 2>/dev/null)\n"
	"    if ((${#names[@]})); then\n"
	"        for path in \"${paths[@]}\"; do\n"
	"            printf -v value %q \"${path#\"$keep\"}\"\n"
	"            [[ -d $path ]] && value+=/\n"
	"            COMPREPLY+=(\"$value\")\n"
	"        done\n"
	"    elif ((${#paths[@]})); then\n"
	"        compopt +o nospace -o filenames 2>/dev/null\n"
	"        for path in \"${paths[@]}\"; do\n"
	"            COMPREPLY+=(\"${path#\"$keep\"}\")\n"
	"        done\n"
	"    fi\n"
	"    for word in \"${names[@]}\"; do\n"
	"        COMPREPLY+=(\"${word#\"$keep\"}\")\n"
	"    done\n"
	"}\n"
	"complete -F _penstock penstock\n";

static const char script_zsh[] =
	"#compdef penstock\n"
	"# Completion of penstock for zsh; printed by \"penstock completion zsh\".\n"
	"# SPDX-License-Identifier: Apache-2.0\n"
	"# The program itself says what may stand there, from the table by which it reads its command lines.\n"
	"_penstock() {\n"
	"    local program=${(Q)words[1]} line word action= prefix=\n"
	"    local -a before names glue\n"
	"    program=${program/#\\~/$HOME}\n"
	"    (( $+commands[$program] )) || [[ -x $program ]] || program=penstock\n"
	"    before=(\"${(@Q)words[2,CURRENT]}\")\n"
	"    for line in \"${(@f)$(\"$program\" completion words -- \"${before[@]}\" 2>/dev/null)}\"; do\n"
	"        case $line in\n"
	"        ('') ;;\n"
	"        (:nospace) glue=(-S '') ;;\n"
	"        (':files '*) action=files prefix=${line#:files } ;;\n"
	"        (':folders '*) action=folders prefix=${line#:folders } ;;\n"
	"        (*)\n"
	"            word=${line%%$'\\t'*}\n"
	"            word=${word//:/\\\\:}\n"
	"            [[ $line == *$'\\t'* ]] && word+=\":${line#*$'\\t'}\"\n"
	"            names+=(\"$word\")\n"
	"            ;;\n"
	"        esac\n"
	"    done\n"
	"    local result=1\n"
	"    (( $#names )) && _describe -t penstock penstock names \"${glue[@]}\" && result=0\n"
	"    if [[ -n $action ]]; then\n"
	"        [[ -z $prefix ]] || compset -P \"${(b)prefix}\"\n"
	"        case $action in\n"
	"        (files) _files && result=0 ;;\n"
	"        (folders) _files -/ && result=0 ;;\n"
	"        esac\n"
	"    fi\n"
	"    return result\n"
	"}\n"
	"if [[ ${funcstack[1]:-} == _penstock ]]; then\n"
	"    _penstock \"$@\"\n"
	"else\n"
	"    compdef _penstock penstock\n"
	"fi\n";

static const char script_fish[] =
	"# Completion of penstock for fish; printed by \"penstock completion fish\".\n"
	"# SPDX-License-Identifier: Apache-2.0\n"
	"# The program itself says what may stand there, from the table by which it reads its command lines.\n"
	"function __penstock_words\n"
	"    set -l before (commandline -opc)\n"
	"    set -l typed (commandline -ct)\n"
	"    set -l program (string replace -r '^~' $HOME -- $before[1])\n"
	"    set -e before[1]\n"
	"    type -q $program; or set program penstock\n"
	"    for line in ($program completion words -- $before \"$typed\" 2>/dev/null)\n"
	"        set -l prefix (string replace -r '^:[a-z]+ ' '' -- $line)\n"
	"        set -l value (string sub -s (math 1 + (string length -- \"$prefix\")) -- \"$typed\")\n"
	"        switch $line\n"
	"            case ':nospace'\n"
	"            case ':files *'\n"
	"                for path in (__fish_complete_path \"$value\")\n"
	"                    printf '%s%s\\n' \"$prefix\" \"$path\"\n"
	"                end\n"
	"            case ':folders *'\n"
	"                for path in (__fish_complete_directories \"$value\" '')\n"
	"                    printf '%s%s\\n' \"$prefix\" \"$path\"\n"
	"                end\n"
	"            case '*'\n"
	"                printf '%s\\n' $line\n"
	"        end\n"
	"    end\n"
	"end\n"
	"complete -c penstock -f -k -a '(__penstock_words)'\n";

static int print_bash(const void *flags, const struct arguments *arguments)
{
	(void)flags;
	(void)arguments;
	fputs(script_bash, stdout);
	return 0;
}

static int print_zsh(const void *flags, const struct arguments *arguments)
{
	(void)flags;
	(void)arguments;
	fputs(script_zsh, stdout);
	return 0;
}

static int print_fish(const void *flags, const struct arguments *arguments)
{
	(void)flags;
	(void)arguments;
	fputs(script_fish, stdout);
	return 0;
}

static int print_words(const void *flags, const struct arguments *arguments)
{
	(void)flags;
	complete_line(stdout, arguments->items, arguments->count);
	return 0;
}

static const char *const examples_of_bash[] = {
	"source <(penstock completion bash)",
	"penstock completion bash >~/.local/share/bash-completion/completions/penstock",
	NULL,
};
static const char *const examples_of_zsh[] = {
	"source <(penstock completion zsh)          # behind compinit",
	"penstock completion zsh >/usr/local/share/zsh/site-functions/_penstock",
	NULL,
};
static const char *const examples_of_fish[] = {
	"penstock completion fish | source",
	"penstock completion fish >~/.config/fish/completions/penstock.fish",
	NULL,
};
static const char *const examples_of_words[] = {
	"penstock completion words -- run pipelines/migrate.yaml --set \"\"",
	NULL,
};

static const struct command command_bash = {
	.name = "bash",
	.summary = "the script for bash",
	.description = "Prints the completion script for bash 4 and later.",
	.exits = EXITS(0) | EXITS(1),
	.examples = examples_of_bash,
	.run = print_bash,
};

static const struct command command_zsh = {
	.name = "zsh",
	.summary = "the script for zsh",
	.description = "Prints the completion script for zsh 5, to be sourced or put into a folder of fpath as _penstock.",
	.exits = EXITS(0) | EXITS(1),
	.examples = examples_of_zsh,
	.run = print_zsh,
};

static const struct command command_fish = {
	.name = "fish",
	.summary = "the script for fish",
	.description = "Prints the completion script for fish 3 and later.",
	.exits = EXITS(0) | EXITS(1),
	.examples = examples_of_fish,
	.run = print_fish,
};

static const struct command command_words = {
	.name = "words",
	.arguments = "WORD...",
	.most = 4096,
	.summary = "what may stand at the end of a line",
	.description =
		"What the scripts ask: the words of a command line behind \"penstock\", of which the last is being typed, give a line for each word that "
		"may stand there, with its description behind a tab. \":files PREFIX\" and \":folders PREFIX\" stand for the names of files and "
		"folders, \":nospace\" says that no space is to follow.\n"
		"Steps, params, connections and tables are read from the pipeline or dictionary that the line names. Nothing is connected to.",
	.exits = EXITS(0) | EXITS(1),
	.examples = examples_of_words,
	.run = print_words,
};

static const struct command *const subcommands[] = {&command_bash, &command_zsh, &command_fish, &command_words, NULL};

const struct command command_completion = {
	.name = "completion",
	.summary = "completion for bash, zsh and fish",
	.description =
		"Prints a script that makes a shell complete command lines of penstock: commands, options and their values, files, and from the "
		"pipeline or dictionary on the line its steps, params, connections and tables. \"make install\" installs all three.",
	.subcommands = subcommands,
};
