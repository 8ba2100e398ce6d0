/* explain.h - what an Avro file holds and where it goes, for `penstock plan`.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_AVRO_EXPLAIN_H
#define PENSTOCK_AVRO_EXPLAIN_H

#include "connectors/avro/match.h"
#include "connectors/avro/promise.h"
#include "connectors/avro/reader.h"

/* Lines: which field of the file feeds which of the dictionary and by what conversion, what is ignored or missing, and what has changed in
 * the dictionary since the backup. */
int avro_explain(const struct avro_reader *reader, const struct schema *schema, const struct promise *promise, struct buffer *out,
	struct error *error) MUST_CHECK;

#endif
