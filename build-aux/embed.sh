#!/bin/sh
# Prints the files of a folder as C arrays, each with its type and a tag made of its SHA-256: engine/http/console_files.h.
# usage: embed.sh FOLDER
# SPDX-License-Identifier: Apache-2.0
set -eu
LC_ALL=C export LC_ALL
folder=$1 count=0 table=

cat <<'END'
/* The files of the console; written by build-aux/embed.sh.
   SPDX-License-Identifier: Apache-2.0 */
END
for file in "$folder"/*; do
    name=${file##*/}
    case $name in
    *.html) type='text/html; charset=utf-8' ;;
    *.css) type='text/css; charset=utf-8' ;;
    *.js) type='text/javascript; charset=utf-8' ;;
    *.svg) type='image/svg+xml' ;;
    *.png) type='image/png' ;;
    *.json | *.webmanifest) type='application/json' ;;
    *) continue ;;
    esac
    case $name in
    *[!a-z0-9._-]*) echo "embed.sh: $file: the name of a file of the console has small letters, digits, dots, dashes and underscores" >&2; exit 1 ;;
    esac
    [ -s "$file" ] || { echo "embed.sh: $file is empty" >&2; exit 1; }
    tag=$(sha256sum <"$file" | cut -c1-32)
    echo "static const unsigned char console_bytes_$count[] = {"
    od -An -v -tx1 "$file" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
    echo '};'
    table="$table	{\"$name\", \"$type\", \"\\\"$tag\\\"\", console_bytes_$count, sizeof(console_bytes_$count)},
"
    count=$((count + 1))
done
[ -s "$folder/index.html" ] || { echo "embed.sh: there is no $folder/index.html" >&2; exit 1; }
printf 'static const struct console_file console_files[] = {\n%s};\n' "$table"
