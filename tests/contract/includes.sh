#!/bin/sh
# Includes run one way (cli, http, schedule -> compare, discover, lineage, mend -> config -> connectors, rules -> core), and a library's header stays in its room.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
cd "$TOP" || fail "no $TOP"

found=$TESTTMP/found
: >"$found"

# forbid FOLDER PATTERN: no file below FOLDER includes what PATTERN (a basic regular expression) matches.
forbid() {
    [ -d "$1" ] || return 0
    grep -rnE --include='*.c' --include='*.h' "^[[:space:]]*#[[:space:]]*include[[:space:]]*$2" "$1" >>"$found"
}
# only ROOM PATTERN: such a header is included in ROOM and nowhere else in the product.
only() {
    grep -rnE --include='*.c' --include='*.h' "^[[:space:]]*#[[:space:]]*include[[:space:]]*$2" engine connectors rules |
        grep -v "^$1/" >>"$found"
}

above='engine/(cli|http|schedule|compare|discover|mend|lineage)/'
forbid engine/core "\"(connectors|rules|engine/config)/"
forbid engine/core "\"$above"
forbid engine/sqlite "\"(connectors|rules|engine/config)/"
forbid engine/sqlite "\"$above"
forbid rules "\"(connectors|engine/config|engine/sqlite)/"
forbid rules "\"$above"
forbid connectors "\"(rules|engine/config)/"
forbid connectors "\"$above"
forbid engine/config "\"$above"
forbid engine/compare '"engine/(cli|http|schedule|discover|mend)/'
forbid engine/discover '"engine/(cli|http|schedule|compare|mend|config)/'
forbid engine/mend '"engine/(cli|http|schedule|compare|discover|config|lineage)/'
forbid engine/lineage '"engine/(cli|http|schedule|compare|discover|mend|config)/'
for room in connectors/*/; do
    # A room of connectors knows itself, what all connectors share (at the top of connectors/, and connectors/file), and the core.
    for other in connectors/*/; do
        [ "$room" = "$other" ] || [ "$other" = connectors/file/ ] || forbid "${room%/}" "\"$other"
    done
done
# Includes carry the folder.
grep -rnE --include='*.c' --include='*.h' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' engine connectors rules tests/unit 2>/dev/null |
    grep -vE '"(engine|connectors|rules|tests)/' >>"$found"

only engine/config '<yaml\.h>'
only connectors/csv '<csv\.h>'
only connectors/odbc '<(sql|odbc)[a-z]*\.h>'
# Of that room, libpq's stays in the files that use the driver's connection.
grep -rnE --include='*.c' --include='*.h' '^[[:space:]]*#[[:space:]]*include[[:space:]]*<libpq' engine connectors rules |
    grep -v '^connectors/odbc/pq[._]' >>"$found"
only connectors/odbc '<mysql\.h>'
grep -rnE --include='*.c' --include='*.h' '^[[:space:]]*#[[:space:]]*include[[:space:]]*<mysql' engine connectors rules |
    grep -v '^connectors/odbc/my[._]' >>"$found"
only engine/http '<civetweb\.h>'
only connectors/avro '<avro\.h>'
only connectors/http '<curl/curl\.h>'

if [ -s "$found" ]; then
    cat "$found"
    fail "these includes run the wrong way"
fi
