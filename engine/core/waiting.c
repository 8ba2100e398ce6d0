/* waiting.c - images of rows in an unlinked file.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   head | original text | violations: rule, detail | columns: state, text, value | columns of the source, where a transform stands between
 *
 * Texts of cells mostly stand in the original text already, and are then no more than their place in it. The file never leaves the process: it
 * has no version, and pointers to what lives longer than it are kept as they are.
 */
#include "engine/core/waiting.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/buffer.h"
#include "engine/core/unnamed.h"

enum { WRITE_BYTES = 256 * 1024, READ_BYTES = 64 * 1024, FEW_BYTES = 4 * 1024 };
#define APART UINT32_MAX /* a text that does not stand in the original one */

static const char FILE_NAME[] = "the temporary file of records whose parents have not come";

struct head {
	uint64_t size; /* of the image, this head included */
	struct origin origin; /* its text: the length alone counts */
	uint64_t page;
	const char *file;
	uint32_t violations;
};

struct waiting {
	int descriptor;
	uint64_t ceiling, written, count;
	uint64_t at; /* of waiting_next */
	struct buffer out;   /* not written yet */
	char *window;        /* READ_BYTES of the file from window_at on */
	uint64_t window_at, window_length;
	struct buffer image; /* one that is larger than the window */
	struct place *places;
	size_t arena_before, violations_before; /* of the last waiting_get */
};

struct waiting *waiting_new(size_t capacity, uint64_t ceiling, struct error *error)
{
	struct waiting *waiting = calloc(1, sizeof *waiting);
	if (!waiting) {
		error_memory(error, "records that wait");
		return NULL;
	}
	waiting->descriptor = -1;
	waiting->ceiling = ceiling;
	buffer_init(&waiting->out, SIZE_MAX / 2);
	buffer_init(&waiting->image, SIZE_MAX / 2);
	waiting->window = malloc(READ_BYTES);
	waiting->places = calloc(capacity, sizeof *waiting->places);
	if (!waiting->window || !waiting->places)
		error_memory(error, "records that wait");
	else
		waiting->descriptor = unnamed_open(FILE_NAME, error);
	if (waiting->descriptor >= 0)
		return waiting;
	waiting_free(waiting);
	return NULL;
}

void waiting_free(struct waiting *waiting)
{
	if (!waiting)
		return;
	if (waiting->descriptor >= 0)
		close(waiting->descriptor);
	buffer_fini(&waiting->out);
	buffer_fini(&waiting->image);
	free(waiting->window);
	free(waiting->places);
	free(waiting);
}

uint64_t waiting_count(const struct waiting *waiting)
{
	return waiting->count;
}

/* --- writing ------------------------------------------------------------------------------------ */

static int write_at(const struct waiting *waiting, const void *data, size_t length, uint64_t at, struct error *error)
{
	const char *from = data;
	while (length > 0) {
		ssize_t done = pwrite(waiting->descriptor, from, length, (off_t)at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return error_errno(error, ERROR_RESOURCE, NULL, done < 0 ? errno : ENOSPC, "cannot write %s", FILE_NAME);
		from += done;
		at += (uint64_t)done;
		length -= (size_t)done;
	}
	return 0;
}

static int flush(struct waiting *waiting, struct error *error)
{
	if (write_at(waiting, buffer_text(&waiting->out), waiting->out.length, waiting->written, error) < 0)
		return -1;
	waiting->written += waiting->out.length;
	buffer_clear(&waiting->out);
	return 0;
}

static int put_bytes(struct waiting *waiting, const void *data, size_t length, struct error *error)
{
	return length > 0 ? buffer_append(&waiting->out, data, length, error) : 0;
}

static int put_span(struct waiting *waiting, const struct batch *batch, struct span span, struct span original, struct error *error)
{
	bool within = span.offset >= original.offset && (uint64_t)span.offset + span.length <= (uint64_t)original.offset + original.length;
	uint32_t place[2] = { within || span.length == 0 ? span.offset - original.offset : APART, span.length };
	if (span.length == 0)
		place[0] = 0;
	if (put_bytes(waiting, place, sizeof place, error) < 0)
		return -1;
	return place[0] == APART ? put_bytes(waiting, batch_bytes(batch, span), span.length, error) : 0;
}

static size_t value_size(enum value_type type)
{
	return value_storage(type) == STORAGE_DECIMAL ? sizeof(decimal_t) : sizeof(int64_t);
}

static int put_column(struct waiting *waiting, const struct batch *batch, const struct column *column, uint32_t row, struct error *error)
{
	struct span original = batch->origins[row].text;
	uint8_t cell = column->cells[row];
	enum value_type type = column->field->type;
	if (put_bytes(waiting, &cell, 1, error) < 0 || put_span(waiting, batch, column->texts[row], original, error) < 0)
		return -1;
	if (cell != CELL_VALUE || column->spans == column->texts)
		return 0;
	if (value_storage(type) == STORAGE_SPAN)
		return put_span(waiting, batch, column->spans[row], original, error);
	size_t size = value_size(type);
	return put_bytes(waiting, (const char *)column->integers + row * size, size, error);
}

static int put_columns(struct waiting *waiting, const struct batch *batch, const struct batch_side *side, uint32_t row, struct error *error)
{
	for (size_t i = 0; side->schema && i < side->schema->field_count; i++)
		if (put_column(waiting, batch, &side->columns[i], row, error) < 0)
			return -1;
	return 0;
}

/* first: of its violations. */
static int put_row(struct waiting *waiting, const struct batch *batch, uint32_t row, size_t first, size_t violations, struct error *error)
{
	size_t begin = waiting->out.length;
	const struct batch_side own = { batch->schema, batch->columns };
	struct head head = { .origin = batch->origins[row], .page = batch->places ? batch->places[row].page : batch->page,
		.file = batch->places ? batch->places[row].file : batch->file, .violations = (uint32_t)violations };
	if (put_bytes(waiting, &head, sizeof head, error) < 0 ||
		put_bytes(waiting, batch_bytes(batch, head.origin.text), head.origin.text.length, error) < 0)
		return -1;
	for (size_t i = first; i < first + violations; i++) {
		const struct violation *violation = &batch->violations[i];
		if (put_bytes(waiting, &violation->rule, sizeof violation->rule, error) < 0 ||
			put_span(waiting, batch, violation->detail, head.origin.text, error) < 0)
			return -1;
	}
	if (put_columns(waiting, batch, &own, row, error) < 0 || put_columns(waiting, batch, &batch->given, row, error) < 0)
		return -1;
	uint64_t size = waiting->out.length - begin;
	memcpy(waiting->out.data + begin, &size, sizeof size);
	if (waiting->written + waiting->out.length > waiting->ceiling)
		return error_set(error, ERROR_REJECTS, NULL,
			"records whose parents have not come need more than limits.reject_spool (%llu bytes): bring parents before their children, or "
			"raise it",
			(unsigned long long)waiting->ceiling);
	waiting->count++;
	return waiting->out.length < WRITE_BYTES ? 0 : flush(waiting, error);
}

int waiting_put(struct waiting *waiting, struct batch *batch, struct error *error)
{
	size_t next = 0, kept = 0;
	for (uint32_t row = 0; row < batch->rows; row++) {
		size_t first = next;
		while (next < batch->violation_count && batch->violations[next].row == row)
			next++;
		if (batch->status[row] != ROW_WAITING) {
			for (size_t i = first; i < next; i++)
				batch->violations[kept++] = batch->violations[i];
			continue;
		}
		if (put_row(waiting, batch, row, first, next - first, error) < 0)
			return -1;
		batch->status[row] = ROW_ASIDE;
	}
	batch->violation_count = kept;
	return 0;
}

/* --- reading ------------------------------------------------------------------------------------ */

static int read_at(const struct waiting *waiting, char *out, size_t length, uint64_t at, struct error *error)
{
	while (length > 0) {
		ssize_t done = pread(waiting->descriptor, out, length, (off_t)at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return error_errno(error, ERROR_RESOURCE, NULL, done < 0 ? errno : EIO, "cannot read back %s", FILE_NAME);
		out += done;
		at += (uint64_t)done;
		length -= (size_t)done;
	}
	return 0;
}

/* length bytes of the file from there on, valid until the next call; NULL and error. */
static const char *bytes_at(struct waiting *waiting, uint64_t at, size_t length, struct error *error)
{
	if (at >= waiting->window_at && at + length <= waiting->window_at + waiting->window_length)
		return waiting->window + (at - waiting->window_at);
	if (length > READ_BYTES) {
		buffer_clear(&waiting->image);
		if (buffer_reserve(&waiting->image, length, error) < 0 || read_at(waiting, waiting->image.data, length, at, error) < 0)
			return NULL;
		return waiting->image.data;
	}
	/* Children that stand right before their parents are asked for from the end to the beginning, those in no order anywhere. */
	uint64_t from = at, end = waiting->window_at + waiting->window_length, most = FEW_BYTES;
	if (at <= end && at + READ_BYTES >= end)
		most = READ_BYTES;
	if (most == READ_BYTES && at < waiting->window_at) {
		/* An image is asked for by its head first: most are not cut by the end of the window. */
		uint64_t behind = at + (length > FEW_BYTES ? length : FEW_BYTES);
		from = behind > READ_BYTES ? behind - READ_BYTES : 0;
	}
	if (most < length)
		most = length;
	if (most > waiting->written - from)
		most = waiting->written - from;
	waiting->window_length = 0;
	if (read_at(waiting, waiting->window, (size_t)most, from, error) < 0)
		return NULL;
	waiting->window_at = from;
	waiting->window_length = most;
	return waiting->window + (at - from);
}

int waiting_rewind(struct waiting *waiting, struct error *error)
{
	waiting->at = 0;
	return flush(waiting, error);
}

static int read_head(struct waiting *waiting, uint64_t ticket, struct head *out, struct error *error)
{
	const char *bytes = bytes_at(waiting, ticket, sizeof *out, error);
	if (!bytes)
		return -1;
	memcpy(out, bytes, sizeof *out);
	return 0;
}

int waiting_next(struct waiting *waiting, uint64_t *ticket, struct error *error)
{
	struct head head;
	if (waiting->at == waiting->written)
		return 0;
	*ticket = waiting->at;
	if (read_head(waiting, waiting->at, &head, error) < 0)
		return -1;
	waiting->at += head.size;
	return 1;
}

static void take_bytes(const char **at, void *out, size_t length)
{
	memcpy(out, *at, length);
	*at += length;
}

static int take_span(const char **at, struct batch *batch, struct span original, struct span *out, struct error *error)
{
	uint32_t place[2];
	take_bytes(at, place, sizeof place);
	if (place[0] != APART) {
		*out = place[1] > 0 ? (struct span){ .offset = original.offset + place[0], .length = place[1] } : (struct span){ .length = 0 };
		return 0;
	}
	if (batch_store(batch, *at, place[1], out, error) < 0)
		return -1;
	*at += place[1];
	return 0;
}

static int take_column(const char **at, struct batch *batch, struct column *column, uint32_t row, struct error *error)
{
	struct span original = batch->origins[row].text;
	enum value_type type = column->field->type;
	take_bytes(at, &column->cells[row], 1);
	if (take_span(at, batch, original, &column->texts[row], error) < 0)
		return -1;
	if (column->cells[row] != CELL_VALUE || column->spans == column->texts)
		return 0;
	if (value_storage(type) == STORAGE_SPAN)
		return take_span(at, batch, original, &column->spans[row], error);
	size_t size = value_size(type);
	take_bytes(at, (char *)column->integers + row * size, size);
	return 0;
}

static int take_columns(const char **at, struct batch *batch, const struct batch_side *side, uint32_t row, struct error *error)
{
	for (size_t i = 0; side->schema && i < side->schema->field_count; i++)
		if (take_column(at, batch, &side->columns[i], row, error) < 0)
			return -1;
	return 0;
}

static int take_violations(const char **at, struct batch *batch, uint32_t row, uint32_t count, struct error *error)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct rule *rule;
		take_bytes(at, &rule, sizeof rule);
		if (batch_violation(batch, row, rule, NULL, error) < 0 ||
			take_span(at, batch, batch->origins[row].text, &batch->violations[batch->violation_count - 1].detail, error) < 0)
			return -1;
	}
	return 0;
}

int waiting_get(struct waiting *waiting, uint64_t ticket, struct batch *batch, struct error *error)
{
	struct head head;
	if (read_head(waiting, ticket, &head, error) < 0)
		return -1;
	const char *at = bytes_at(waiting, ticket, (size_t)head.size, error);
	if (!at)
		return -1;
	waiting->arena_before = batch->arena.used;
	waiting->violations_before = batch->violation_count;
	uint32_t row = batch_add_row(batch);
	const struct batch_side own = { batch->schema, batch->columns };
	struct origin *origin = &batch->origins[row];
	*origin = head.origin;
	waiting->places[row] = (struct place){ head.page, head.file };
	batch->places = waiting->places;
	at += sizeof head;
	if (batch_store(batch, at, head.origin.text.length, &origin->text, error) < 0)
		return -1;
	at += origin->text.length;
	if (take_violations(&at, batch, row, head.violations, error) < 0 || take_columns(&at, batch, &own, row, error) < 0)
		return -1;
	return take_columns(&at, batch, &batch->given, row, error);
}

void waiting_unget(struct waiting *waiting, struct batch *batch)
{
	assert(batch->rows > 0);
	batch_cut(batch, batch->rows - 1);
	batch->arena.used = waiting->arena_before;
	batch->violation_count = waiting->violations_before;
}
