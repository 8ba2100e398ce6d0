/* sample.h - values made for a field: good ones, and ones on a side of a bound.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Private to rules/. Nothing here is promised to be good: whoever makes a value has it judged.
 */
#ifndef PENSTOCK_RULES_SAMPLE_H
#define PENSTOCK_RULES_SAMPLE_H

#include "engine/core/batch.h"
#include "rules/table.h"

enum sample_kind { SAMPLE_NULL = 0, SAMPLE_ABSENT, SAMPLE_VALUE, SAMPLE_TEXT /* not judged yet */ };

struct sample {
	enum sample_kind kind;
	int64_t integer;
	double number;
	decimal_t decimal;
	char *text; /* STORAGE_SPAN and SAMPLE_TEXT; malloc'd */
	size_t length;
};

void sample_fini(struct sample *sample);
/* False when out of memory. */
bool sample_copy(const struct sample *from, struct sample *to);
bool sample_text(struct sample *out, enum sample_kind kind, const char *text, size_t length);
bool sample_constant(struct sample *out, enum value_type type, const struct constant *constant);
int sample_put(const struct sample *sample, struct batch *batch, size_t column, uint32_t row, struct error *error) MUST_CHECK;
/* For people; at most 60 bytes of it. */
const char *sample_show(const struct sample *sample, const struct field *field, char out[96]);

/* The k-th good value, another one for each k as far as there are so many. False: none is known. */
bool sample_good(const struct field *field, const struct field_rules *rules, unsigned k, struct sample *out);

/* A text, bytes or JSON of exactly so many characters, bytes or members. False: there is none, or it would be too long. */
bool sample_length(const struct field *field, const struct field_rules *rules, unsigned k, uint64_t length, struct sample *out);

/* The value next to a bound, steps steps above (negative: below) it: of 1, a day, a microsecond, the last digit. False: there is none. */
bool sample_beside(const struct field *field, const struct constant *bound, int steps, struct sample *out);

#endif
