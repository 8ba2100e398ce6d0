/* pair.h - one table of each side, compared.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_COMPARE_PAIR_H
#define PENSTOCK_COMPARE_PAIR_H

#include "engine/compare/side.h"

struct pair {
	const char *name;
	const struct side *sides[2];
	const struct side_table *tables[2];
	const json_t *resource;     /* the schema that both are read under, before what is left out */
	uint64_t rows;
	const char *const *ignore;
	size_t ignore_count;
};

/* An entry of "tables" in the report (compare.h). NULL and error. */
json_t *pair_compare(const struct pair *pair, struct error *error) MUST_CHECK;

#endif
