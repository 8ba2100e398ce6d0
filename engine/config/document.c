/* document.c - reads a file and parses it: limits first, then UTF-8, then JSON's strings, then YAML.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/config/document.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "engine/config/load.h"
#include "engine/core/utf8.h"

int file_read(const char *path, size_t limit, const char *what, struct buffer *out, struct error *error)
{
	int result = 0;
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return error_errno(error, ERROR_CONFIG, path, errno, "cannot be opened");
	while (result == 0) {
		char chunk[16384];
		ssize_t got = read(file, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			result = error_errno(error, ERROR_CONFIG, path, errno, "cannot be read");
		else if (out->length + (size_t)got > limit)
			result = error_set(error, ERROR_CONFIG, path, "is larger than the %zu KiB that %s may have",
				limit / 1024, what);
		else
			result = buffer_append(out, chunk, (size_t)got, error);
		explicit_bzero(chunk, sizeof(chunk)); /* some files are secrets */
		if (got == 0)
			break;
	}
	close(file);
	return result;
}

static int fail(const char *file, unsigned line, unsigned column, const char *message, unsigned byte, struct error *error)
{
	struct node at = {.file = file, .line = line, .column = column};
	char place[ERROR_PLACE_MAX];

	return error_set(error, ERROR_CONFIG, node_place(&at, place, sizeof(place)), "%s (byte 0x%02X)", message, byte);
}

/* Length of the character at text where YAML allows it, else 0: tab, line feed, carriage return and what can be printed. JSON allows all from 0x20
 * on. */
static size_t readable(const char *text, size_t length, bool json)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t size = utf8_character(text, length);

	if (json && (size > 1 || *c >= 0x20))
		return size;
	if (size == 1)
		return (*c >= 0x20 && *c != 0x7f) || *c == '\t' || *c == '\n' || *c == '\r';
	if (size == 2 && c[0] == 0xc2 && c[1] < 0xa0 && c[1] != 0x85)
		return 0;
	if (size == 3 && c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe)
		return 0;
	return size;
}

int document_scan(const char *file, const char *text, size_t length, bool json, struct error *error)
{
	unsigned line = 1, column = 1;
	unsigned directives = 0;

	for (size_t i = 0, size; i < length; i += size) {
		size = readable(text + i, length - i, json);
		if (size == 0) {
			unsigned byte = (unsigned char)text[i];

			if (utf8_character(text + i, length - i) > 0)
				return fail(file, line, column, "a control character, which cannot stand in such a file", byte, error);
			return fail(file, line, column, "not UTF-8; save the file as UTF-8", byte, error);
		}
		if (column == 1 && text[i] == '%' && ++directives > DOCUMENT_DIRECTIVES_MAX)
			return fail(file, line, column, "more than 8 lines begin with %", '%', error);
		column++;
		if (text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return 0;
}

struct node *document_parse_text(const char *file, const char *text, size_t length, bool json, struct error *error)
{
	struct node *root = NULL;
	struct buffer respelled;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		length -= 3;
	}
	if (length >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
		error_set(error, ERROR_CONFIG, file, "is UTF-16; save it as UTF-8");
		return NULL;
	}
	if (document_scan(file, text, length, json, error) < 0)
		return NULL;
	if (!json)
		return yaml_parse(file, text, length, error);
	buffer_init(&respelled, (size_t)DOCUMENT_BYTES_MAX * 4);
	if (json_respell(file, text, length, &respelled, error) == 0)
		root = yaml_parse(file, buffer_text(&respelled), respelled.length, error);
	buffer_fini(&respelled);
	return root;
}

struct node *document_parse(const char *file, struct error *error)
{
	struct node *root = NULL;
	struct buffer text;
	size_t name = strlen(file);

	buffer_init(&text, DOCUMENT_BYTES_MAX);
	if (file_read(file, DOCUMENT_BYTES_MAX, "a pipeline or dictionary", &text, error) == 0)
		root = document_parse_text(file, buffer_text(&text), text.length,
			name > 5 && strcasecmp(file + name - 5, ".json") == 0, error);
	buffer_fini(&text);
	return root;
}
