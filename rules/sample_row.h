/* sample_row.h - rows made for a table, with values for its references that the rows made for their parents have.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Private to rules/. Nothing here is promised to be good: whoever makes a row has it judged.
 */
#ifndef PENSTOCK_RULES_SAMPLE_ROW_H
#define PENSTOCK_RULES_SAMPLE_ROW_H

#include "rules/dictionary.h"
#include "rules/sample.h"

struct sample_row {
	struct sample *cells;  /* as many as the schema has fields; NULL: there is no row */
	enum fault_kind fault; /* of the record, as a source says it; 0: none */
};

/* A good row, as far as one is known; references have the values of the k-th row of their parents. *lacking: the first field without a value
 * that has to have one, SCHEMA_NO_FIELD: none. The row is to be freed also when this fails. */
int sample_row_make(const struct dictionary *dictionary, const struct table *table, unsigned k, struct sample_row *row, size_t *lacking,
	struct error *error) MUST_CHECK;
/* To be freed also when this fails. */
int sample_row_copy(const struct sample_row *from, struct sample_row *to, const struct schema *schema, struct error *error) MUST_CHECK;
void sample_row_fini(struct sample_row *row, const struct schema *schema); /* of a zeroed one, or twice, is fine */

/* Adds it to a batch of its schema. */
int sample_row_put(const struct sample_row *row, struct batch *batch, struct error *error) MUST_CHECK;

#endif
