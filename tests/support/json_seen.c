/* json_seen.c - reading with the json source, and reading again.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/json_seen.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void see_cell(FILE *out, const struct batch *batch, size_t field, uint32_t row)
{
	const struct column *column = &batch->columns[field];
	char room[VALUE_TEXT_MAX];

	switch (column->cells[row]) {
	case CELL_ABSENT:
		fputs(" -", out);
		break;
	case CELL_NULL:
		fputs(" _", out);
		break;
	case CELL_TEXT:
		fputs(" =", out);
		CHECK(column->texts[row].offset + (size_t)column->texts[row].length <= batch->arena.used);
		fwrite(batch_bytes(batch, column->texts[row]), 1, column->texts[row].length, out);
		break;
	case CELL_VALUE: {
		struct text text = batch_cell_text(batch, field, row, room);
		fputs(" #", out);
		fwrite(text.data, 1, text.length, out);
		break;
	}
	default:
		CHECK(column->cells[row] == CELL_BAD);
		fputs(" !", out);
	}
}

char *json_seen_row(const struct batch *batch, uint32_t row, size_t *fault)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	CHECK(out);
	if (batch->status[row] == ROW_BLANK)
		fputs(" blank", out);
	for (size_t f = 0; batch->status[row] != ROW_BLANK && f < batch->schema->field_count; f++)
		see_cell(out, batch, f, row);
	for (; *fault < batch->fault_count && batch->faults[*fault].row == row; ++*fault) {
		const struct fault *at = &batch->faults[*fault];
		CHECK(at->detail.length > 0);
		fputs(at->kind == FAULT_RECORD ? " record" : at->kind == FAULT_EXTRA ? " extra" : at->kind == FAULT_TYPE ? " type" : " encoding", out);
		if (at->field != SCHEMA_NO_FIELD) {
			CHECK(batch->columns[at->field].cells[row] == CELL_BAD);
			fprintf(out, "(%zu)", at->field);
		}
		if (at->kind == FAULT_RECORD)
			for (size_t f = 0; f < batch->schema->field_count; f++)
				CHECK(batch->columns[f].cells[row] == CELL_ABSENT);
	}
	fclose(out);
	return text;
}

int json_memory_file(const char *data, size_t size, char *path)
{
	int fd = memfd_create("json", MFD_CLOEXEC);

	CHECK(fd >= 0);
	for (size_t done = 0; done < size;) {
		ssize_t put = write(fd, data + done, size - done);
		CHECK(put > 0);
		done += (size_t)put;
	}
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static void see_batch(struct json_seen *seen, const struct batch *batch, uint64_t *next)
{
	size_t fault = 0;

	for (uint32_t row = 0; row < batch->rows && seen->count < JSON_SEEN_MAX; row++) {
		const struct origin *origin = &batch->origins[row];
		char *text = json_seen_row(batch, row, &fault), *line;
		CHECK(origin->byte_offset >= *next && origin->text.length <= origin->byte_length);
		*next = origin->byte_offset + origin->byte_length;
		CHECK(asprintf(&line, "%" PRIu64 ":%" PRIu64 "@%" PRIu64 "+%" PRIu64 "%s", origin->record_no, origin->line_no, origin->byte_offset,
			      origin->byte_length, text) > 0);
		seen->records[seen->count++] = line;
		free(text);
	}
	CHECK(fault == batch->fault_count || seen->count == JSON_SEEN_MAX);
}

void json_bind(void *self, const struct json_case *how)
{
	struct json_source *source = self;

	source->file.options.path = (struct option_list){ .items = &how->path, .count = 1 };
	source->options = how->options;
}

int json_drain(const struct json_case *how, const struct position *from, bool replay, struct json_seen *seen, struct error *error)
{
	struct source_context context = { .schema = how->schema, .labels = how->labels, .limits = &how->limits };
	void *self = calloc(1, json_source_ops.size);
	uint64_t next = 0, given = from && !replay ? strtoull(from->token, NULL, 10) : 0;
	bool last = false;

	seen->count = seen->batches = 0;
	CHECK(self);
	json_bind(self, how);
	struct batch *batch = batch_new(how->schema, how->capacity, &how->limits, error);
	CHECK(batch);
	int result = json_source_ops.open(self, &context, error);
	if (result == 0 && from)
		result = json_source_ops.resume(self, from, replay, error);
	while (result == 0) {
		batch_reset(batch);
		enum source_result got = json_source_ops.read(self, batch, error);
		if (got == SOURCE_ERROR)
			result = -1;
		if (got != SOURCE_BATCH)
			break;
		CHECK(!last);
		last = batch->last;
		see_batch(seen, batch, &next);
		given += batch->bytes;
		if (how->recoded)
			given = strtoull(batch->position.token, NULL, 10);
		CHECK(strtoull(batch->position.token, NULL, 10) == given && next <= given);
		CHECK(strlen(batch->position.hash) == SHA256_HEX_SIZE - 1);
		if (seen->batches < JSON_SEEN_MAX) {
			seen->positions[seen->batches] = batch->position;
			seen->replayed[seen->batches] = batch->replayed;
			seen->before[seen->batches++] = seen->count;
		}
	}
	CHECK(result < 0 ? error_is_set(error) : last && json_source_ops.read(self, batch, error) == SOURCE_END);
	json_source_ops.close(self);
	json_source_ops.close(self);
	free(self);
	batch_free(batch);
	return result;
}

void json_seen_fini(struct json_seen *seen)
{
	for (size_t i = 0; i < seen->count; i++)
		free(seen->records[i]);
	seen->count = 0;
}

static void check_same(const struct json_seen *a, size_t from, const struct json_seen *b)
{
	CHECK(a->count - from == b->count);
	for (size_t i = 0; i < b->count; i++)
		CHECK(strcmp(a->records[from + i], b->records[i]) == 0);
}

void json_check_resume(const struct json_case *how, const struct json_seen *whole)
{
	struct json_seen *again = malloc(sizeof *again);

	CHECK(again);
	for (size_t i = 0; i < whole->batches; i++) {
		struct error error = ERROR_INIT;
		size_t replayed = 0;
		CHECK(json_drain(how, &whole->positions[i], false, again, &error) == 0);
		check_same(whole, whole->before[i], again);
		CHECK(strcmp(again->positions[again->batches - 1].hash, whole->positions[whole->batches - 1].hash) == 0);
		json_seen_fini(again);
		CHECK(json_drain(how, &whole->positions[i], true, again, &error) == 0);
		check_same(whole, 0, again);
		for (size_t b = 0; b < again->batches; b++)
			if (again->replayed[b])
				replayed = again->before[b];
		CHECK(replayed == whole->before[i]);
		json_seen_fini(again);
	}
	free(again);
}
