/* container_made.h - container files that a unit test writes byte by byte, and what is read from them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * All of it fails the test that calls it (cmocka) when something cannot be done.
 */
#ifndef PENSTOCK_TESTS_SUPPORT_CONTAINER_MADE_H
#define PENSTOCK_TESTS_SUPPORT_CONTAINER_MADE_H

#include "connectors/avro/container.h"

enum { MADE_FILE_MAX = 64 << 20 };
#define MADE_SYNC "0123456789abcdef"

/* A folder for the tests of a program and a path in it, for cmocka's group set-up and tear-down. */
extern char made_folder[64], made_path[96];
int made_folder_make(void **state);
int made_folder_remove(void **state);

void made_put(struct buffer *to, const void *data, size_t length);
void made_put_long(struct buffer *to, int64_t value);
void made_put_text(struct buffer *to, const char *text);

/* A header with schema "null" and, where it is not NULL, a codec. Initialises file. */
void made_begin(struct buffer *file, const char *codec);
void made_put_block(struct buffer *file, int64_t records, const char *data, size_t length);

/* Compresses with the library of the codec into out, which is initialised; false where this build lacks it. For deflate a zlib stream without
 * header and checksum. */
bool made_compressed(enum codec codec, const char *data, size_t length, struct buffer *out);

/* Into the file at made_path. */
void made_store(const char *data, size_t length);

struct made_seen {
	int result; /* 0, or -1 and error */
	size_t blocks;
	uint64_t records;
	struct buffer data; /* of all blocks; the caller's to free */
	char hash[SHA256_HEX_SIZE];
};

/* Reads the file at made_path to its end or to damage. */
void made_read(struct made_seen *seen, struct error *error);

/* The file gives these bytes in one block of three records. */
void made_gives(const struct buffer *file, const char *data, size_t length);

/* The file is refused with a message that has all the words; the buffer is freed. */
void made_refused(struct buffer *file, const char *const *words);
#define REFUSED(file, ...) made_refused((file), (const char *const[]){ __VA_ARGS__, NULL })

#endif
