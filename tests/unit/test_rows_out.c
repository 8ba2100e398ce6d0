/* Rows as the answer to whoever asked, and to standard output: what has been given out, what is masked, what can be taken back.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connectors/file/rows_out.h"
#include "connectors/response/sink.h"
#include "engine/core/buffer.h"
#include "engine/core/shared.h"

enum { ANSWER_MAX = 1 << 20 };

/* What the HTTP service will be: bytes in memory, with a ceiling. */
struct asker {
	struct buffer bytes;
	unsigned restarts;
};

static int take(void *arg, const char *data, size_t length, struct error *error)
{
	struct asker *asker = arg;
	return buffer_append(&asker->bytes, data, length, error);
}

static void restart(void *arg)
{
	struct asker *asker = arg;
	buffer_clear(&asker->bytes);
	asker->restarts++;
}

static struct schema *people(void)
{
	struct error error = ERROR_INIT;
	struct schema *schema = schema_new("people", &error);
	assert_non_null(schema);
	assert_non_null(schema_add_field(schema, "id", VALUE_INTEGER, &error));
	assert_non_null(schema_add_field(schema, "name", VALUE_STRING, &error));
	struct field *secret = schema_add_field(schema, "salary", VALUE_DECIMAL, &error);
	assert_non_null(secret);
	secret->precision = 10;
	secret->scale = 2;
	secret->sensitive = true;
	return schema;
}

/* (1, "a\"b", 12.50) and (2, null, null), and one that was rejected between them. */
static struct batch *two(const struct schema *schema)
{
	static const struct limits limits = LIMITS_DEFAULT;
	struct error error = ERROR_INIT;
	struct batch *batch = batch_new(schema, 16, &limits, &error);
	assert_non_null(batch);
	for (int i = 0; i < 3; i++) {
		uint32_t row = batch_add_row(batch);
		batch->columns[0].integers[row] = i ? i : 1;
		batch->columns[0].cells[row] = CELL_VALUE;
		batch->columns[1].cells[row] = batch->columns[2].cells[row] = CELL_NULL;
	}
	assert_int_equal(batch_store(batch, "a\"b", 3, &batch->columns[1].spans[0], &error), 0);
	batch->columns[2].decimals[0] = 1250;
	batch->columns[1].cells[0] = batch->columns[2].cells[0] = CELL_VALUE;
	batch->status[1] = ROW_REJECTED;
	return batch;
}

struct world {
	struct schema *schema;
	struct batch *batch;
	struct asker asker;
	struct response response;
	struct sink_context context;
	void *sink;
	const struct sink_ops *ops;
	struct error error;
};

static void world_init(struct world *world, const struct sink_ops *ops, enum response_format format)
{
	memset(world, 0, sizeof *world);
	world->schema = people();
	world->batch = two(world->schema);
	buffer_init(&world->asker.bytes, ANSWER_MAX);
	world->response = (struct response){ .format = format, .write = take, .restart = restart, .arg = &world->asker };
	world->context = (struct sink_context){ .schema = world->schema, .response = &world->response, .step = "report" };
	world->ops = ops;
	world->sink = calloc(1, ops->size);
	assert_non_null(world->sink);
}

static void world_fini(struct world *world)
{
	world->ops->close(world->sink);
	world->ops->close(world->sink);
	free(world->sink);
	buffer_fini(&world->asker.bytes);
	batch_free(world->batch);
	schema_free(world->schema);
}

static void open_sink(struct world *world)
{
	struct sink_info info;
	assert_int_equal(world->ops->open(world->sink, &world->context, &info, &world->error), 0);
	assert_false(info.wants_prints);
}

static int publish(struct world *world)
{
	const struct counts counts = { .read = 3 };
	const struct outcome outcome = { .complete = true, .counts = &counts };
	return world->ops->publish(world->sink, PUBLISH_PLACE, &outcome, &world->error);
}

static void answer(enum response_format format, const char *expected)
{
	struct world world;
	world_init(&world, &response_sink_ops, format);
	open_sink(&world);
	assert_int_equal(world.ops->begin(world.sink, &world.error), 0);
	assert_int_equal(world.ops->write(world.sink, world.batch, &world.error), 0);
	assert_int_equal(publish(&world), 0);
	world.ops->close(world.sink);
	assert_string_equal(buffer_text(&world.asker.bytes), expected);
	assert_int_equal(world.asker.restarts, 0);
	world_fini(&world);
}

static void test_answers(void **state)
{
	(void)state;
	answer(RESPONSE_CSV, "id,name,salary\n1,\"a\"\"b\",***\n2,,\n");
	answer(RESPONSE_JSON, "[\n{\"id\":1,\"name\":\"a\\\"b\",\"salary\":\"***\"},\n{\"id\":2,\"name\":null,\"salary\":null}\n]\n");
}

/* A step that fails, and one that is tried again, leave nothing of what they gave. */
static void test_restart(void **state)
{
	(void)state;
	struct world world;
	world_init(&world, &response_sink_ops, RESPONSE_JSON);
	open_sink(&world);
	assert_int_equal(world.ops->begin(world.sink, &world.error), 0);
	assert_int_equal(world.ops->write(world.sink, world.batch, &world.error), 0);
	world.ops->rollback(world.sink);
	assert_int_equal(world.asker.restarts, 1);
	assert_int_equal(world.asker.bytes.length, 0);
	assert_int_equal(world.ops->begin(world.sink, &world.error), 0);
	world.ops->close(world.sink);
	assert_int_equal(world.asker.restarts, 2);
	open_sink(&world);
	assert_int_equal(world.ops->begin(world.sink, &world.error), 0);
	assert_int_equal(publish(&world), 0);
	assert_string_equal(buffer_text(&world.asker.bytes), "[]\n");
	world_fini(&world);
}

static void test_too_much(void **state)
{
	(void)state;
	struct world world;
	world_init(&world, &response_sink_ops, RESPONSE_CSV);
	world.asker.bytes.ceiling = 20;
	open_sink(&world);
	assert_int_equal(world.ops->begin(world.sink, &world.error), 0);
	assert_int_equal(world.ops->write(world.sink, world.batch, &world.error), -1);
	assert_int_equal(world.error.kind, ERROR_RESOURCE);
	world_fini(&world);
}

static void test_dry_run(void **state)
{
	(void)state;
	struct world world;
	world_init(&world, &response_sink_ops, RESPONSE_CSV);
	world.context.dry_run = true;
	open_sink(&world);
	assert_int_equal(world.ops->begin(world.sink, &world.error), 0);
	assert_int_equal(world.ops->write(world.sink, world.batch, &world.error), 0);
	assert_int_equal(publish(&world), 0);
	assert_int_equal(world.asker.bytes.length + world.asker.restarts, 0);
	world_fini(&world);
}

/* --- standard output --- */

/* Its place is taken by a file of these tests; returns what stood there. */
static int swap_stdout(int with)
{
	fflush(stdout);
	int old = dup(STDOUT_FILENO);
	assert_true(old >= 0 && dup2(with, STDOUT_FILENO) == STDOUT_FILENO);
	return old;
}

/* begin, as many writes, rollback: the bytes that went out are returned. */
static off_t broken_off(struct world *world, unsigned writes)
{
	char path[] = "/tmp/test_rows_out.XXXXXX";
	int file = mkstemp(path);
	assert_true(file >= 0);
	unlink(path);
	int old = swap_stdout(file), begun = world->ops->begin(world->sink, &world->error), written = 0;
	for (unsigned i = 0; i < writes && begun == 0 && written == 0; i++)
		written = world->ops->write(world->sink, world->batch, &world->error);
	world->ops->rollback(world->sink);
	close(swap_stdout(old));
	close(old);
	off_t size = lseek(file, 0, SEEK_END);
	close(file);
	assert_int_equal(written, 0);
	return begun < 0 ? -1 : size;
}

/* As long as nothing has left the buffer a step may be tried again; then never in that run. */
static void test_standard_output(void **state)
{
	(void)state;
	struct world world;
	world_init(&world, &response_sink_ops, RESPONSE_CSV);
	world.context.response = NULL;
	world.context.shared = shared_new(&world.error);
	open_sink(&world);
	assert_int_equal(broken_off(&world, 10), 0);
	assert_int_equal(broken_off(&world, 10), 0);
	assert_true(broken_off(&world, 10000) >= 64 << 10);
	/* Another try is another instance. */
	world.ops->close(world.sink);
	memset(world.sink, 0, world.ops->size);
	open_sink(&world);
	assert_int_equal(broken_off(&world, 1), -1);
	assert_int_equal(world.error.kind, ERROR_SINK);
	assert_false(world.error.retry);
	world.ops->close(world.sink);
	/* Nor may another step write there. */
	error_clear(&world.error);
	memset(world.sink, 0, world.ops->size);
	world.context.step = "other";
	struct sink_info info;
	assert_int_equal(world.ops->open(world.sink, &world.context, &info, &world.error), -1);
	assert_int_equal(world.error.kind, ERROR_CONFIG);
	assert_non_null(strstr(world.error.message, "report"));
	shared_free(world.context.shared);
	world_fini(&world);
}

static void test_base64(void **state)
{
	(void)state;
	/* RFC 4648, section 10. */
	static const char *const cases[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" } };
	struct error error = ERROR_INIT;
	struct asker asker = { .restarts = 0 };
	const struct text_to to = { .write = take, .self = &asker };
	buffer_init(&asker.bytes, ANSWER_MAX);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		buffer_clear(&asker.bytes);
		assert_int_equal(text_put_base64(cases[i][0], strlen(cases[i][0]), &to, &error), 0);
		assert_string_equal(buffer_text(&asker.bytes), cases[i][1]);
	}
	char zeros[3000] = "";
	buffer_clear(&asker.bytes);
	assert_int_equal(text_put_base64(zeros, sizeof zeros, &to, &error), 0);
	assert_int_equal(asker.bytes.length, 4000);
	assert_int_equal(strspn(asker.bytes.data, "A"), 4000);
	buffer_fini(&asker.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_dry_run),
		cmocka_unit_test(test_standard_output),
		cmocka_unit_test(test_base64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
