/* fuzz_dictionary.c - any document as a dictionary: no crash, an error or a dictionary, and what is read can be
 * compiled, printed, hashed and run. SPDX-License-Identifier: Apache-2.0
 *
 * The input is YAML, or JSON where it begins with a brace. sh tests/support/fuzz.sh dictionary searches with libFuzzer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "engine/config/document.h"
#include "rules/dictionary.h"
#include "rules/jsonschema.h"
#include "rules/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) ((condition) ? (void)0 : (fprintf(stderr, "%d: %s\n", __LINE__, #condition), abort()))

enum { ROWS = 8 };

/* Some records that fit many a table, judged twice: the second time every key is taken. */
static void run(const struct program *program, const struct schema *schema)
{
	static const char *const texts[ROWS] = {"1",    "2021-11-07", "",        "x", "2021-11-07T02:48:42Z",
						"true", "-1.50",      "\xC3\xA9"};
	struct error error = ERROR_INIT;
	struct limits limits = LIMITS_DEFAULT;
	struct rule_set rules;
	rule_set_init(&rules, schema);
	struct judge *judge =
		program_judge(program, &(struct judge_context){.limits = &limits, .rules = &rules}, &error);
	struct batch *batch = batch_new(schema, ROWS, &limits, &error);
	CHECK(judge && batch);
	CHECK(judge->ops->prepare(judge, NULL, &error) == 0);
	/* Keys of a table that refers to itself are judged at the sink alone, and rows of it may wait. */
	bool waits = judge->ops->waits(judge);
	for (int turn = 0; turn < 2; turn++) {
		batch_reset(batch);
		for (uint32_t i = 0; i < ROWS; i++) {
			uint32_t row = batch_add_row(batch);
			for (size_t j = 0; j < schema->field_count; j++) {
				CHECK(batch_store(batch, texts[i], strlen(texts[i]), &batch->columns[j].texts[row],
						  &error) == 0);
				batch->columns[j].cells[row] = CELL_TEXT;
			}
		}
		CHECK(judge->ops->cells(judge, batch, &error) == 0);
		CHECK(judge->ops->keys(judge, batch, waits, &error) == 0);
		CHECK(batch->keys_judged);
		for (uint32_t row = 0; row < ROWS; row++) {
			CHECK(batch->passed[row] == (batch->status[row] == ROW_LIVE));
			for (size_t i = 0; i < schema->primary.count && turn == 1; i++)
				CHECK(batch->status[row] == ROW_REJECTED || (waits && batch->status[row] == ROW_WAITING));
		}
		CHECK(judge->ops->settled(judge, batch, &error) == 0);
	}
	batch_free(batch);
	judge->ops->free(judge);
	rule_set_fini(&rules);
}

/* All tables as a descriptor: it can be read, and what it says is said again by what was read. */
static void describe(const struct dictionary *dictionary, struct buffer *out)
{
	struct error error = ERROR_INIT;
	CHECK(buffer_puts(out, "{\"resources\":[", &error) == 0);
	for (size_t i = 0; i < dictionary_count(dictionary); i++) {
		CHECK(buffer_puts(out, i > 0 ? "," : "", &error) == 0);
		CHECK(table_json(dictionary_at(dictionary, i), out, &error) == 0);
	}
	CHECK(buffer_puts(out, "]}", &error) == 0);
}

static void read_back(const struct dictionary *dictionary)
{
	struct error error = ERROR_INIT;
	struct diagnostics diagnostics;
	struct buffer text, again;
	buffer_init(&text, 64 << 20);
	buffer_init(&again, 64 << 20);
	describe(dictionary, &text);
	diagnostics_init(&diagnostics);
	struct node *root = document_parse_text("f", text.data, text.length, true, &error);
	struct dictionary *read = root ? dictionary_load(root, &diagnostics) : NULL;
	/* Written out, everything is longer, and so may be beyond the limits of a document. */
	if (!read && (error_is_set(&error) ? strstr(error.message, "more than") : NULL) == NULL) {
		fprintf(stderr, "%s %s %s\n", text.data, error.message, diagnostics.count > 0 ? diagnostics.items[0].text : "");
		abort();
	}
	if (read) {
		describe(read, &again);
		CHECK(strcmp(text.data, again.data) == 0);
	}
	dictionary_free(read);
	node_free(root);
	diagnostics_fini(&diagnostics);
	buffer_fini(&text);
	buffer_fini(&again);
}

/* Its JSON Schema is JSON in which no key stands twice. */
static void schema_of(const struct table *table)
{
	struct error error = ERROR_INIT;
	struct buffer text;
	struct jw writer = {.out = &text, .error = &error};
	buffer_init(&text, 64 << 20);
	jw_open(&writer, "{");
	table_json_schema(table, &writer);
	jw_close(&writer, "}");
	CHECK(!writer.failed);
	json_error_t place;
	json_t *schema = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, &place);
	if (!schema)
		fprintf(stderr, "%s\n%s\n", text.data, place.text);
	CHECK(schema != NULL);
	json_decref(schema);
	buffer_fini(&text);
}

static void use(const struct dictionary *dictionary)
{
	struct error error = ERROR_INIT;
	size_t count = dictionary_count(dictionary);
	CHECK(count > 0);
	for (size_t i = 0; i < count; i++) {
		const struct table *table = dictionary_at(dictionary, i);
		const struct schema *schema = table_schema(table);
		struct buffer printed;
		char hash[65];
		CHECK(dictionary_find(dictionary, schema->name) == table);
		CHECK(dictionary_order(dictionary)[i] < count);
		table_hash(table, hash);
		CHECK(strlen(hash) == 64);
		schema_of(table);
		struct program *program = program_compile(table, &error);
		if (!program) {
			CHECK(error.kind == ERROR_RESOURCE);
			error_clear(&error);
			continue;
		}
		buffer_init(&printed, 64 << 20);
		CHECK(program_print(program, &printed, &error) == 0);
		buffer_fini(&printed);
		if (schema->field_count < 100)
			run(program, schema);
		program_free(program);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error = ERROR_INIT;
	struct diagnostics diagnostics;
	struct node *root = document_parse_text("f", (const char *)data, size, size > 0 && data[0] == '{', &error);
	if (!root)
		return 0;
	diagnostics_init(&diagnostics);
	struct dictionary *dictionary = dictionary_load(root, &diagnostics);
	node_free(root);
	CHECK((dictionary == NULL) == (diagnostics.errors > 0));
	if (dictionary) {
		use(dictionary);
		read_back(dictionary);
	}
	dictionary_free(dictionary);
	diagnostics_fini(&diagnostics);
	return 0;
}
