/* avro_made.c - small Avro files, and what is read from them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/avro_made.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition)                                                                                  \
	do {                                                                                               \
		if (!(condition)) {                                                                        \
			fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition);       \
			abort();                                                                           \
		}                                                                                          \
	} while (0)

static void put(struct avro_made *made, const void *data, size_t length)
{
	CHECK(length <= sizeof made->data - made->length);
	memcpy(made->data + made->length, data, length);
	made->length += length;
}

static void put_long(struct avro_made *made, int64_t value)
{
	uint64_t bits = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
	do {
		unsigned char byte = (unsigned char)((bits & 0x7F) | (bits > 0x7F ? 0x80 : 0));
		put(made, &byte, 1);
		bits >>= 7;
	} while (bits > 0);
}

static void put_text(struct avro_made *made, const char *text)
{
	put_long(made, (int64_t)strlen(text));
	put(made, text, strlen(text));
}

static const char SYNC[] = "0123456789abcdef";

void avro_made_begin(struct avro_made *made, const char *schema, const char *key, const char *value)
{
	made->length = 0;
	put(made, "Obj\1", 4);
	put_long(made, key ? 2 : 1);
	put_text(made, "avro.schema");
	put_text(made, schema);
	if (key) {
		put_text(made, key);
		put_text(made, value);
	}
	put_long(made, 0);
	put(made, SYNC, 16);
}

void avro_made_block(struct avro_made *made, uint64_t records, const char *data, size_t length)
{
	put_long(made, (int64_t)records);
	put_long(made, (int64_t)length);
	put(made, data, length);
	put(made, SYNC, 16);
}

void avro_made_write(const struct avro_made *made, const char *path)
{
	FILE *file = fopen(path, "wb");
	CHECK(file && fwrite(made->data, 1, made->length, file) == made->length && fclose(file) == 0);
}

void avro_folder_make(char path[64])
{
	const char *base = getenv("TMPDIR");
	if (!base || strlen(base) > 32)
		base = "/tmp";
	snprintf(path, 64, "%s/penstock-avro.XXXXXX", base);
	CHECK(mkdtemp(path));
}

void avro_folder_remove(const char *path)
{
	DIR *dir = opendir(path);
	CHECK(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		char name[1024];
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		if (unlink(name) < 0)
			avro_folder_remove(name);
	}
	closedir(dir);
	CHECK(rmdir(path) == 0);
}

bool avro_suite(const char *name, char *folder, size_t size)
{
	const char *suites = getenv("PENSTOCK_SUITES"), *top = getenv("TOP");
	if (suites && *suites)
		snprintf(folder, size, "%s/%s", suites, name);
	else
		snprintf(folder, size, "%s/../shared/suites/%s", top && *top ? top : ".", name);
	return access(folder, R_OK | X_OK) == 0;
}

void avro_case_init(struct avro_case *how, const char *path, const struct schema *schema)
{
	*how = (struct avro_case){ .options = { .path = path, .once = true }, .limits = LIMITS_DEFAULT, .capacity = 100 };
	how->context = (struct source_context){ .schema = schema };
}

int avro_case_open(const struct avro_case *how, void **self, struct error *error)
{
	struct source_context context = how->context;
	context.limits = &how->limits;
	*self = calloc(1, avro_source_ops.size);
	CHECK(*self);
	memcpy(*self, &how->options, sizeof how->options);
	if (avro_source_ops.open(*self, &context, error) == 0)
		return 0;
	avro_case_close(*self);
	*self = NULL;
	return -1;
}

void avro_case_close(void *self)
{
	if (!self)
		return;
	avro_source_ops.close(self);
	avro_source_ops.close(self);
	free(self);
}

static void line(struct avro_seen *seen, const char *format, ...) PRINTF_LIKE(2, 3);

static void line(struct avro_seen *seen, const char *format, ...)
{
	va_list arguments;
	if (seen->room - seen->length < 70000) {
		seen->room = 2 * seen->room + 140000;
		seen->text = realloc(seen->text, seen->room);
		CHECK(seen->text);
	}
	va_start(arguments, format);
	int wanted = vsnprintf(seen->text + seen->length, seen->room - seen->length, format, arguments);
	va_end(arguments);
	CHECK(wanted >= 0 && (size_t)wanted < seen->room - seen->length);
	seen->length += (size_t)wanted;
}

static void see(struct avro_seen *seen, const struct batch *batch)
{
	for (uint32_t row = 0; row < batch->rows; row++) {
		const struct origin *origin = &batch->origins[row];
		CHECK(origin->line_no == origin->record_no && origin->text.length == 0);
		line(seen, "%" PRIu64 "@%" PRIu64 ": ", origin->record_no, origin->byte_offset);
		for (size_t c = 0; c < batch->schema->field_count; c++) {
			char typed[VALUE_TEXT_MAX];
			struct text text = { "<absent>", 8 };
			if (batch->columns[c].cells[row] == CELL_VALUE)
				text = batch_cell_text(batch, c, row, typed);
			else if (batch->columns[c].cells[row] == CELL_NULL)
				text = (struct text){ "<null>", 6 };
			else if (batch->columns[c].cells[row] == CELL_BAD)
				text = (struct text){ "<bad>", 5 };
			CHECK(batch->columns[c].cells[row] != CELL_TEXT);
			line(seen, "%s%.*s", c > 0 ? "|" : "", (int)text.length, text.data);
		}
		line(seen, "\n");
	}
}

int avro_drain(const struct avro_case *how, const struct position *from, bool replay, struct avro_seen *seen, struct error *error)
{
	void *self;
	enum source_result result = SOURCE_ERROR;
	*seen = (struct avro_seen){ 0 };
	if (avro_case_open(how, &self, error) < 0)
		return -1;
	struct batch *batch = batch_new(how->context.schema, how->capacity, &how->limits, error);
	CHECK(batch);
	if (from && avro_source_ops.resume(self, from, replay, error) < 0)
		goto out;
	while ((result = avro_source_ops.read(self, batch, error)) == SOURCE_BATCH) {
		CHECK(!seen->last);
		for (size_t i = 1; i < batch->fault_count; i++)
			CHECK(batch->faults[i - 1].row <= batch->faults[i].row);
		seen->bytes += batch->bytes;
		seen->last = batch->last;
		if (batch->replayed) {
			seen->replayed += batch->rows;
		} else {
			see(seen, batch);
			seen->rows += batch->rows;
			seen->faults += batch->fault_count;
		}
		CHECK(strlen(batch->position.hash) == SHA256_HEX_SIZE - 1);
		if (seen->batches < sizeof seen->positions / sizeof *seen->positions) {
			seen->positions[seen->batches] = batch->position;
			seen->rows_at[seen->batches++] = seen->rows;
		}
		batch_reset(batch);
	}
	if (result == SOURCE_END) {
		CHECK(seen->last);
		CHECK(avro_source_ops.read(self, batch, error) == SOURCE_END);
	}
out:
	batch_free(batch);
	avro_case_close(self);
	if (!seen->text)
		line(seen, "%s", "");
	return result == SOURCE_END ? 0 : -1;
}

void avro_seen_fini(struct avro_seen *seen)
{
	free(seen->text);
	seen->text = NULL;
}
