/* codec.h - the compressions of Avro blocks, within hard ceilings.
 * SPDX-License-Identifier: Apache-2.0
 *
 * deflate is RFC 1951 without header; snappy is followed by the CRC-32 of the plain bytes, big-endian (Avro 1.11 specification,
 * "Required Codecs", "Optional Codecs"). A packer or unpacker belongs to one thread and keeps its working memory between blocks.
 */
#ifndef PENSTOCK_AVRO_CODEC_H
#define PENSTOCK_AVRO_CODEC_H

#include "connectors/avro/container.h"

struct packer;
struct unpacker;

/* codec: null, deflate, snappy or zstandard; level as in struct container_out_options. NULL and ERROR_CONFIG (not in this build), ERROR_RESOURCE. */
struct packer *packer_new(enum codec codec, int level, struct error *error) MUST_CHECK;
void packer_free(struct packer *packer); /* NULL is fine */

/* Compresses data into out, which is emptied first. */
int packer_pack(struct packer *packer, const char *data, size_t length, struct buffer *out, struct error *error) MUST_CHECK;

/* NULL and ERROR_SOURCE where this build lacks the codec; place names the file. */
struct unpacker *unpacker_new(enum codec codec, const char *place, struct error *error) MUST_CHECK;
void unpacker_free(struct unpacker *unpacker); /* NULL is fine */

/* Inflates data into out, which is emptied first; never more than out->ceiling bytes, whatever the block claims. -1: *why says what is wrong with it (a static
 * text), or is NULL where memory ran out and error is set. */
int unpacker_unpack(struct unpacker *unpacker, const char *data, size_t length, struct buffer *out, const char **why,
	struct error *error) MUST_CHECK;

#endif
