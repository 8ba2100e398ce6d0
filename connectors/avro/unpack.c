/* unpack.c - inflating blocks; what a block claims of its size is never believed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <zlib.h>
#ifdef HAVE_SNAPPY
#include <snappy-c.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif
#ifdef HAVE_BZIP2
#include <bzlib.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif

#include "connectors/avro/codec.h"

enum {
	RAW_WINDOW = -15,
	CRC_BYTES = 4,
	ADLER_BYTES = 4,
	GROW = 256 * 1024,
	/* Some writers always announce the window of their highest preset, 64 MiB for xz, 128 MiB for zstandard. It is address space alone: of it no
	 * more becomes resident than the block inflates to. */
	XZ_MEMORY_MAX = 96 << 20,
	WINDOW_LOG_MAX = 27,
};

_Static_assert(CONTAINER_BLOCK_MAX == 16 << 20, "the message says so");
static const char too_large[] = "inflates to more than the 16 MiB that a block may have";
#if defined(HAVE_ZSTD) || defined(HAVE_LZMA)
static const char too_wide[] = "needs more memory to be inflated than a block may take";
#endif
static const char damaged[] = "cannot be inflated";
static const char trailing[] = "has bytes behind the end of its compressed data";

struct unpacker {
	enum codec codec;
	z_stream inflate;
	bool inflating;
#ifdef HAVE_ZSTD
	ZSTD_DCtx *zstandard;
#endif
};

struct unpacker *unpacker_new(enum codec codec, const char *place, struct error *error)
{
	if (!codec_available(codec)) {
		error_set(error, ERROR_SOURCE, place, "is compressed with %s, and this build lacks the library for it", codec_name(codec));
		return NULL;
	}
	struct unpacker *unpacker = calloc(1, sizeof *unpacker);
	if (!unpacker) {
		error_memory(error, "inflating");
		return NULL;
	}
	unpacker->codec = codec;
	bool ready = true;
	if (codec == CODEC_DEFLATE)
		ready = unpacker->inflating = inflateInit2(&unpacker->inflate, RAW_WINDOW) == Z_OK;
#ifdef HAVE_ZSTD
	if (codec == CODEC_ZSTANDARD)
		ready = (unpacker->zstandard = ZSTD_createDCtx()) != NULL;
#endif
	if (!ready) {
		error_memory(error, "inflating");
		unpacker_free(unpacker);
		return NULL;
	}
	return unpacker;
}

void unpacker_free(struct unpacker *unpacker)
{
	if (!unpacker)
		return;
	if (unpacker->inflating)
		inflateEnd(&unpacker->inflate);
#ifdef HAVE_ZSTD
	ZSTD_freeDCtx(unpacker->zstandard);
#endif
	free(unpacker);
}

/* Room for some more bytes. 1: how many, in *room; 0: the ceiling is reached; -1 and error. */
static int more_room(struct buffer *out, size_t *room, struct error *error)
{
	size_t left = out->ceiling - out->length;
	*room = left < GROW ? left : GROW;
	if (left == 0)
		return 0;
	return buffer_reserve(out, *room, error) < 0 ? -1 : 1;
}

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -1;
}

/* What python3-avro writes: a zlib stream less its header and the last byte of its Adler-32, of which three bytes are left. As they are
 * there, they are checked. */
static bool is_adler(const z_stream *stream, const struct buffer *out)
{
	uLong adler = adler32(adler32(0, NULL, 0), (const Bytef *)buffer_text(out), (uInt)out->length);
	if (stream->avail_in > ADLER_BYTES)
		return false;
	for (uInt i = 0; i < stream->avail_in; i++)
		if (stream->next_in[i] != (Bytef)(adler >> (24 - 8 * i)))
			return false;
	return true;
}

static int unpack_deflate(struct unpacker *unpacker, const char *data, size_t length, struct buffer *out, const char **why,
	struct error *error)
{
	z_stream *stream = &unpacker->inflate;
	if (inflateReset(stream) != Z_OK)
		return error_memory(error, "inflating");
	stream->next_in = (Bytef *)(uintptr_t)data;
	stream->avail_in = (uInt)length;
	for (;;) {
		size_t room;
		char spare;
		int any = more_room(out, &room, error);
		if (any < 0)
			return -1;
		/* At the ceiling the stream may still be about to end. */
		stream->next_out = any ? (Bytef *)out->data + out->length : (Bytef *)&spare;
		stream->avail_out = any ? (uInt)room : 1;
		int result = inflate(stream, Z_NO_FLUSH);
		if (!any && stream->avail_out == 0)
			return refuse(why, too_large);
		if (any)
			out->length += room - stream->avail_out;
		if (result == Z_STREAM_END)
			return stream->avail_in == 0 || is_adler(stream, out) ? 0 : refuse(why, trailing);
		if (result == Z_MEM_ERROR)
			return error_memory(error, "inflating");
		if (result != Z_OK || (stream->avail_in == 0 && stream->avail_out > 0))
			return refuse(why, damaged);
	}
}

#ifdef HAVE_SNAPPY
static int unpack_snappy(const char *data, size_t length, struct buffer *out, const char **why, struct error *error)
{
	size_t size;
	unsigned long crc = 0;
	if (length < CRC_BYTES)
		return refuse(why, "is too short for its checksum");
	length -= CRC_BYTES;
	if (snappy_uncompressed_length(data, length, &size) != SNAPPY_OK)
		return refuse(why, damaged);
	if (size > out->ceiling)
		return refuse(why, too_large);
	/* No more than 64 bytes come of three (a copy's tag), so that a short block cannot ask for much. */
	if (size / 64 > length)
		return refuse(why, damaged);
	if (buffer_reserve(out, size ? size : 1, error) < 0)
		return -1;
	if (snappy_uncompress(data, length, out->data, &size) != SNAPPY_OK)
		return refuse(why, damaged);
	out->length = size;
	for (int i = 0; i < CRC_BYTES; i++)
		crc = crc << 8 | (unsigned char)data[length + (size_t)i];
	return crc32(0, (const Bytef *)out->data, (uInt)size) == crc ? 0 : refuse(why, "does not have the checksum behind it");
}
#endif

#ifdef HAVE_ZSTD
static int unpack_zstandard(struct unpacker *unpacker, const char *data, size_t length, struct buffer *out, const char **why,
	struct error *error)
{
	ZSTD_inBuffer in = { data, length, 0 };
	if (ZSTD_isError(ZSTD_DCtx_reset(unpacker->zstandard, ZSTD_reset_session_only)) ||
		ZSTD_isError(ZSTD_DCtx_setParameter(unpacker->zstandard, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return error_memory(error, "inflating");
	for (;;) {
		size_t room;
		char spare;
		int any = more_room(out, &room, error);
		if (any < 0)
			return -1;
		ZSTD_outBuffer to = { any ? out->data + out->length : &spare, any ? room : 1, 0 };
		size_t left = ZSTD_decompressStream(unpacker->zstandard, &to, &in);
		if (ZSTD_isError(left)) {
			ZSTD_ErrorCode code = ZSTD_getErrorCode(left);
			if (code == ZSTD_error_memory_allocation)
				return error_memory(error, "inflating");
			return refuse(why, code == ZSTD_error_frameParameter_windowTooLarge ? too_wide : damaged);
		}
		if (!any && to.pos > 0)
			return refuse(why, too_large);
		if (any)
			out->length += to.pos;
		if (left == 0)
			return in.pos < in.size ? refuse(why, trailing) : 0;
		if (in.pos == in.size && to.pos < to.size)
			return refuse(why, damaged);
	}
}
#endif

#ifdef HAVE_BZIP2
static int inflate_bzip2(bz_stream *stream, struct buffer *out, const char **why, struct error *error)
{
	for (;;) {
		size_t room;
		char spare;
		int any = more_room(out, &room, error);
		if (any < 0)
			return -1;
		stream->next_out = any ? out->data + out->length : &spare;
		stream->avail_out = any ? (unsigned)room : 1;
		int result = BZ2_bzDecompress(stream);
		if (!any && stream->avail_out == 0)
			return refuse(why, too_large);
		if (any)
			out->length += room - stream->avail_out;
		if (result == BZ_STREAM_END)
			return stream->avail_in ? refuse(why, trailing) : 0;
		if (result == BZ_MEM_ERROR)
			return error_memory(error, "inflating");
		if (result != BZ_OK || (stream->avail_in == 0 && stream->avail_out > 0))
			return refuse(why, damaged);
	}
}

static int unpack_bzip2(const char *data, size_t length, struct buffer *out, const char **why, struct error *error)
{
	bz_stream stream = { .next_in = (char *)(uintptr_t)data, .avail_in = (unsigned)length };
	if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK)
		return error_memory(error, "inflating");
	int result = inflate_bzip2(&stream, out, why, error);
	BZ2_bzDecompressEnd(&stream);
	return result;
}
#endif

#ifdef HAVE_LZMA
static int inflate_xz(lzma_stream *stream, struct buffer *out, const char **why, struct error *error)
{
	for (;;) {
		size_t room;
		uint8_t spare;
		int any = more_room(out, &room, error);
		if (any < 0)
			return -1;
		stream->next_out = any ? (uint8_t *)out->data + out->length : &spare;
		stream->avail_out = any ? room : 1;
		lzma_ret result = lzma_code(stream, LZMA_FINISH);
		if (!any && stream->avail_out == 0)
			return refuse(why, too_large);
		if (any)
			out->length += room - stream->avail_out;
		if (result == LZMA_STREAM_END)
			return stream->avail_in ? refuse(why, trailing) : 0;
		if (result == LZMA_MEM_ERROR)
			return error_memory(error, "inflating");
		if (result == LZMA_MEMLIMIT_ERROR)
			return refuse(why, too_wide);
		if (result != LZMA_OK || (stream->avail_in == 0 && stream->avail_out > 0))
			return refuse(why, damaged);
	}
}

static int unpack_xz(const char *data, size_t length, struct buffer *out, const char **why, struct error *error)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	if (lzma_stream_decoder(&stream, XZ_MEMORY_MAX, 0) != LZMA_OK)
		return error_memory(error, "inflating");
	stream.next_in = (const uint8_t *)data;
	stream.avail_in = length;
	int result = inflate_xz(&stream, out, why, error);
	lzma_end(&stream);
	return result;
}
#endif

int unpacker_unpack(struct unpacker *unpacker, const char *data, size_t length, struct buffer *out, const char **why,
	struct error *error)
{
	*why = NULL;
	buffer_clear(out);
	switch (unpacker->codec) {
	case CODEC_DEFLATE:
		return unpack_deflate(unpacker, data, length, out, why, error);
#ifdef HAVE_SNAPPY
	case CODEC_SNAPPY:
		return unpack_snappy(data, length, out, why, error);
#endif
#ifdef HAVE_ZSTD
	case CODEC_ZSTANDARD:
		return unpack_zstandard(unpacker, data, length, out, why, error);
#endif
#ifdef HAVE_BZIP2
	case CODEC_BZIP2:
		return unpack_bzip2(data, length, out, why, error);
#endif
#ifdef HAVE_LZMA
	case CODEC_XZ:
		return unpack_xz(data, length, out, why, error);
#endif
	default:
		return length > out->ceiling ? refuse(why, too_large) : buffer_append(out, data, length, error);
	}
}
