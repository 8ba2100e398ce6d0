/* buffer.c - bytes that grow by doubling, up to a ceiling.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *buffer, size_t ceiling)
{
	*buffer = (struct buffer){ .ceiling = ceiling };
}

void buffer_fini(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ .ceiling = buffer->ceiling };
}

void buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
	if (buffer->data)
		buffer->data[0] = '\0';
}

int buffer_reserve(struct buffer *buffer, size_t more, struct error *error)
{
	if (more > buffer->ceiling || buffer->length > buffer->ceiling - more)
		return error_set(error, ERROR_RESOURCE, NULL, "a text grew beyond its limit of %zu bytes", buffer->ceiling);
	size_t needed = buffer->length + more + 1;
	if (needed <= buffer->size)
		return 0;
	size_t size = buffer->size ? buffer->size : 256;
	while (size < needed)
		size = size > SIZE_MAX / 2 ? needed : size * 2;
	char *data = realloc(buffer->data, size);
	if (!data)
		return error_memory(error, "a text");
	buffer->data = data;
	buffer->size = size;
	buffer->data[buffer->length] = '\0';
	return 0;
}

int buffer_append(struct buffer *buffer, const char *data, size_t length, struct error *error)
{
	if (buffer_reserve(buffer, length, error) < 0)
		return -1;
	if (length > 0)
		memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
	return 0;
}

int buffer_puts(struct buffer *buffer, const char *text, struct error *error)
{
	return buffer_append(buffer, text, strlen(text), error);
}

int buffer_printf(struct buffer *buffer, struct error *error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return error_set(error, ERROR_RESOURCE, NULL, "a text could not be formatted");
	if (buffer_reserve(buffer, (size_t)length, error) < 0)
		return -1;
	va_start(arguments, format);
	vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer->length += (size_t)length;
	return 0;
}
