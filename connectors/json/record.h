/* record.h - one JSON object, by the names of the fields, or one array, in their order, into a row of a batch.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows of no file: the text is that of the row's origin. What each JSON value becomes:
 *
 *   null, absent key   CELL_NULL                            array too short   CELL_ABSENT
 *   string             CELL_TEXT, what it means; the dictionary's spellings apply as they do in CSV. Only in fields object, array and any one
 *                      that is JSON itself stays a string ("1" is no number), and so a type-error of object and array
 *   number             its digits as they stand there, never through a double: CELL_TEXT where they are whole (missingValues apply), else
 *                      CELL_VALUE, since decimalChar and groupChar are for numbers in texts; FAULT_TYPE in string, uuid and binary fields
 *   true, false        CELL_VALUE of a boolean field, CELL_TEXT of one of any type, FAULT_TYPE elsewhere
 *   object, array      CELL_TEXT for object, array and any, to be made canonical by the cast; FAULT_TYPE elsewhere
 *
 * FAULT_RECORD: no JSON, neither object nor array, a key twice, over a limit. FAULT_EXTRA: an unknown key, an array too long.
 * FAULT_ENCODING, CELL_BAD: bytes that are no UTF-8, \u0000, half a surrogate pair.
 */
#ifndef PENSTOCK_CONNECTORS_JSON_RECORD_H
#define PENSTOCK_CONNECTORS_JSON_RECORD_H

#include "engine/core/batch.h"
#include "engine/core/buffer.h"
#include "engine/core/option.h"

struct json_label;
struct json_member;

/* Working memory of one thread for one table. */
struct json_record {
	const struct schema *schema;
	const struct limits *limits;
	const char *encoding;        /* of which the text was made; NULL: it is UTF-8 as it stands; borrowed */
	struct json_label *labels;   /* of the fields, sorted */
	size_t *in_order;            /* field -> index in labels */
	struct json_member *members; /* of the record at hand */
	size_t count, room;
	uint64_t *seen;              /* field -> the last record that had it */
	uint64_t stamp;
	struct buffer work;
};

/* labels (rules.columns: field -> key; may be NULL) and all else are borrowed but for the labels. ERROR_CONFIG, naming place, where labels names a field
 * that there is not, or two fields would have one key. Call fini also after a failure. */
int json_record_init(struct json_record *record, const struct schema *schema, const struct option_map *labels,
	const struct limits *limits, const char *place, struct error *error) MUST_CHECK;
void json_record_fini(struct json_record *record);

/* Sets the cells of a row whose origin is set and whose text, one JSON value with nothing but spaces around it, is in the arena already; records
 * faults. A FAULT_RECORD keeps all its cells CELL_ABSENT. Returns 0, or -1 and error (out of memory, the arena's ceiling). */
int json_record_fill(struct json_record *record, struct batch *batch, uint32_t row, struct error *error) MUST_CHECK;

#endif
