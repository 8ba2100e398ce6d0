/* buffer.h - bytes that grow, up to a ceiling.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_BUFFER_H
#define PENSTOCK_CORE_BUFFER_H

#include <stddef.h>

#include "engine/core/error.h"

struct buffer {
	char *data;     /* NUL-terminated behind length whenever it is not NULL */
	size_t length;
	size_t size;
	size_t ceiling; /* length never exceeds it */
};

/* Allocates nothing yet. */
void buffer_init(struct buffer *buffer, size_t ceiling);
void buffer_fini(struct buffer *buffer);
void buffer_clear(struct buffer *buffer);

/* Each returns 0, or -1 and ERROR_RESOURCE (out of memory, or beyond the ceiling). */
int buffer_reserve(struct buffer *buffer, size_t more, struct error *error) MUST_CHECK;
int buffer_append(struct buffer *buffer, const char *data, size_t length, struct error *error) MUST_CHECK;
int buffer_puts(struct buffer *buffer, const char *text, struct error *error) MUST_CHECK;
int buffer_printf(struct buffer *buffer, struct error *error, const char *format, ...) PRINTF_LIKE(3, 4) MUST_CHECK;

/* The text, never NULL. */
static inline const char *buffer_text(const struct buffer *buffer)
{
	return buffer->data ? buffer->data : "";
}

#endif
