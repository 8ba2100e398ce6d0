/* pack.c - zlib and libzstd, fed in pieces of 64 KiB.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/pack.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#if HAVE_ZSTD
#include <zstd.h>
#endif

enum {
	PIECE = 64 << 10,
	GZIP_BITS = 15 + 16, /* the largest window, and a gzip header around it */
	GZIP_LEVEL = 6, GZIP_MEMORY = 8,
	ZSTD_LEVEL = 3,
};

struct pack {
	struct text_to to;
	enum pack_kind kind;
	size_t used;     /* of in */
	z_stream gzip;
	bool gzip_begun;
#if HAVE_ZSTD
	ZSTD_CCtx *zstd;
#endif
	char in[PIECE], out[PIECE];
};

const char *const pack_names[] = { "none", "gzip", "zstd", NULL };

int pack_check(enum pack_kind kind, struct error *error)
{
#if !HAVE_ZSTD
	if (kind == PACK_ZSTD)
		return error_set(error, ERROR_CONFIG, NULL, "this build of penstock has no libzstd: compression is none or gzip");
#endif
	(void)kind;
	(void)error;
	return 0;
}

struct pack *pack_new(enum pack_kind kind, const struct text_to *to, struct error *error)
{
	struct pack *pack = malloc(sizeof *pack);
	bool begun = false;

	if (!pack) {
		error_memory(error, "packing a file");
		return NULL;
	}
	memset(pack, 0, offsetof(struct pack, in));
	pack->to = *to;
	pack->kind = kind;
	if (kind == PACK_GZIP)
		begun = pack->gzip_begun =
			deflateInit2(&pack->gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_BITS, GZIP_MEMORY, Z_DEFAULT_STRATEGY) == Z_OK;
#if HAVE_ZSTD
	if (kind == PACK_ZSTD) {
		pack->zstd = ZSTD_createCCtx();
		begun = pack->zstd && !ZSTD_isError(ZSTD_CCtx_setParameter(pack->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)) &&
			!ZSTD_isError(ZSTD_CCtx_setParameter(pack->zstd, ZSTD_c_checksumFlag, 1));
	}
#endif
	if (begun)
		return pack;
	pack_free(pack);
	error_memory(error, "packing a file");
	return NULL;
}

static int give_gzip(struct pack *pack, bool end, struct error *error)
{
	z_stream *stream = &pack->gzip;
	int result;

	stream->next_in = (Bytef *)pack->in;
	stream->avail_in = (uInt)pack->used;
	do {
		stream->next_out = (Bytef *)pack->out;
		stream->avail_out = PIECE;
		result = deflate(stream, end ? Z_FINISH : Z_NO_FLUSH);
		if (result == Z_STREAM_ERROR)
			return error_set(error, ERROR_SINK, NULL, "zlib cannot pack the file");
		if (PIECE > stream->avail_out && pack->to.write(pack->to.self, pack->out, PIECE - stream->avail_out, error) < 0)
			return -1;
	} while (stream->avail_out == 0 || (end && result != Z_STREAM_END));
	return 0;
}

#if HAVE_ZSTD
static int give_zstd(struct pack *pack, bool end, struct error *error)
{
	ZSTD_inBuffer in = { .src = pack->in, .size = pack->used };
	size_t left;

	do {
		ZSTD_outBuffer out = { .dst = pack->out, .size = PIECE };
		left = ZSTD_compressStream2(pack->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return error_set(error, ERROR_SINK, NULL, "zstd cannot pack the file: %s", ZSTD_getErrorName(left));
		if (out.pos > 0 && pack->to.write(pack->to.self, pack->out, out.pos, error) < 0)
			return -1;
	} while (end ? left > 0 : in.pos < in.size);
	return 0;
}
#endif

static int give(struct pack *pack, bool end, struct error *error)
{
	int result;
#if HAVE_ZSTD
	result = pack->kind == PACK_ZSTD ? give_zstd(pack, end, error) : give_gzip(pack, end, error);
#else
	result = give_gzip(pack, end, error);
#endif
	pack->used = 0;
	return result;
}

int pack_write(void *self, const char *data, size_t length, struct error *error)
{
	struct pack *pack = self;

	while (length > 0) {
		size_t part = length < PIECE - pack->used ? length : PIECE - pack->used;
		memcpy(pack->in + pack->used, data, part);
		pack->used += part;
		data += part;
		length -= part;
		if (pack->used == PIECE && give(pack, false, error) < 0)
			return -1;
	}
	return 0;
}

int pack_finish(struct pack *pack, struct error *error)
{
	return give(pack, true, error);
}

void pack_free(struct pack *pack)
{
	if (!pack)
		return;
	if (pack->gzip_begun)
		deflateEnd(&pack->gzip);
#if HAVE_ZSTD
	ZSTD_freeCCtx(pack->zstd);
#endif
	free(pack);
}
