/* error.h - what went wrong with the world, carried up in the caller's storage and reported once, at the top.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bad data is never an error (it is a violation on a batch, see batch.h) and a bug of ours is an assert.
 * Invariant: the first error wins; setting a second one on a filled struct changes nothing.
 */
#ifndef PENSTOCK_CORE_ERROR_H
#define PENSTOCK_CORE_ERROR_H

#include <stdbool.h>

/* The values are the exit codes of the program, except ERROR_CANCELLED (128 + the signal, decided at the top). */
enum error_kind {
	ERROR_NONE = 0,
	ERROR_RESOURCE = 1,  /* memory, temporary space; a retry may help */
	ERROR_CONFIG = 2,    /* usage, pipeline, dictionary, dictionary against table, changed source or plan */
	ERROR_REJECTS = 3,   /* more rejects than max_rejects, or on_violation: abort */
	ERROR_SOURCE = 4,    /* source missing, unreadable, truncated, damaged */
	ERROR_SINK = 5,      /* database unreachable, locked too long, full, read-only, refused publication */
	ERROR_BOOKS = 6,     /* books do not balance, verification or comparison failed */
	ERROR_BUSY = 7,      /* another run holds this step */
	ERROR_CANCELLED = 8,
};

enum { ERROR_PLACE_MAX = 512, ERROR_MESSAGE_MAX = 1536 };

struct error {
	enum error_kind kind;
	bool retry;         /* the same work may succeed later (lost connection, deadlock, lock timeout) */
	char sqlstate[6];   /* five characters, or empty */
	char place[ERROR_PLACE_MAX];     /* "file:line:column", "source record 12", "connection db"; may be empty */
	char message[ERROR_MESSAGE_MAX]; /* lower case, says what to do; never holds a secret */
};

#define ERROR_INIT { .kind = ERROR_NONE }

#if defined(__GNUC__)
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define MUST_CHECK
#define PRINTF_LIKE(text, first)
#endif

/* Fills *error unless it is filled already; place may be NULL. Truncates at a character, ending in "...". Always returns -1. */
int error_set(struct error *error, enum error_kind kind, const char *place, const char *format, ...) PRINTF_LIKE(4, 5);

/* ERROR_RESOURCE, "out of memory for WHAT". Always returns -1. */
int error_memory(struct error *error, const char *what);

/* Adds errno's text: "FORMAT: No such file or directory". Always returns -1. */
int error_errno(struct error *error, enum error_kind kind, const char *place, int errnum, const char *format, ...)
	PRINTF_LIKE(5, 6);

void error_clear(struct error *error);

static inline bool error_is_set(const struct error *error)
{
	return error->kind != ERROR_NONE;
}

/* "config", "sink", ...; static text. */
const char *error_kind_name(enum error_kind kind);

/* "PLACE: MESSAGE" into text, cut to size bytes with the NUL. Returns text. */
char *error_text(const struct error *error, char *text, unsigned long size);

#endif
