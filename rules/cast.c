/* cast.c - one loop for each way a type is stored, with the reading of one text inlined into it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/cast.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rules/moment.h"
#include "rules/number.h"
#include "rules/textformat.h"

#define INLINED static inline __attribute__((always_inline))

int caster_init(struct caster *caster, struct error *error)
{
	*caster = (struct caster){.c = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
	buffer_init(&caster->json, UINT32_MAX);
	return caster->c ? 0 : error_memory(error, "reading numbers");
}

void caster_fini(struct caster *caster)
{
	if (caster->c)
		freelocale(caster->c);
	free(caster->scratch);
	buffer_fini(&caster->json);
	*caster = (struct caster){.size = 0};
}

static int need_scratch(struct caster *caster, size_t size, struct error *error)
{
	if (size <= caster->size)
		return 0;
	size_t wanted = size < 256 ? 256 : size;
	char *scratch = malloc(wanted);
	if (!scratch)
		return error_memory(error, "reading numbers");
	free(caster->scratch);
	caster->scratch = scratch;
	caster->size = wanted;
	return 0;
}

bool words_have(const struct words *words, const char *text, size_t length)
{
	if (length == 0)
		return words->has_empty;
	if (length > words->longest)
		return false;
	for (size_t i = 0; i < words->count; i++)
		if (words->items[i].length == length && memcmp(words->items[i].data, text, length) == 0)
			return true;
	return false;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

INLINED struct text trim(const char *text, size_t length)
{
	while (length > 0 && is_space(text[length - 1]))
		length--;
	while (length > 0 && is_space(*text)) {
		text++;
		length--;
	}
	return (struct text){text, length};
}

/* What the readers of one text need to know. */
struct reading {
	struct caster *caster;
	const struct field_rules *rules;
	unsigned precision, scale;
	bool plain; /* numbers are spelled plainly */
};

/* Each takes a text as it stands in the cell. Those of numbers need scratch for twice the text and two bytes. */

INLINED bool read_integer(const struct reading *r, const char *text, size_t length, int64_t *out)
{
	struct text t = trim(text, length);
	if (!r->plain) {
		t.length = number_unstyle(&r->rules->number, true, t.data, t.length, r->caster->scratch);
		t.data = r->caster->scratch;
	}
	return number_integer(t.data, t.length, out);
}

INLINED bool read_double(const struct reading *r, const char *text, size_t length, double *out)
{
	struct text t = trim(text, length);
	char *scratch = r->caster->scratch;
	if (!r->plain) {
		t.length = number_unstyle(&r->rules->number, false, t.data, t.length, scratch);
		t.data = scratch;
		scratch += t.length + 1;
	}
	return number_double(t.data, t.length, scratch, r->caster->c, out);
}

INLINED bool read_decimal(const struct reading *r, const char *text, size_t length, decimal_t *out)
{
	struct text t = trim(text, length);
	if (!r->plain) {
		t.length = number_unstyle(&r->rules->number, false, t.data, t.length, r->caster->scratch);
		t.data = r->caster->scratch;
	}
	return number_decimal(t.data, t.length, r->precision, r->scale, out);
}

INLINED bool read_boolean(const struct reading *r, const char *text, size_t length, int64_t *out)
{
	struct text t = trim(text, length);
	*out = words_have(&r->rules->true_words, t.data, t.length) || words_have(&r->rules->true_words, text, length);
	return *out || words_have(&r->rules->false_words, t.data, t.length) ||
	       words_have(&r->rules->false_words, text, length);
}

INLINED bool read_date(const char *text, size_t length, int64_t *out)
{
	struct text t = trim(text, length);
	return moment_date(t.data, t.length, out);
}

INLINED bool read_time(const char *text, size_t length, int64_t *out)
{
	struct text t = trim(text, length);
	return moment_time(t.data, t.length, out);
}

INLINED bool read_datetime(const struct reading *r, const char *text, size_t length, int64_t *out)
{
	struct text t = trim(text, length);
	return moment_datetime(t.data, t.length, r->rules->zone, out);
}

INLINED bool read_format(const struct reading *r, const char *text, size_t length, int64_t *out)
{
	struct text t = trim(text, length);
	return timeformat_read(r->rules->timeformat, t.data, t.length, r->rules->zone, out);
}

INLINED bool read_year(const char *text, size_t length, int64_t *out)
{
	struct text t = trim(text, length);
	return moment_year(t.data, t.length, out);
}

static bool string_fits(const struct field_rules *rules, const char *text, size_t length)
{
	switch (rules->string_format) {
	case STRING_EMAIL:
		return text_is_email(text, length);
	case STRING_URI:
		return text_is_uri(text, length);
	case STRING_ANY:
		break;
	}
	return true;
}

/* One run over one column. */
struct pass {
	struct reading reading;
	struct batch *batch;
	struct column *column;
	const uint32_t *rows;
	size_t count;
	const struct rule *rule;
	struct error *error;
};

static int refuse(const struct pass *pass, uint32_t row)
{
	assert(pass->rule);
	pass->column->cells[row] = CELL_BAD;
	return batch_violation(pass->batch, row, pass->rule, NULL, pass->error);
}

/* Loops over the cells that are texts and no missing values. cell reads one of them: 1, 0 where it is no value, -1 and
 * error. */
INLINED int each_text(const struct pass *pass, int (*cell)(const struct pass *, uint32_t, const char *, struct span))
{
	const struct words *missing = &pass->reading.rules->missing;
	for (size_t i = 0; i < pass->count; i++) {
		uint32_t row = pass->rows[i];
		if (pass->column->cells[row] != CELL_TEXT)
			continue;
		struct span span = pass->column->texts[row];
		const char *text = batch_bytes(pass->batch, span);
		if (span.length <= missing->longest && words_have(missing, text, span.length)) {
			pass->column->cells[row] = CELL_NULL;
			continue;
		}
		pass->column->cells[row] = CELL_VALUE;
		int read = cell(pass, row, text, span);
		if (read < 0 || (read == 0 && refuse(pass, row) < 0))
			return -1;
	}
	return 0;
}

INLINED int cell_integer(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	return read_integer(&pass->reading, text, span.length, &pass->column->integers[row]);
}

INLINED int cell_double(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	return read_double(&pass->reading, text, span.length, &pass->column->doubles[row]);
}

INLINED int cell_decimal(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	return read_decimal(&pass->reading, text, span.length, &pass->column->decimals[row]);
}

INLINED int cell_boolean(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	return read_boolean(&pass->reading, text, span.length, &pass->column->integers[row]);
}

INLINED int cell_date(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	return read_date(text, span.length, &pass->column->integers[row]);
}

INLINED int cell_time(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	return read_time(text, span.length, &pass->column->integers[row]);
}

INLINED int cell_datetime(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	return read_datetime(&pass->reading, text, span.length, &pass->column->integers[row]);
}

INLINED int cell_format(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	return read_format(&pass->reading, text, span.length, &pass->column->integers[row]);
}

INLINED int cell_year(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	return read_year(text, span.length, &pass->column->integers[row]);
}

INLINED int cell_any(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	(void)pass, (void)row, (void)text, (void)span; /* the span is the value */
	return 1;
}

INLINED int cell_string(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	(void)row;
	return string_fits(pass->reading.rules, text, span.length);
}

INLINED int cell_yearmonth(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	struct text t = trim(text, span.length);
	pass->column->spans[row] = (struct span){span.offset + (uint32_t)(t.data - text), (uint32_t)t.length};
	return moment_yearmonth(t.data, t.length);
}

INLINED int cell_uuid(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	char uuid[UUID_LENGTH];
	if (!text_to_uuid(text, span.length, uuid))
		return 0;
	pass->column->spans[row] = span;
	if (memcmp(uuid, text, UUID_LENGTH) == 0)
		return 1;
	return batch_store(pass->batch, uuid, UUID_LENGTH, &pass->column->spans[row], pass->error) < 0 ? -1 : 1;
}

INLINED int cell_binary(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	struct span out;
	size_t length = 0;
	char *to = batch_reserve(pass->batch, span.length / 4 * 3, &out, pass->error);
	if (!to)
		return -1;
	text = batch_bytes(pass->batch, span); /* the arena may have moved */
	bool read = text_from_base64(text, span.length, to, &length);
	out.length = (uint32_t)length;
	pass->column->spans[row] = out;
	return read;
}

INLINED int cell_duration(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	struct text t = trim(text, span.length);
	pass->column->spans[row] = (struct span){span.offset + (uint32_t)(t.data - text), (uint32_t)t.length};
	return value_is_duration(t.data, t.length);
}

/* The text in its canonical form, in caster->json. What is no JSON is a string to a field of any type. */
static int read_json(struct caster *caster, const struct field_rules *rules, const char *text, size_t length,
		     struct error *error)
{
	enum json_kind kind;
	buffer_clear(&caster->json);
	int read = json_canonical(text, length, &caster->json, &kind, error);
	if (rules->json)
		return read > 0 ? kind == rules->json : read;
	if (read == 0)
		return json_put_string(text, length, &caster->json, error) < 0 ? -1 : 1;
	return read;
}

static int cell_json(const struct pass *pass, uint32_t row, const char *text, struct span span)
{
	struct caster *caster = pass->reading.caster;
	int read = read_json(caster, pass->reading.rules, text, span.length, pass->error);
	if (read <= 0)
		return read;
	return batch_store(pass->batch, caster->json.data, caster->json.length, &pass->column->spans[row], pass->error) < 0
		       ? -1
		       : 1;
}

static size_t longest_text(const struct pass *pass)
{
	size_t longest = 0;
	for (size_t i = 0; i < pass->count; i++) {
		uint32_t row = pass->rows[i];
		size_t length = pass->column->cells[row] == CELL_TEXT ? pass->column->texts[row].length : 0;
		longest = length > longest ? length : longest;
	}
	return longest;
}

static struct reading reading_of(struct caster *caster, const struct field *field, const struct field_rules *rules)
{
	return (struct reading){.caster = caster,
				.rules = rules,
				.precision = field->precision,
				.scale = field->scale,
				.plain = number_style_is_plain(&rules->number)};
}

int cast_column(struct caster *caster, const struct field_rules *rules, struct batch *batch, size_t column,
		const uint32_t *rows, size_t count, const struct rule *rule, struct error *error)
{
	struct pass pass = {.batch = batch,
			    .column = &batch->columns[column],
			    .rows = rows,
			    .count = count,
			    .rule = rule,
			    .error = error};
	enum value_type type = pass.column->field->type;
	if (batch->rows == 0 || !memchr(pass.column->cells, CELL_TEXT, batch->rows))
		return 0; /* a source with types of its own */
	pass.reading = reading_of(caster, pass.column->field, rules);
	if ((type == VALUE_DOUBLE || !pass.reading.plain) &&
	    need_scratch(caster, 2 * longest_text(&pass) + 2, error) < 0)
		return -1;
	switch (type) {
	case VALUE_STRING:
		return rules->string_format == STRING_ANY ? each_text(&pass, cell_any) : each_text(&pass, cell_string);
	case VALUE_INTEGER:
		return each_text(&pass, cell_integer);
	case VALUE_DOUBLE:
		return each_text(&pass, cell_double);
	case VALUE_DECIMAL:
		return each_text(&pass, cell_decimal);
	case VALUE_BOOLEAN:
		return each_text(&pass, cell_boolean);
	case VALUE_DATE:
		return rules->timeformat ? each_text(&pass, cell_format) : each_text(&pass, cell_date);
	case VALUE_TIME:
		return rules->timeformat ? each_text(&pass, cell_format) : each_text(&pass, cell_time);
	case VALUE_DATETIME:
		return rules->timeformat ? each_text(&pass, cell_format) : each_text(&pass, cell_datetime);
	case VALUE_YEAR:
		return each_text(&pass, cell_year);
	case VALUE_YEARMONTH:
		return each_text(&pass, cell_yearmonth);
	case VALUE_UUID:
		return each_text(&pass, cell_uuid);
	case VALUE_BINARY:
		return each_text(&pass, cell_binary);
	case VALUE_DURATION:
		return each_text(&pass, cell_duration);
	case VALUE_JSON:
		return each_text(&pass, cell_json);
	}
	assert(0 && "a type that is not in the enum");
	return -1;
}

/* ---- values of sources with types of their own ---- */

/* The time as it stood there, which batch_column_text would print as UTC. */
static int show_local(struct batch *batch, struct column *cells, uint32_t row, struct error *error)
{
	char text[VALUE_TEXT_MAX];
	size_t length = value_format_datetime(cells->integers[row], text);
	return batch_store(batch, text, length - 1, &cells->texts[row], error); /* without its Z */
}

int cast_local(const struct field_rules *rules, struct batch *batch, size_t column, const uint32_t *rows, size_t count, const struct rule *rule,
	       struct error *error)
{
	struct column *cells = &batch->columns[column];
	if (!cells->local || !rules->zone)
		return 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t row = rows[i];
		if (cells->cells[row] != CELL_VALUE || moment_to_utc(cells->integers[row], rules->zone, &cells->integers[row]))
			continue;
		cells->cells[row] = CELL_BAD;
		if (show_local(batch, cells, row, error) < 0 || batch_violation(batch, row, rule, NULL, error) < 0)
			return -1;
	}
	cells->local = false;
	return 0;
}

/* What a source with types of its own could not know. */
static bool typed_fits(const struct field_rules *rules, enum value_type type, const char *bytes, size_t length)
{
	return type == VALUE_JSON ? json_kind_of(bytes) == rules->json : string_fits(rules, bytes, length);
}

int cast_check_typed(const struct field_rules *rules, struct batch *batch, size_t column, const uint32_t *rows,
		     size_t count, const struct rule *rule, struct error *error)
{
	struct column *cells = &batch->columns[column];
	enum value_type type = cells->field->type;
	bool demands = (type == VALUE_STRING && rules->string_format != STRING_ANY) || (type == VALUE_JSON && rules->json);
	if (!demands || batch->rows == 0 || !memchr(cells->cells, CELL_VALUE, batch->rows))
		return 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t row = rows[i];
		struct span span = cells->spans[row];
		if (cells->cells[row] != CELL_VALUE || typed_fits(rules, type, batch_bytes(batch, span), span.length))
			continue;
		cells->cells[row] = CELL_BAD;
		if (batch_violation(batch, row, rule, NULL, error) < 0)
			return -1;
	}
	return 0;
}

static int keep_bytes(const char *bytes, size_t length, struct constant *out, struct error *error)
{
	char *copy = malloc(length + 1);
	if (!copy)
		return error_memory(error, "a value of the dictionary");
	memcpy(copy, bytes, length);
	copy[length] = '\0';
	out->bytes = (struct text){copy, length};
	return 1;
}

static int constant_span(struct caster *caster, const struct field *field, const struct field_rules *rules,
			 const char *text, size_t length, struct constant *out, struct error *error)
{
	char uuid[UUID_LENGTH];
	size_t used = 0;
	struct text t;
	int read;
	switch (field->type) {
	case VALUE_UUID:
		return text_to_uuid(text, length, uuid) ? keep_bytes(uuid, UUID_LENGTH, out, error) : 0;
	case VALUE_BINARY:
		return text_from_base64(text, length, caster->scratch, &used)
			       ? keep_bytes(caster->scratch, used, out, error)
			       : 0;
	case VALUE_YEARMONTH:
		t = trim(text, length);
		return moment_yearmonth(t.data, t.length) ? keep_bytes(t.data, t.length, out, error) : 0;
	case VALUE_DURATION:
		t = trim(text, length);
		return value_is_duration(t.data, t.length) ? keep_bytes(t.data, t.length, out, error) : 0;
	case VALUE_JSON:
		read = read_json(caster, rules, text, length, error);
		return read > 0 ? keep_bytes(caster->json.data, caster->json.length, out, error) : read;
	default:
		return string_fits(rules, text, length) ? keep_bytes(text, length, out, error) : 0;
	}
}

int cast_constant(struct caster *caster, const struct field *field, const struct field_rules *rules, bool canonical,
		  const char *text, struct constant *out, struct error *error)
{
	const size_t length = strlen(text);
	struct reading reading = reading_of(caster, field, rules);
	const struct timeformat *format = canonical ? NULL : rules->timeformat;
	if (canonical)
		reading.plain = true;
	if (need_scratch(caster, 2 * length + 2, error) < 0)
		return -1;
	*out = (struct constant){.written = NULL};
	switch (field->type) {
	case VALUE_INTEGER:
		return read_integer(&reading, text, length, &out->integer);
	case VALUE_DOUBLE:
		return read_double(&reading, text, length, &out->number);
	case VALUE_DECIMAL:
		return read_decimal(&reading, text, length, &out->decimal);
	case VALUE_BOOLEAN:
		if (canonical && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
			out->integer = text[0] == 't';
			return 1;
		}
		return read_boolean(&reading, text, length, &out->integer);
	case VALUE_DATE:
		return format ? read_format(&reading, text, length, &out->integer)
			      : read_date(text, length, &out->integer);
	case VALUE_TIME:
		return format ? read_format(&reading, text, length, &out->integer)
			      : read_time(text, length, &out->integer);
	case VALUE_DATETIME:
		return format ? read_format(&reading, text, length, &out->integer)
			      : read_datetime(&reading, text, length, &out->integer);
	case VALUE_YEAR:
		return read_year(text, length, &out->integer);
	default:
		return constant_span(caster, field, rules, text, length, out, error);
	}
}
