/* unpack.c - zlib and libzstd, pulled.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/unpack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#if HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif

enum {
	GZIP_BITS = 15 + 16, /* the largest window, and a gzip header around it */
	WINDOW_SHARE = 8,    /* of the memory, this part is for the window of a zstd frame */
	WINDOW_LOG_MIN = 20, WINDOW_LOG_MAX = 27,
};

struct unpack {
	struct layer layer; /* first */
	bool between;       /* a member or frame has ended, and none has begun */
	z_stream gzip;
	int window_log;
#if HAVE_ZSTD
	ZSTD_DStream *zstd;
#endif
};

const char *unpack_kinds(void)
{
#if HAVE_ZSTD
	return "gzip, zstd";
#else
	return "gzip";
#endif
}

enum unpack_kind unpack_kind_of(const char *data, size_t length)
{
	if (length >= 3 && memcmp(data, "\x1F\x8B\x08", 3) == 0)
		return UNPACK_GZIP;
	if (length >= 4 && memcmp(data, "\x28\xB5\x2F\xFD", 4) == 0)
		return UNPACK_ZSTD;
	/* A skippable frame may come first: tools keep an index in it. */
	if (length >= 4 && ((unsigned char)data[0] & 0xF0) == 0x50 && memcmp(data + 1, "\x2A\x4D\x18", 3) == 0)
		return UNPACK_ZSTD;
	return UNPACK_NOTHING;
}

static ssize_t cut_off(const struct layer *layer, const char *kind, struct error *error)
{
	return error_set(error, ERROR_SOURCE, layer->path, "is %s that ends in the middle, at byte %" PRIu64 "; it was cut off", kind,
		layer->in.offset);
}

static ssize_t damaged(const struct layer *layer, const char *kind, const char *why, struct error *error)
{
	return error_set(error, ERROR_SOURCE, layer->path, "is damaged %s, about byte %" PRIu64 ": %s", kind, layer->in.offset, why);
}

/* --- gzip --------------------------------------------------------------------------------------- */

/* Behind a member: another one, zeros to the end (tapes and file systems fill up blocks with them), or nothing. Returns 1, 0, -1 and error. */
static int next_member(struct unpack *unpack, struct error *error)
{
	struct feed *in = &unpack->layer.in;

	for (;;) {
		while (feed_left(in) > 0 && in->data[in->begin] == '\0')
			feed_take(in, 1);
		if ((feed_left(in) < UNPACK_MAGIC && !in->eof)) {
			if (feed_more(in, error) < 0)
				return -1;
			continue;
		}
		if (feed_left(in) == 0)
			return 0;
		if (unpack_kind_of(in->data + in->begin, feed_left(in)) == UNPACK_GZIP)
			return 1;
		return error_set(error, ERROR_SOURCE, unpack->layer.path,
			"is gzip with something else behind it, at byte %" PRIu64 "; it was damaged, or two files were joined", in->offset);
	}
}

static ssize_t read_gzip(struct layer *layer, char *to, size_t size, struct error *error)
{
	struct unpack *unpack = (struct unpack *)layer;
	struct feed *in = &layer->in;
	z_stream *stream = &unpack->gzip;

	for (;;) {
		if (unpack->between) {
			int more = next_member(unpack, error);
			if (more <= 0)
				return more;
			if (inflateReset(stream) != Z_OK)
				return damaged(layer, "gzip", "zlib fails", error);
			unpack->between = false;
		}
		if (feed_left(in) == 0 && !in->eof && feed_more(in, error) < 0)
			return -1;
		if (feed_left(in) == 0 && in->eof)
			return cut_off(layer, "gzip", error);
		stream->next_in = (Bytef *)in->data + in->begin;
		stream->avail_in = (uInt)feed_left(in);
		stream->next_out = (Bytef *)to;
		stream->avail_out = (uInt)size;
		int result = inflate(stream, Z_NO_FLUSH);
		feed_take(in, feed_left(in) - stream->avail_in);
		if (result == Z_MEM_ERROR)
			return error_memory(error, "unpacking a file");
		if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
			return damaged(layer, "gzip", stream->msg ? stream->msg : "it is none", error);
		unpack->between = result == Z_STREAM_END;
		if (stream->avail_out < size)
			return (ssize_t)(size - stream->avail_out);
	}
}

/* --- zstd --------------------------------------------------------------------------------------- */

#if HAVE_ZSTD
static ssize_t zstd_failed(const struct unpack *unpack, size_t code, struct error *error)
{
	const struct layer *layer = &unpack->layer;

	if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
		return error_memory(error, "unpacking a file");
	if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge)
		return error_set(error, ERROR_SOURCE, layer->path,
			"is zstd that needs more than %u MiB of memory to unpack; raise limits.memory (an eighth of it may be taken), or pack it with "
			"zstd -19 or less and without --long",
			1u << (unpack->window_log - WINDOW_LOG_MIN));
	if (ZSTD_getErrorCode(code) == ZSTD_error_prefix_unknown && unpack->between)
		return error_set(error, ERROR_SOURCE, layer->path,
			"is zstd with something else behind it, at byte %" PRIu64 "; it was damaged, or two files were joined", layer->in.offset);
	return damaged(layer, "zstd", ZSTD_getErrorName(code), error);
}

static ssize_t read_zstd(struct layer *layer, char *to, size_t size, struct error *error)
{
	struct unpack *unpack = (struct unpack *)layer;
	struct feed *feed = &layer->in;

	for (;;) {
		if (feed_left(feed) == 0 && !feed->eof && feed_more(feed, error) < 0)
			return -1;
		bool nothing = feed_left(feed) == 0 && feed->eof;
		if (nothing && unpack->between)
			return 0;
		ZSTD_inBuffer in = { feed->data + feed->begin, feed_left(feed), 0 };
		ZSTD_outBuffer out = { to, size, 0 };
		size_t left = ZSTD_decompressStream(unpack->zstd, &out, &in);
		if (ZSTD_isError(left))
			return zstd_failed(unpack, left, error);
		feed_take(feed, in.pos);
		unpack->between = left == 0;
		if (out.pos > 0)
			return (ssize_t)out.pos;
		if (nothing && !unpack->between)
			return cut_off(layer, "zstd", error);
	}
}
#endif

/* --- both --------------------------------------------------------------------------------------- */

static void free_gzip(struct layer *layer)
{
	inflateEnd(&((struct unpack *)layer)->gzip);
	free(layer);
}

#if HAVE_ZSTD
static void free_zstd(struct layer *layer)
{
	ZSTD_freeDStream(((struct unpack *)layer)->zstd);
	free(layer);
}

static bool begin_zstd(struct unpack *unpack, uint64_t memory)
{
	unpack->window_log = WINDOW_LOG_MIN;
	while (unpack->window_log < WINDOW_LOG_MAX && (uint64_t)2 << unpack->window_log <= memory / WINDOW_SHARE)
		unpack->window_log++;
	unpack->layer.read = read_zstd;
	unpack->layer.free = free_zstd;
	unpack->zstd = ZSTD_createDStream();
	return unpack->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(unpack->zstd, ZSTD_d_windowLogMax, unpack->window_log));
}
#endif

struct layer *unpack_new(enum unpack_kind kind, uint64_t memory, const char *path, struct error *error)
{
	struct unpack *unpack = calloc(1, sizeof *unpack);

	if (!unpack) {
		error_memory(error, "unpacking a file");
		return NULL;
	}
	unpack->layer.path = path;
#if HAVE_ZSTD
	if (kind == UNPACK_ZSTD) {
		if (begin_zstd(unpack, memory))
			return &unpack->layer;
		free_zstd(&unpack->layer);
		error_memory(error, "unpacking a file");
		return NULL;
	}
#else
	(void)memory;
	if (kind == UNPACK_ZSTD) {
		free(unpack);
		error_set(error, ERROR_SOURCE, path, "is compressed with zstd, which this build cannot undo: unzstd it first");
		return NULL;
	}
#endif
	unpack->layer.read = read_gzip;
	unpack->layer.free = free_gzip;
	if (inflateInit2(&unpack->gzip, GZIP_BITS) == Z_OK)
		return &unpack->layer;
	free(unpack);
	error_memory(error, "unpacking a file");
	return NULL;
}
