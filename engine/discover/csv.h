/* csv.h - a data dictionary made from what stands in a CSV file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A sample of the file tells its encoding and dialect (connectors/csv/guess.h); then all of it is read as a run would read it, and each
 * column narrows down what its cells could be. Memory does not grow with the file.
 */
#ifndef PENSTOCK_DISCOVER_CSV_H
#define PENSTOCK_DISCOVER_CSV_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/core/buffer.h"
#include "engine/core/cancel.h"

struct discover_csv {
	const char *path;
	const char *name;      /* of the table; NULL: after the file */
	const char *delimiter, *quote, *encoding; /* NULL: found out */
	int64_t skip_lines;    /* in front, that are no records; -1: found out */
	int64_t header_rows;   /* lines of the header, which is there then; 0: found out whether there is one */
	int header;            /* 1: there is one, -1: there is none, 0: found out */
	uint64_t sample;       /* records to look at; 0: all */
	bool constraints;      /* ranges and lengths become constraints */
	struct cancel *cancel;
};

struct discovered_csv {
	json_t *package; /* the descriptor */
	json_t *source;  /* the options of the source, `type` and `path` first */
	char **notes;    /* of each field: what was seen, and how sure its type is */
	size_t fields;
	struct buffer about; /* lines about the file as a whole */
};

/* Returns 0, or -1 and error: ERROR_SOURCE for a file that cannot be read, is empty or no text, ERROR_CONFIG for options. Fini it also
 * after a failure. */
int discover_csv(const struct discover_csv *how, struct discovered_csv *out, struct error *error) MUST_CHECK;
void discovered_csv_fini(struct discovered_csv *found);

/* Appends a text from outside as it may stand in a comment of YAML: what could end a line, or cannot be seen, becomes a question mark. */
int put_in_comment(struct buffer *out, const char *text, struct error *error) MUST_CHECK;

#endif
