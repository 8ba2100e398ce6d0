/* reader.h - one open Avro file: its records, batch by batch, and where the reading stands.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_AVRO_READER_H
#define PENSTOCK_AVRO_READER_H

#include "connectors/avro/container.h"
#include "connectors/avro/decode.h"
#include "engine/core/source.h"

struct avro_reader {
	const char *path;
	struct container_in *in;
	struct avro_schema *schema;
	struct decoder *decoder;
	struct cancel *cancel;

	struct container_block block; /* records 0: none */
	uint64_t index;               /* records of the block that were taken */
	char block_hash[SHA256_HEX_SIZE]; /* of the bytes before the block */
	uint64_t records;             /* of the file that were taken */
	uint64_t given;               /* bytes of the file that are in batches which were given, or were passed over by a resume */
	uint64_t replay_to;           /* records up to here are replayed; 0: none */
	struct position replay_at;
	bool at_end;                  /* of the file: nothing is left behind the block */
	bool ended;                   /* the last batch was given */
	struct error failed;          /* what comes after the batch that was given last */
};

/* Opens path and reads its header; the decoder is the caller's to set. reader is zeroed; close it also after a failure. ERROR_SOURCE. */
int avro_reader_open(struct avro_reader *reader, const char *path, struct cancel *cancel, struct error *error) MUST_CHECK;
void avro_reader_close(struct avro_reader *reader);

/* As source_ops says for its hooks of these names. Records before damage are given before the error is. */
enum source_result avro_reader_read(struct avro_reader *reader, struct batch *batch, struct error *error);
int avro_reader_resume(struct avro_reader *reader, const struct position *at, bool replay, struct error *error) MUST_CHECK;

/* Hash of the whole file, without moving the reading. ERROR_SOURCE, ERROR_CONFIG where it is no longer the file that was opened. */
int avro_reader_hash(const struct avro_reader *reader, char out[SHA256_HEX_SIZE], struct error *error) MUST_CHECK;

/* Hash of all that was read, once the end was reached. */
void avro_reader_hash_read(const struct avro_reader *reader, char out[SHA256_HEX_SIZE]);

#endif
