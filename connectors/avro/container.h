/* container.h - the object container file of Avro 1.11: header with metadata, blocks of records, sync markers.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   "Obj" 1 | metadata map | sync (16 bytes) | { records (long) | bytes (long) | data | sync }*
 *
 * Nothing here knows records: a block is a count and bytes. Every length is checked against a limit before anything is allocated for it;
 * every message about a damaged file names the byte offset at which the block begins.
 */
#ifndef PENSTOCK_AVRO_CONTAINER_H
#define PENSTOCK_AVRO_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/batch.h"
#include "engine/core/buffer.h"
#include "engine/core/cancel.h"
#include "engine/core/error.h"

enum codec { CODEC_NULL = 0, CODEC_DEFLATE, CODEC_SNAPPY, CODEC_ZSTANDARD, CODEC_BZIP2, CODEC_XZ, CODECS };

enum {
	CONTAINER_SYNC_BYTES = 16,
	CONTAINER_HEADER_MAX = 4 << 20,   /* bytes of all metadata */
	CONTAINER_BLOCK_MAX = 16 << 20,   /* bytes of a block as stored, and of the same inflated */
	CONTAINER_METADATA_MAX = 256,     /* entries */
};

/* ---- reading ---- */

struct container_entry { /* of the metadata */
	char *key;
	char *value; /* terminated; may hold NUL before its length */
	size_t length;
};

struct container_block {
	uint64_t offset;   /* in the file, where its count begins */
	uint64_t records;
	const char *data;  /* inflated; borrowed until the next call */
	size_t length;
};

struct container_in;

/* Opens a file and reads its header. NULL and ERROR_SOURCE (missing, damaged, a codec that this build lacks). */
struct container_in *container_in_open(const char *path, struct cancel *cancel, struct error *error) MUST_CHECK;
void container_in_close(struct container_in *in); /* NULL is fine */

const struct container_entry *container_in_find(const struct container_in *in, const char *key); /* NULL: not there */
size_t container_in_entries(const struct container_in *in, const struct container_entry **out);
enum codec container_in_codec(const struct container_in *in);
uint64_t container_in_size(const struct container_in *in);      /* bytes of the file */
int64_t container_in_mtime_ns(const struct container_in *in);

/* The next block, inflated. 1 a block, 0 the end, -1 and ERROR_SOURCE naming the offset (a cut file, a wrong sync marker or checksum, a length beyond
 * the limits, a block that inflates to more than CONTAINER_BLOCK_MAX). At the end it has checked that the file did not change while it was read
 * (ERROR_CONFIG). A file that was cut between two blocks looks complete here: only its hash or its number of records tells. */
int container_in_next(struct container_in *in, struct container_block *out, struct error *error) MUST_CHECK;

/* Goes to a block by its offset; the bytes between are read for the hash, not inflated. Forward only. */
int container_in_skip_to(struct container_in *in, uint64_t offset, struct error *error) MUST_CHECK;

/* SHA-256 in hex of all bytes of the file before the next block; of the whole file after the end. */
void container_in_hash(const struct container_in *in, char out[SHA256_HEX_SIZE]);

/* ---- writing ---- */

struct container_out;

struct container_out_options {
	const char *path;          /* appears there complete, or not at all */
	enum codec codec;          /* null, deflate, snappy or zstandard */
	int level;                 /* deflate 1 to 9 (1 by default), zstandard 1 to 19 (3 by default); 0: default */
	unsigned threads;          /* that compress; 0: as many as there are cores, at most 4 */
	const struct container_entry *entries; /* metadata, avro.schema among them; avro.codec is added */
	size_t entry_count;
	struct cancel *cancel;
};

/* Makes the file under a temporary name in the same folder (".NAME.XXXXXXXX.tmp", its mode by umask), writes the header with a random sync marker. NULL and
 * ERROR_SINK, with the system's reason. */
struct container_out *container_out_open(const struct container_out_options *options, struct error *error) MUST_CHECK;

/* A buffer for the next block's records, empty, from a bounded pool (waits for one); the caller fills it with encoded records and gives it
 * back with add, before asking for the next one. Blocks should be about 64 KiB to 256 KiB. Both say here what failed in a thread since, ERROR_SINK
 * when a block could not be written, and ERROR_CANCELLED. */
struct buffer *container_out_block(struct container_out *out, struct error *error) MUST_CHECK;
int container_out_add(struct container_out *out, struct buffer *block, uint64_t records, struct error *error) MUST_CHECK;

/* Writes the rest, fsyncs, renames over what may be there, fsyncs the folder. Fills size and SHA-256 of the file. Afterwards only close. */
int container_out_publish(struct container_out *out, uint64_t *size, char hash[SHA256_HEX_SIZE], struct error *error) MUST_CHECK;

/* Removes what was not published; no thread outlives it. NULL is fine. */
void container_out_close(struct container_out *out);

/* ---- codecs ---- */

const char *codec_name(enum codec codec);                /* "deflate" */
bool codec_find(const char *name, enum codec *out);
bool codec_available(enum codec codec);                  /* in this build */

#endif
