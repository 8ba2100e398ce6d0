/* codec.c - names of codecs, and which of them this build has.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/codec.h"

#include <string.h>

static const char *const names[CODECS] = {
	[CODEC_NULL] = "null", [CODEC_DEFLATE] = "deflate", [CODEC_SNAPPY] = "snappy", [CODEC_ZSTANDARD] = "zstandard",
	[CODEC_BZIP2] = "bzip2", [CODEC_XZ] = "xz",
};

const char *codec_name(enum codec codec)
{
	return names[codec];
}

bool codec_find(const char *name, enum codec *out)
{
	for (int i = 0; i < CODECS; i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum codec)i;
			return true;
		}
	return false;
}

bool codec_available(enum codec codec)
{
	switch (codec) {
	case CODEC_NULL:
	case CODEC_DEFLATE:
		return true;
	case CODEC_SNAPPY:
#ifdef HAVE_SNAPPY
		return true;
#else
		return false;
#endif
	case CODEC_ZSTANDARD:
#ifdef HAVE_ZSTD
		return true;
#else
		return false;
#endif
	case CODEC_BZIP2:
#ifdef HAVE_BZIP2
		return true;
#else
		return false;
#endif
	case CODEC_XZ:
#ifdef HAVE_LZMA
		return true;
#else
		return false;
#endif
	case CODECS:
		break;
	}
	return false;
}
