/* cast.h - from the text of a cell to its typed value, column by column.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_RULES_CAST_H
#define PENSTOCK_RULES_CAST_H

#include <locale.h>

#include "engine/core/batch.h"
#include "engine/core/buffer.h"
#include "rules/table.h"

/* Working memory of one thread. */
struct caster {
	locale_t c;
	char *scratch; /* for numbers that are not spelled plainly */
	size_t size;
	struct buffer json; /* a value in its canonical form */
};

/* Returns 0 or -1 (out of memory). */
int caster_init(struct caster *caster, struct error *error) MUST_CHECK;
void caster_fini(struct caster *caster);

/* Casts the CELL_TEXT cells of a column in rows[0..count): each becomes CELL_NULL, CELL_VALUE, or CELL_BAD with a
 * violation of rule (NULL where the type cannot be violated). Returns 0 or -1. */
int cast_column(struct caster *caster, const struct field_rules *rules, struct batch *batch, size_t column,
		const uint32_t *rows, size_t count, const struct rule *rule, struct error *error) MUST_CHECK;

/* Makes local times of a source with types of its own (column->local) UTC, as those in texts; one that does not exist or exists twice becomes
 * CELL_BAD with a violation of rule. Returns 0 or -1. */
int cast_local(const struct field_rules *rules, struct batch *batch, size_t column, const uint32_t *rows, size_t count, const struct rule *rule,
	       struct error *error) MUST_CHECK;

/* What the type demands beyond what a source with types of its own has looked at (an e-mail address is a string to it), of cells that
 * came as CELL_VALUE; to be called before cast_column. Returns 0 or -1. */
int cast_check_typed(const struct field_rules *rules, struct batch *batch, size_t column, const uint32_t *rows,
		     size_t count, const struct rule *rule, struct error *error) MUST_CHECK;

/* One text, which is not a missing value, as a value of the field; for the dictionary's own values. out->bytes is
 * malloc'd. Returns 1, 0 where it is no such value, -1 when out of memory. canonical: spelled as penstock itself prints
 * values, whatever the field's spelling is. */
int cast_constant(struct caster *caster, const struct field *field, const struct field_rules *rules, bool canonical,
		  const char *text, struct constant *out, struct error *error) MUST_CHECK;

#endif
