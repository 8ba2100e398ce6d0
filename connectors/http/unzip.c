/* unzip.c - zlib and libzstd over pieces.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/unzip.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#if HAVE_ZSTD
#include <zstd.h>
#endif

enum {
	PIECE = 64 * 1024,
	GZIP_BITS = 15 + 16, /* the largest window, and a gzip header around it */
	ZSTD_BITS = 23,      /* 8 MiB, the most that RFC 9659 lets an answer ask for */
};

struct unzip {
	enum unzip_kind kind;
	unzip_taker *taker;
	void *arg;
	bool begun, complete; /* nothing has come yet; all that has come is whole */
	z_stream gzip;
#if HAVE_ZSTD
	ZSTD_DStream *zstd;
#endif
	char out[PIECE];
};

const char *unzip_encodings(void)
{
#if HAVE_ZSTD
	return "gzip, zstd";
#else
	return "gzip";
#endif
}

enum unzip_kind unzip_kind_of(const char *name, size_t length)
{
	static const struct {
		const char *name;
		enum unzip_kind kind;
	} known[] = {
		{ "gzip", UNZIP_GZIP }, { "x-gzip", UNZIP_GZIP }, { "identity", UNZIP_NOTHING }, { "", UNZIP_NOTHING },
#if HAVE_ZSTD
		{ "zstd", UNZIP_ZSTD },
#endif
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i].name) == length && strncasecmp(known[i].name, name, length) == 0)
			return known[i].kind;
	return UNZIP_UNKNOWN;
}

struct unzip *unzip_new(enum unzip_kind kind, unzip_taker *taker, void *arg, struct error *error)
{
	struct unzip *unzip = calloc(1, sizeof *unzip);
	bool ready = false;

	if (unzip) {
		unzip->taker = taker;
		unzip->arg = arg;
		if (kind == UNZIP_GZIP)
			ready = inflateInit2(&unzip->gzip, GZIP_BITS) == Z_OK;
#if HAVE_ZSTD
		if (kind == UNZIP_ZSTD)
			ready = (unzip->zstd = ZSTD_createDStream()) != NULL && !ZSTD_isError(ZSTD_DCtx_setParameter(unzip->zstd, ZSTD_d_windowLogMax, ZSTD_BITS));
#endif
		unzip->kind = ready ? kind : UNZIP_NOTHING;
	}
	if (ready)
		return unzip;
	unzip_free(unzip);
	error_memory(error, "decompressing an answer");
	return NULL;
}

void unzip_free(struct unzip *unzip)
{
	if (!unzip)
		return;
	if (unzip->kind == UNZIP_GZIP)
		inflateEnd(&unzip->gzip);
#if HAVE_ZSTD
	ZSTD_freeDStream(unzip->zstd);
#endif
	free(unzip);
}

static int wrong(const char *place, const char *why, struct error *error)
{
	return error_set(error, ERROR_SOURCE, place, "the answer cannot be decompressed: %s", why);
}

static int feed_gzip(struct unzip *unzip, const char *data, size_t length, const char *place, struct error *error)
{
	z_stream *stream = &unzip->gzip;

	stream->next_in = (Bytef *)(uintptr_t)data;
	stream->avail_in = (uInt)length;
	for (bool full = false; stream->avail_in > 0 || full;) {
		/* A text may be of several members (RFC 1952). */
		if (unzip->complete && stream->avail_in > 0) {
			if (inflateReset(stream) != Z_OK)
				return wrong(place, "zlib fails", error);
			unzip->complete = false;
		}
		stream->next_out = (Bytef *)unzip->out;
		stream->avail_out = PIECE;
		int result = inflate(stream, Z_NO_FLUSH);
		if (result == Z_MEM_ERROR)
			return error_memory(error, "decompressing an answer");
		if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
			return wrong(place, stream->msg ? stream->msg : "it is no gzip", error);
		unzip->complete = result == Z_STREAM_END;
		size_t made = PIECE - stream->avail_out;
		if (made > 0 && unzip->taker(unzip->arg, unzip->out, made, error) < 0)
			return -1;
		full = stream->avail_out == 0 && !unzip->complete;
	}
	return 0;
}

#if HAVE_ZSTD
static int feed_zstd(struct unzip *unzip, const char *data, size_t length, const char *place, struct error *error)
{
	ZSTD_inBuffer in = { data, length, 0 };

	for (bool full = false; in.pos < in.size || full;) {
		ZSTD_outBuffer out = { unzip->out, PIECE, 0 };
		size_t left = ZSTD_decompressStream(unzip->zstd, &out, &in);
		if (ZSTD_isError(left))
			return wrong(place, ZSTD_getErrorName(left), error);
		unzip->complete = left == 0;
		if (out.pos > 0 && unzip->taker(unzip->arg, unzip->out, out.pos, error) < 0)
			return -1;
		full = out.pos == out.size && !unzip->complete;
	}
	return 0;
}
#endif

int unzip_feed(struct unzip *unzip, const char *data, size_t length, const char *place, struct error *error)
{
	unzip->begun = unzip->begun || length > 0;
#if HAVE_ZSTD
	if (unzip->kind == UNZIP_ZSTD)
		return feed_zstd(unzip, data, length, place, error);
#endif
	return feed_gzip(unzip, data, length, place, error);
}

int unzip_end(const struct unzip *unzip, const char *place, struct error *error)
{
	/* No body at all is an empty one: a server that compresses nothing into nothing. */
	if (unzip->complete || !unzip->begun)
		return 0;
	wrong(place, "it ends in the middle; it was cut off", error);
	error->retry = true;
	return -1;
}
