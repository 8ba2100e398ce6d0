/* compare.h - whether two sides hold the same rows, and where they do not.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every pair of tables is read under one schema: the dictionary's if there is one, else that of the side which knows its types better. First
 * the fingerprints of both; where they differ, the rows (differ.h). Memory is flat at any size.
 */
#ifndef PENSTOCK_COMPARE_COMPARE_H
#define PENSTOCK_COMPARE_COMPARE_H

#include <jansson.h>

#include "engine/compare/side.h"

struct compare_options {
	const char *dictionary;     /* file; NULL: none */
	const char *table;          /* NULL: all */
	bool header;                /* of CSV files */
	uint64_t rows;              /* that differ and are told, per table */
	const char *const *ignore;  /* columns, tables, TABLE.COLUMN */
	size_t ignore_count;
	struct cancel *cancel;
};

/* Gives *report, to be freed:
 *   {"equal": bool, "a": TITLE, "b": TITLE, "tables": [{
 *      "name", "result": "equal" | "different" | "only_in_a" | "only_in_b" | "not_in_dictionary",
 *      "rows_a", "rows_b", "fingerprint_a", "fingerprint_b",      where rows were compared
 *      "unreadable_a", "unreadable_b": N, "unreadable": [{"side", "record", "rule", "message"}],
 *      "columns_only_in_a", "columns_only_in_b", "columns_in_neither", "columns_not_in_dictionary", "columns_ignored": [names],
 *      "columns_different": [names], and of differ_report its members}]}
 * Returns 0 whether they are equal or not; -1 and error where that cannot be known. */
int compare_sides(const char *a, const char *b, const struct compare_options *options, json_t **report, struct error *error) MUST_CHECK;

#endif
