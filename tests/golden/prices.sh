#!/bin/sh
# examples/prices: numbers, dates and words as a German spreadsheet writes them; the rows were written down by hand.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need sqlite3
need_penstock
cd "$TOP" || exit 1
PENSTOCK_DB="Driver=SQLite3;Database=$TESTTMP/prices.db"
export PENSTOCK_DB
expect_exit 0 "$PENSTOCK" test examples/prices/prices.yaml --generate
expect_exit 0 "$PENSTOCK" run examples/prices/prices.yaml --quiet
sqlite3 "$TESTTMP/prices.db" 'SELECT article, name, printf("%.2f", price), vat, stock, valid_from, deliverable FROM prices ORDER BY article;
    SELECT record_no, rule FROM penstock_rejects ORDER BY record_no' >"$TESTTMP/rows"
cat >"$TESTTMP/expected" <<'END'
G-100|Gießkanne, 10 l|12.50|19|1250|2022-03-01|1
G-101|Gewächshaus "Mönch"|1249.00|19|7|2022-03-15|1
G-201|Rasensamen|24.90|19|80|2022-03-01|0
G-301|Obstbaum|39.00|7|12|2022-04-01|1
3|prices.price.type
5|prices.valid_from.type
END
expect_same "$TESTTMP/expected" "$TESTTMP/rows" "prices"
