/* csv_seen.c - reading with the source under test, and comparing.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/csv_seen.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "connectors/csv/csv.h"

static void *grow(void *items, size_t wanted, size_t *room, size_t size)
{
	if (wanted <= *room)
		return items;
	*room = wanted > 2 * *room ? wanted : 2 * *room;
	items = realloc(items, *room * size);
	CHECK(items);
	return items;
}

void csv_line_bytes(struct csv_line *line, const char *data, size_t length)
{
	line->text = grow(line->text, line->length + length + 1, &line->room, 1);
	if (length > 0)
		memcpy(line->text + line->length, data, length);
	line->length += length;
	line->text[line->length] = '\0';
}

void csv_line_put(struct csv_line *line, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	CHECK(length >= 0 && (size_t)length < sizeof text);
	csv_line_bytes(line, text, (size_t)length);
}

/* Bytes that a terminal would not show, as \xHH, so that a difference can be read. */
static void put_shown(struct csv_line *line, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)data[i];
		if (c > ' ' && c < 0x7F && c != '\\')
			csv_line_bytes(line, data + i, 1);
		else
			csv_line_put(line, "\\x%02X", c);
	}
}

void csv_line_end(struct csv_line *line, struct csv_seen *seen)
{
	seen->records = grow(seen->records, seen->count + 1, &seen->room, sizeof *seen->records);
	struct csv_line shown = { 0 };
	put_shown(&shown, line->text, line->length);
	seen->records[seen->count++] = shown.text;
	free(line->text);
	*line = (struct csv_line){ 0 };
}

void csv_seen_fini(struct csv_seen *seen)
{
	for (size_t i = 0; i < seen->count; i++)
		free(seen->records[i]);
	free(seen->records);
	free(seen->batches);
	*seen = (struct csv_seen){ 0 };
}

int csv_memory_file(const char *data, size_t size, char *path)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);
	CHECK(fd >= 0);
	for (size_t done = 0; done < size;) {
		ssize_t put = write(fd, data + done, size - done);
		CHECK(put > 0);
		done += (size_t)put;
	}
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

struct schema *csv_schema(size_t count)
{
	struct error error = ERROR_INIT;
	struct schema *schema = schema_new("t", &error);
	CHECK(schema);
	for (size_t i = 0; i < count; i++) {
		char name[32];
		snprintf(name, sizeof name, "f%zu", i);
		CHECK(schema_add_field(schema, name, VALUE_STRING, &error));
	}
	return schema;
}

struct csv_case csv_case_of(const char *path, const struct schema *schema, bool header)
{
	struct csv_case how = { .path = path, .options = CSV_OPTIONS_DEFAULT, .schema = schema, .limits = LIMITS_DEFAULT, .capacity = 100 };
	how.options.header = header;
	return how;
}

void csv_bind(void *self, const struct csv_case *how)
{
	struct csv_source *source = self;

	source->file.options.path = (struct option_list){ .items = &how->path, .count = 1 };
	source->options = how->options;
}

int csv_open_case(const struct csv_case *how, void **self, struct error *error)
{
	struct source_context context = { .schema = how->schema, .labels = how->labels, .limits = &how->limits };
	*self = calloc(1, csv_source_ops.size);
	CHECK(*self);
	csv_bind(*self, how);
	if (csv_source_ops.open(*self, &context, error) == 0)
		return 0;
	csv_close_case(*self);
	*self = NULL;
	return -1;
}

void csv_close_case(void *self)
{
	csv_source_ops.close(self);
	csv_source_ops.close(self);
	free(self);
}

static void see_cells(struct csv_line *line, const struct batch *batch, uint32_t row)
{
	for (size_t f = 0; f < batch->schema->field_count; f++) {
		const struct column *column = &batch->columns[f];
		CHECK(column->cells[row] == CELL_ABSENT || column->cells[row] == CELL_NULL || column->cells[row] == CELL_TEXT || column->cells[row] == CELL_BAD);
		csv_line_put(line, " %c", column->cells[row] == CELL_ABSENT ? '-' : column->cells[row] == CELL_NULL ? '0' : column->cells[row] == CELL_TEXT ? '=' : '!');
		if (column->cells[row] != CELL_ABSENT && column->cells[row] != CELL_NULL)
			csv_line_bytes(line, batch_bytes(batch, column->texts[row]), column->texts[row].length);
	}
}

/* The faults of a row without what is only for people, but with the byte that an encoding fault names. */
static void see_faults(struct csv_line *line, const struct batch *batch, uint32_t row, size_t *fault)
{
	for (; *fault < batch->fault_count && batch->faults[*fault].row == row; ++*fault) {
		const struct fault *f = &batch->faults[*fault];
		CHECK(f->detail.length > 0);
		char detail[512];
		snprintf(detail, sizeof detail, "%.*s", (int)f->detail.length, batch_bytes(batch, f->detail));
		if (f->kind == FAULT_ENCODING) {
			uint64_t offset = 0;
			const char *at = strstr(detail, " at byte ");
			CHECK(at && sscanf(at, " at byte %" SCNu64, &offset) == 1);
			csv_line_put(line, " encoding(%zd@%" PRIu64 ")", (ssize_t)f->field, offset);
		} else if (f->kind == FAULT_EXTRA) {
			csv_line_put(line, " extra(%s)", detail);
		} else {
			CHECK(f->kind == FAULT_RECORD);
			csv_line_put(line, " record");
		}
	}
}

/* comments: they stand between the records. */
static void see_batch(struct csv_seen *seen, const struct batch *batch, bool comments, uint64_t *next)
{
	size_t fault = 0;
	for (uint32_t row = 0; row < batch->rows; row++) {
		const struct origin *origin = &batch->origins[row];
		CHECK(origin->byte_offset == *next || seen->count == 0 || (comments && origin->byte_offset > *next));
		*next = origin->byte_offset + origin->byte_length;
		struct csv_line line = { 0 };
		csv_line_put(&line, "%" PRIu64 " line %" PRIu64 " @%" PRIu64 "+%" PRIu64 " %s", origin->record_no, origin->line_no,
			origin->byte_offset, origin->byte_length, batch->status[row] == ROW_BLANK ? "blank" : "live");
		see_cells(&line, batch, row);
		see_faults(&line, batch, row, &fault);
		csv_line_put(&line, " <");
		csv_line_bytes(&line, batch_bytes(batch, origin->text), origin->text.length);
		csv_line_put(&line, ">");
		csv_line_end(&line, seen);
	}
	CHECK(fault == batch->fault_count);
}

int csv_drain(const struct csv_case *how, const struct position *from, bool replay, struct csv_seen *seen,
	struct error *error)
{
	void *self;
	uint64_t next = 0, given = 0;
	*seen = (struct csv_seen){ 0 };
	if (csv_open_case(how, &self, error) < 0)
		return -1;
	struct batch *batch = batch_new(how->schema, how->capacity, &how->limits, error);
	CHECK(batch);
	int result = from ? csv_source_ops.resume(self, from, replay, error) : 0;
	if (from && !replay)
		given = strtoull(from->token, NULL, 10);
	while (result == 0) {
		batch_reset(batch);
		enum source_result got = csv_source_ops.read(self, batch, error);
		if (got == SOURCE_ERROR)
			result = -1;
		if (got != SOURCE_BATCH)
			break;
		see_batch(seen, batch, how->options.comment != NULL, &next);
		seen->batches = grow(seen->batches, seen->batch_count + 1, &seen->batch_room, sizeof *seen->batches);
		seen->batches[seen->batch_count++] = (struct csv_seen_batch){
			.rows = batch->rows, .bytes = batch->bytes, .position = batch->position, .replayed = batch->replayed,
			.last = batch->last,
		};
		given += batch->bytes;
		if (how->recoded)
			given = strtoull(batch->position.token, NULL, 10);
		CHECK(strtoull(batch->position.token, NULL, 10) == given);
		CHECK(batch->rows == 0 || next == given || (how->options.comment && next < given));
		CHECK(strlen(batch->position.hash) == SHA256_HEX_SIZE - 1);
	}
	CHECK(result < 0 || (seen->batch_count > 0 && seen->batches[seen->batch_count - 1].last));
	for (size_t i = 0; i + 1 < seen->batch_count; i++)
		CHECK(!seen->batches[i].last);
	if (result == 0)
		CHECK(csv_source_ops.read(self, batch, error) == SOURCE_END);
	batch_free(batch);
	csv_close_case(self);
	return result;
}

void csv_check_same(const struct csv_seen *a, const char *a_name, const struct csv_seen *b, const char *b_name)
{
	size_t i = 0;
	while (i < a->count && i < b->count && strcmp(a->records[i], b->records[i]) == 0)
		i++;
	if (i == a->count && i == b->count)
		return;
	fprintf(stderr, "record %zu differs\n  %s (%zu): %s\n  %s (%zu): %s\n", i, a_name, a->count,
		i < a->count ? a->records[i] : "none", b_name, b->count, i < b->count ? b->records[i] : "none");
	abort();
}

void csv_check_resume(const struct csv_case *how, const struct csv_seen *whole)
{
	size_t before = 0;
	for (size_t i = 0; i < whole->batch_count; i++) {
		struct error error = ERROR_INIT;
		struct csv_seen again;
		before += whole->batches[i].rows;
		if (csv_drain(how, &whole->batches[i].position, false, &again, &error) < 0) {
			fprintf(stderr, "resume at %s: %s: %s\n", whole->batches[i].position.token, error.place, error.message);
			abort();
		}
		struct csv_seen rest = { .records = whole->count > 0 ? whole->records + before : NULL, .count = whole->count - before };
		csv_check_same(&rest, "read through", &again, "resumed");
		CHECK(strcmp(again.batches[again.batch_count - 1].position.hash,
			     whole->batches[whole->batch_count - 1].position.hash) == 0);
		csv_seen_fini(&again);

		CHECK(csv_drain(how, &whole->batches[i].position, true, &again, &error) == 0);
		csv_check_same(whole, "read through", &again, "replayed");
		size_t replayed = 0, b = 0;
		for (; b < again.batch_count && again.batches[b].replayed; b++)
			replayed += again.batches[b].rows;
		CHECK(replayed == before);
		CHECK(b == 0 || strcmp(again.batches[b - 1].position.token, whole->batches[i].position.token) == 0);
		for (; b < again.batch_count; b++)
			CHECK(!again.batches[b].replayed);
		csv_seen_fini(&again);
	}
}
