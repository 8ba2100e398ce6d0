#!/bin/sh
# Builds a fuzz target with clang's libFuzzer and lets it search, beginning with its corpus.
# usage: sh tests/support/fuzz.sh NAME [SECONDS]     what it finds is left in the working directory
# SPDX-License-Identifier: Apache-2.0
set -eu
name=${1:?usage: sh tests/support/fuzz.sh NAME [SECONDS]}
seconds=${2:-60}
TOP=$(cd "$(dirname "$0")/../.." && pwd)
[ -f "$TOP/tests/fuzz/fuzz_$name.c" ] || { echo "fuzz.sh: there is no tests/fuzz/fuzz_$name.c" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/penstock-fuzz.XXXXXX")
trap 'rm -rf "$work"' EXIT
files='files layer paths reading recode sniff unpack window' # what reads files, whatever is in them
# The room of the target and the core that it needs; the linker drops the rest.
case $name in
yaml)
    # Reading files and binding options; no connector is needed, and none of their libraries.
    printf '%s\n' '#include "connectors/registry.h"' 'const struct store_ops *connector_store(const char *type)' \
        '{' '	(void)type;' '	return NULL;' '}' >"$work/registry.c"
    set -- "$work/registry.c" "$TOP"/rules/*.c "$TOP"/engine/core/*.c
    for part in connections declared document interpolate json keys options params scalars sql stash tree yaml; do
        set -- "$@" "$TOP/engine/config/$part.c"
    done
    libraries='-lyaml -lpcre2-8 -ljansson -lsqlite3'
    ;;
dictionary | cast)
    set -- "$TOP"/rules/*.c "$TOP"/engine/core/*.c
    for part in document json scalars stash tree yaml; do
        set -- "$@" "$TOP/engine/config/$part.c"
    done
    libraries='-lyaml -lpcre2-8 -ljansson -lsqlite3'
    ;;
avro)
    set -- -DHAVE_SNAPPY=1 -DHAVE_ZSTD=1 -DHAVE_LZMA=1 -DHAVE_BZIP2=1
    for part in codec container_in pack unpack; do
        set -- "$@" "$TOP/connectors/avro/$part.c"
    done
    for part in buffer digest error; do
        set -- "$@" "$TOP/engine/core/$part.c"
    done
    libraries='-lsnappy -lzstd -llzma -lbz2 -lz'
    ;;
avro_records)
    set --
    for part in cell decimal decode match nested scalar type type_tree wire; do
        set -- "$@" "$TOP/connectors/avro/$part.c"
    done
    for part in batch buffer diagnostics error json_text node rule schema typed utf8 value; do
        set -- "$@" "$TOP/engine/core/$part.c"
    done
    libraries=-ljansson
    ;;
json)
    set -- -DHAVE_ZSTD=1 "$TOP"/tests/support/json_*.c
    for part in $files; do
        set -- "$@" "$TOP/connectors/file/$part.c"
    done
    for part in cell pointer reader record source stream string walk; do
        set -- "$@" "$TOP/connectors/json/$part.c"
    done
    for part in batch buffer diagnostics digest error json_text node position rule schema typed utf8 value; do
        set -- "$@" "$TOP/engine/core/$part.c"
    done
    libraries='-ljansson -lz -lzstd'
    ;;
*)
    set -- -DHAVE_ZSTD=1 "$TOP"/tests/support/"$name"_*.c
    for part in "$TOP"/connectors/"$name"/*.c; do
        [ "${part##*/}" = sink.c ] || set -- "$@" "$part"
    done
    for part in $files; do
        set -- "$@" "$TOP/connectors/file/$part.c"
    done
    for part in batch buffer diagnostics digest error node position rule schema utf8 value; do
        [ ! -f "$TOP/engine/core/$part.c" ] || set -- "$@" "$TOP/engine/core/$part.c"
    done
    libraries="-l$name -lz -lzstd"
    ;;
esac
clang -g -O1 -std=c11 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
    -ffunction-sections -Wl,--gc-sections -I"$TOP" -o "$work/fuzz_$name" \
    "$TOP/tests/fuzz/fuzz_$name.c" "$@" $libraries -lcrypto -lm -lpthread
cp -r "$TOP/tests/fuzz/corpus/$name" "$work/corpus"
"$work/fuzz_$name" -max_len=400 -max_total_time="$seconds" -print_final_stats=1 "$work/corpus"
