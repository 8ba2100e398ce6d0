/* decode.c - the program of a file and a table, and its run over the records of a block.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/decode.h"

#include <assert.h>
#include <stdlib.h>

#include "connectors/avro/cell.h"
#include "engine/core/plural.h"

/* What to do with one field of the file, in its order. */
struct step {
	cell_taker *take;             /* NULL: passed over */
	const struct avro_type *type; /* of the value; of a nullable union its other branch */
	const struct avro_type *whole;
	size_t column;
	int null;                     /* nullable union: which of its two branches is null; else -1 */
	bool local;                   /* a time without an offset into a datetime */
};

struct decoder {
	struct match match;
	struct cell_writer writer;
	struct step *steps; /* file->field_count */
	size_t step_count;
	size_t *absent;     /* columns that the file lacks */
	size_t absent_count;
	const struct avro_schema *file;
	const struct schema *schema;
	uint64_t record_limit;
	uint64_t left;      /* records of the block */
	struct error inner; /* of a field, before it is said of which; too large to be emptied for each record */
};

static void compile(struct decoder *decoder)
{
	for (size_t i = 0; i < decoder->step_count; i++) {
		struct step *step = &decoder->steps[i];
		step->whole = decoder->file->fields[i].type;
		step->column = decoder->match.column_of[i];
		step->null = -1;
		step->type = step->whole;
		if (step->column == SCHEMA_NO_FIELD)
			continue;
		const struct avro_type *bare = avro_bare(step->whole);
		if (bare && bare != step->whole && step->whole->count == 2) {
			step->null = avro_null_branch(step->whole);
			step->type = bare;
		}
		step->local = decoder->schema->fields[step->column].type == VALUE_DATETIME && step->type->logical >= LOGICAL_LOCAL_MILLIS &&
			      step->type->logical <= LOGICAL_LOCAL_NANOS;
		step->take = cell_taker_for(step->type, decoder->schema->fields[step->column].type);
	}
	for (size_t c = 0; c < decoder->schema->field_count; c++)
		if (decoder->match.field_of[c] == SCHEMA_NO_FIELD)
			decoder->absent[decoder->absent_count++] = c;
}

struct decoder *decoder_new(const struct match_request *request, struct error *error)
{
	struct decoder *decoder = calloc(1, sizeof *decoder);
	if (!decoder) {
		error_memory(error, "a reader of Avro records");
		return NULL;
	}
	decoder->file = request->file;
	decoder->schema = request->schema;
	decoder->record_limit = request->limits->record;
	decoder->step_count = request->file->field_count;
	cell_writer_init(&decoder->writer, request->limits);
	if (match_init(&decoder->match, request, error) < 0)
		goto failed;
	decoder->steps = calloc(decoder->step_count + 1, sizeof *decoder->steps);
	decoder->absent = calloc(request->schema->field_count + 1, sizeof *decoder->absent);
	if (!decoder->steps || !decoder->absent) {
		error_memory(error, "a reader of Avro records");
		goto failed;
	}
	compile(decoder);
	return decoder;
failed:
	decoder_free(decoder);
	return NULL;
}

void decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return;
	match_fini(&decoder->match);
	cell_writer_fini(&decoder->writer);
	free(decoder->steps);
	free(decoder->absent);
	free(decoder);
}

const struct match *decoder_match(const struct decoder *decoder)
{
	return &decoder->match;
}

int decoder_begin(struct decoder *decoder, const char *data, size_t length, uint64_t records, struct error *error)
{
	uint64_t least = decoder->file->root->least;
	decoder->writer.wire = wire_of(data, length);
	decoder->left = records;
	if (least > 0 ? records > length / least : records > DECODE_EMPTY_RECORDS_MAX)
		return error_set(error, ERROR_SOURCE, NULL, "it claims %" PRIu64 " record%s in %zu byte%s", records, plural(records, "", "s"), length,
			plural(length, "", "s"));
	return 0;
}

/* In the message, the field that is damaged. Empties decoder->inner. */
static int in_field(struct decoder *decoder, size_t index, struct error *error)
{
	struct error *inner = &decoder->inner;
	if (inner->kind != ERROR_SOURCE)
		error_set(error, inner->kind, inner->place, "%s", inner->message);
	else
		error_set(error, ERROR_SOURCE, NULL, "field \"%.200s\": %s", avro_field_label(&decoder->file->fields[index]), inner->message);
	error_clear(inner);
	return -1;
}

static int take_field(struct decoder *decoder, const struct step *step, uint32_t row, struct error *error)
{
	struct cell_writer *writer = &decoder->writer;
	if (!step->take)
		return nested_skip(&writer->wire, step->whole, error);
	if (step->local)
		writer->batch->columns[step->column].local = true;
	if (step->null >= 0) {
		struct wire *wire = &writer->wire;
		size_t branch;
		if (wire->at < wire->end && (*wire->at & ~2) == 0)
			branch = (size_t)*wire->at++ >> 1;
		else if (wire_index(wire, 2, "branch", &branch, error) < 0)
			return -1;
		if ((int)branch == step->null) {
			typed_null(writer->batch, step->column, row);
			return 0;
		}
	}
	return step->take(writer, step->type, step->column, row, error);
}

static int take_record(struct decoder *decoder, struct batch *batch, uint32_t row, struct error *error)
{
	for (size_t i = 0; i < decoder->step_count; i++)
		if (take_field(decoder, &decoder->steps[i], row, &decoder->inner) < 0)
			return in_field(decoder, i, error);
	for (size_t i = 0; i < decoder->absent_count; i++)
		typed_null(batch, decoder->absent[i], row);
	return 0;
}

/* What a row added to a batch, to be taken back. */
struct mark {
	size_t rows, arena, faults;
};

static void take_back(struct batch *batch, const struct mark *mark)
{
	batch_cut(batch, mark->rows);
	batch->arena.used = mark->arena;
	batch->fault_count = mark->faults;
}

/* A record beyond a limit has no cells. */
static int too_long(struct decoder *decoder, struct batch *batch, const struct mark *mark, size_t length, struct error *error)
{
	const struct cell_writer *writer = &decoder->writer;
	take_back(batch, mark);
	uint32_t row = batch_add_row(batch);
	if (length > decoder->record_limit)
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error,
			"a record of %zu bytes, more than limits.record (%" PRIu64 ")", length, decoder->record_limit);
	const char *name = decoder->schema->fields[writer->long_column].name;
	if (writer->long_bytes <= writer->field_limit)
		return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error, "field %s is as text longer than limits.field (%" PRIu64 ")",
			name, writer->field_limit);
	return batch_fault(batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, error, "field %s has %zu bytes, more than limits.field (%" PRIu64 ")",
		name, writer->long_bytes, writer->field_limit);
}

int decoder_add(struct decoder *decoder, struct batch *batch, struct error *error)
{
	struct cell_writer *writer = &decoder->writer;
	struct mark mark = { .rows = batch->rows, .arena = batch->arena.used, .faults = batch->fault_count };
	const char *begin = writer->wire.at;
	assert(decoder->left > 0);
	writer->batch = batch;
	writer->long_column = SCHEMA_NO_FIELD;
	writer->stored = 0;
	uint32_t row = batch_add_row(batch);
	if (take_record(decoder, batch, row, error) < 0) {
		take_back(batch, &mark);
		return -1;
	}
	decoder->left--;
	size_t length = (size_t)(writer->wire.at - begin);
	if (length < writer->stored)
		length = writer->stored;
	if (length > decoder->record_limit || writer->long_column != SCHEMA_NO_FIELD)
		return too_long(decoder, batch, &mark, length, error);
	return 0;
}

int decoder_skip(struct decoder *decoder, struct error *error)
{
	assert(decoder->left > 0);
	for (size_t i = 0; i < decoder->step_count; i++)
		if (nested_skip(&decoder->writer.wire, decoder->steps[i].whole, &decoder->inner) < 0)
			return in_field(decoder, i, error);
	decoder->left--;
	return 0;
}

int decoder_end(struct decoder *decoder, struct error *error)
{
	size_t left = wire_left(&decoder->writer.wire);
	assert(decoder->left == 0);
	if (left > 0)
		return error_set(error, ERROR_SOURCE, NULL, "%zu byte%s left behind its last record", left, plural(left, " is", "s are"));
	return 0;
}
