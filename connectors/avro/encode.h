/* encode.h - rows of a batch as Avro binary (Avro 1.11, "Binary Encoding"), by the schema of write_schema.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_AVRO_ENCODE_H
#define PENSTOCK_AVRO_ENCODE_H

#include <stdbool.h>

#include "engine/core/batch.h"
#include "engine/core/buffer.h"

struct encoder;

/* For rows of this schema (borrowed until encoder_free). all_nullable as for avro_schema_text. NULL and error when out of memory. */
struct encoder *encoder_new(const struct schema *schema, bool all_nullable, struct error *error) MUST_CHECK;
void encoder_free(struct encoder *encoder); /* NULL is fine */

/* Bytes that the row takes at most, at least one. Its cells are CELL_VALUE, or CELL_NULL where the field may be null. */
size_t encoder_bound(const struct encoder *encoder, const struct batch *batch, uint32_t row);

/* Appends the row to out, which has room for encoder_bound() bytes (buffer_reserve). */
void encoder_add(const struct encoder *encoder, const struct batch *batch, uint32_t row, struct buffer *out);

#endif
