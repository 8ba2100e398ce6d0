/* pack.c - compressing blocks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <zlib.h>
#ifdef HAVE_SNAPPY
#include <snappy-c.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "connectors/avro/codec.h"

enum { DEFLATE_LEVEL = 1, ZSTANDARD_LEVEL = 3, RAW_WINDOW = -15, MEMORY_LEVEL = 8, CRC_BYTES = 4 };

struct packer {
	enum codec codec;
	z_stream deflate;
	bool deflating;
#ifdef HAVE_ZSTD
	ZSTD_CCtx *zstandard;
#endif
};

static int start(struct packer *packer, int level, struct error *error)
{
	switch (packer->codec) {
	case CODEC_DEFLATE:
		packer->deflating = deflateInit2(&packer->deflate, level ? level : DEFLATE_LEVEL, Z_DEFLATED, RAW_WINDOW, MEMORY_LEVEL,
						Z_DEFAULT_STRATEGY) == Z_OK;
		return packer->deflating ? 0 : error_memory(error, "compressing");
#ifdef HAVE_ZSTD
	case CODEC_ZSTANDARD:
		packer->zstandard = ZSTD_createCCtx();
		if (!packer->zstandard)
			return error_memory(error, "compressing");
		/* Four bytes a block, and no flipped bit goes unnoticed. */
		if (ZSTD_isError(ZSTD_CCtx_setParameter(packer->zstandard, ZSTD_c_checksumFlag, 1)) ||
			ZSTD_isError(ZSTD_CCtx_setParameter(packer->zstandard, ZSTD_c_compressionLevel, level ? level : ZSTANDARD_LEVEL)))
			return error_set(error, ERROR_CONFIG, NULL, "zstandard has no level %d", level);
		return 0;
#endif
	default:
		return 0;
	}
}

struct packer *packer_new(enum codec codec, int level, struct error *error)
{
	if (!codec_available(codec) || codec == CODEC_BZIP2 || codec == CODEC_XZ) {
		error_set(error, ERROR_CONFIG, NULL, "codec %s cannot be written%s", codec_name(codec),
			codec_available(codec) ? "; take snappy, deflate, zstandard or null" : ": this build lacks its library");
		return NULL;
	}
	struct packer *packer = calloc(1, sizeof *packer);
	if (!packer) {
		error_memory(error, "compressing");
		return NULL;
	}
	packer->codec = codec;
	if (start(packer, level, error) < 0) {
		packer_free(packer);
		return NULL;
	}
	return packer;
}

void packer_free(struct packer *packer)
{
	if (!packer)
		return;
	if (packer->deflating)
		deflateEnd(&packer->deflate);
#ifdef HAVE_ZSTD
	ZSTD_freeCCtx(packer->zstandard);
#endif
	free(packer);
}

static int pack_deflate(struct packer *packer, const char *data, size_t length, struct buffer *out, struct error *error)
{
	z_stream *stream = &packer->deflate;
	size_t most = deflateBound(stream, length);
	if (deflateReset(stream) != Z_OK || buffer_reserve(out, most, error) < 0)
		return error_memory(error, "compressing");
	stream->next_in = (Bytef *)(uintptr_t)data;
	stream->avail_in = (uInt)length;
	stream->next_out = (Bytef *)out->data;
	stream->avail_out = (uInt)most;
	if (deflate(stream, Z_FINISH) != Z_STREAM_END)
		return error_set(error, ERROR_RESOURCE, NULL, "zlib could not compress a block of %zu bytes", length);
	out->length = most - stream->avail_out;
	return 0;
}

#ifdef HAVE_SNAPPY
static int pack_snappy(const char *data, size_t length, struct buffer *out, struct error *error)
{
	size_t size = snappy_max_compressed_length(length);
	if (buffer_reserve(out, size + CRC_BYTES, error) < 0)
		return -1;
	if (snappy_compress(data, length, out->data, &size) != SNAPPY_OK)
		return error_set(error, ERROR_RESOURCE, NULL, "snappy could not compress a block of %zu bytes", length);
	uLong crc = crc32(0, (const Bytef *)data, (uInt)length);
	for (int i = 0; i < CRC_BYTES; i++)
		out->data[size++] = (char)(crc >> (24 - 8 * i));
	out->length = size;
	return 0;
}
#endif

#ifdef HAVE_ZSTD
static int pack_zstandard(struct packer *packer, const char *data, size_t length, struct buffer *out, struct error *error)
{
	size_t most = ZSTD_compressBound(length);
	if (buffer_reserve(out, most, error) < 0)
		return -1;
	size_t size = ZSTD_compress2(packer->zstandard, out->data, most, data, length);
	if (ZSTD_isError(size))
		return error_set(error, ERROR_RESOURCE, NULL, "zstandard could not compress a block: %s", ZSTD_getErrorName(size));
	out->length = size;
	return 0;
}
#endif

int packer_pack(struct packer *packer, const char *data, size_t length, struct buffer *out, struct error *error)
{
	buffer_clear(out);
	switch (packer->codec) {
	case CODEC_DEFLATE:
		return pack_deflate(packer, data, length, out, error);
#ifdef HAVE_SNAPPY
	case CODEC_SNAPPY:
		return pack_snappy(data, length, out, error);
#endif
#ifdef HAVE_ZSTD
	case CODEC_ZSTANDARD:
		return pack_zstandard(packer, data, length, out, error);
#endif
	default:
		return buffer_append(out, data, length, error);
	}
}
