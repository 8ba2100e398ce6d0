/* header.h - which cell belongs to which field, from the labels in the first line of a file.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_CSV_HEADER_H
#define PENSTOCK_CONNECTORS_CSV_HEADER_H

#include "connectors/csv/frame.h"
#include "connectors/csv/split.h"
#include "engine/core/option.h"
#include "engine/core/schema.h"

/* What the lines of a header say of each cell. */
struct header_labels {
	struct header_label {
		char *text; /* NULL: nothing */
		size_t length;
	} *items;
	size_t count;
};

void header_labels_fini(struct header_labels *labels);

/* A further line of the header: what a cell of it says goes behind what those above said, with join between. Returns 0 or -1 (out of
 * memory, or more bytes than limit in a label: ERROR_SOURCE). cells: what the spans of split point into. */
int header_labels_add(struct header_labels *labels, const struct split *split, const char *cells, const char *join, uint64_t limit,
	struct error *error) MUST_CHECK;

struct header_line {
	const char *path;          /* for messages */
	uint64_t line_no;
	const struct framer *framer; /* still at the header's last line, */
	const struct frame *frame;   /* which is this record */
	size_t cells;                /* and has so many */
	const struct header_labels *labels;
	bool drop_empty;           /* cells without a label at the end do not count */
};

/* Sets fields[cell] for a file without a header: labels (not NULL) gives fields the numbers of their cells, from 1; the others take the cells
 * that are left, in order. ERROR_CONFIG naming the path. */
int header_number(const struct option_map *labels, const struct schema *schema, const char *path, size_t *fields,
	struct error *error) MUST_CHECK;

/* Sets fields[cell]: every field of the schema must be there, once, under its entry in labels (may be NULL) or its name,
 * and nothing else. ERROR_CONFIG naming the place, with the nearest label where one is near. fields has room for
 * schema->field_count elements. */
int header_match(const struct header_line *line, const struct schema *schema, const struct option_map *labels,
	size_t *fields, struct error *error) MUST_CHECK;

/* ERROR_CONFIG where labels names a field that the schema does not have. */
int header_check_labels(const struct option_map *labels, const struct schema *schema, const char *path,
	struct error *error) MUST_CHECK;

#endif
