/* decode.h - records of a block into rows of a batch, by a program made for a file and a table.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong with a value is a fault of its row; what is wrong with the bytes is ERROR_SOURCE without a place: then nothing of
 * the block behind it can be trusted. Nothing is allocated for a row.
 */
#ifndef PENSTOCK_AVRO_DECODE_H
#define PENSTOCK_AVRO_DECODE_H

#include "connectors/avro/match.h"
#include "connectors/avro/wire.h"
#include "engine/core/batch.h"

struct decoder;

/* Records that take no bytes (of nulls alone): more of them in one block are refused. */
enum { DECODE_EMPTY_RECORDS_MAX = 1 << 20 };

/* request, and all that it names, must outlive it. NULL and ERROR_CONFIG where file and dictionary do not fit each other. */
struct decoder *decoder_new(const struct match_request *request, struct error *error) MUST_CHECK;
void decoder_free(struct decoder *decoder); /* NULL is fine */

const struct match *decoder_match(const struct decoder *decoder);

/* Begins a block (its bytes are borrowed until decoder_end) of that many records. */
int decoder_begin(struct decoder *decoder, const char *data, size_t length, uint64_t records, struct error *error) MUST_CHECK;

/* The next record as a new row, for which the batch has room; its origin is the caller's business. On failure there is no new row. */
int decoder_add(struct decoder *decoder, struct batch *batch, struct error *error) MUST_CHECK;

/* Passes over a record. */
int decoder_skip(struct decoder *decoder, struct error *error) MUST_CHECK;

/* After the last record of a block: that nothing is left of it. */
int decoder_end(struct decoder *decoder, struct error *error) MUST_CHECK;

#endif
