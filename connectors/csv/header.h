/* header.h - which cell belongs to which field, from the labels in the first line of a file.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_CSV_HEADER_H
#define PENSTOCK_CONNECTORS_CSV_HEADER_H

#include "connectors/csv/frame.h"
#include "connectors/csv/split.h"
#include "engine/core/option.h"
#include "engine/core/schema.h"

struct header_line {
	const char *path;          /* for messages */
	uint64_t line_no;
	const struct framer *framer; /* still at the header, */
	const struct frame *frame;   /* which is this record */
	const char *cells;         /* what the spans of split point into */
	const struct split *split; /* has kept all its cells */
};

/* Sets fields[cell]: every field of the schema must be there, once, under its entry in labels (may be NULL) or its name,
 * and nothing else. ERROR_CONFIG naming the place, with the nearest label where one is near. fields has room for
 * schema->field_count elements. */
int header_match(const struct header_line *line, const struct schema *schema, const struct option_map *labels,
	size_t *fields, struct error *error) MUST_CHECK;

/* ERROR_CONFIG where labels names a field that the schema does not have. */
int header_check_labels(const struct option_map *labels, const struct schema *schema, const char *path,
	struct error *error) MUST_CHECK;

#endif
