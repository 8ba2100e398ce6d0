/* match.h - which field of an Avro file feeds which field of the dictionary.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A field of the dictionary, under its label where rules.columns gives it one, is found by the original names of the file's fields
 * (penstock.name, else the name), then by their names, then by their aliases.
 */
#ifndef PENSTOCK_AVRO_MATCH_H
#define PENSTOCK_AVRO_MATCH_H

#include "connectors/avro/type.h"
#include "engine/core/limits.h"
#include "engine/core/option.h"
#include "engine/core/schema.h"

struct match_request {
	const struct avro_schema *file;
	const struct schema *schema;
	const struct option_map *labels;  /* field of the dictionary -> label; may be NULL */
	const struct option_list *ignore; /* fields of the file that may be left out; may be NULL */
	const struct limits *limits;
	const char *place;                /* the file, for messages */
};

struct match {
	size_t *column_of; /* of each field of the file: the column that it feeds, or SCHEMA_NO_FIELD: it is ignored */
	size_t *field_of;  /* of each column: the field of the file, or SCHEMA_NO_FIELD: it is null */
};

/* 0, or -1 and ERROR_CONFIG that names everything that does not fit: fields that only one side has, types of which no value fits. */
int match_init(struct match *match, const struct match_request *request, struct error *error) MUST_CHECK;
void match_fini(struct match *match);

#endif
