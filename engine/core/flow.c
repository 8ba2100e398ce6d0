/* flow.c - source and rules on threads of their own.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/flow.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/core/fingerprint.h"
#include "engine/core/queue.h"

enum {
	FLOW_BATCHES = 5,      /* one at each station, and two on the way */
	FLOW_SHARE = 4,        /* of limits.memory, this part is for the bytes of all batches */
	CANCEL_PATIENCE_MS = 100,
};

struct flow {
	struct flow_parts parts;
	struct queue pool, raw, judged;
	atomic_bool stop;
	pthread_mutex_t mutex; /* guards error */
	struct error error;
	pthread_t source_thread, rules_thread;
	int threads;
	struct batch *batches[FLOW_BATCHES];
	struct fingerprints prints[FLOW_BATCHES]; /* one a batch, where they are wanted */
	struct buffer work;                       /* of the rules thread, for fingerprints */
	size_t place; /* bytes of records that one place in the pool stands for */
};

static void stop_all(struct flow *flow)
{
	atomic_store(&flow->stop, true);
	queue_wake(&flow->pool);
	queue_wake(&flow->raw);
	queue_wake(&flow->judged);
}

static void fail(struct flow *flow, const struct error *error)
{
	pthread_mutex_lock(&flow->mutex);
	if (!error_is_set(&flow->error))
		flow->error = *error;
	pthread_mutex_unlock(&flow->mutex);
	stop_all(flow);
}

/* A batch of huge records takes as many places in the pool as its bytes fill, so that the pool bounds memory whatever
 * records are like: at worst one batch is on its way, and nothing is read beside it. Ordinary ones never come to it. */
static void take_places(struct flow *flow, struct batch *batch)
{
	size_t more = batch->arena.used / flow->place;
	if (more > FLOW_BATCHES - 1)
		more = FLOW_BATCHES - 1;
	for (; more > 0; more--) {
		/* The stations need nothing of the source to give back what they have. NULL: the flow stops. */
		struct batch *empty = queue_pop(&flow->pool, 0, NULL);
		if (!empty)
			return;
		empty->company = batch->company;
		batch->company = empty;
	}
}

/* Marks what lies beyond --limit; true when the limit is reached. */
static bool apply_limit(const struct flow_parts *parts, struct batch *batch, uint64_t *seen)
{
	if (!parts->limited || batch->replayed)
		return false;
	uint64_t left = parts->limit - *seen;
	for (size_t row = left < batch->rows ? (size_t)left : batch->rows; row < batch->rows; row++)
		batch->status[row] = ROW_LIMIT;
	*seen += batch->rows < left ? batch->rows : left;
	return *seen >= parts->limit;
}

static void *source_main(void *arg)
{
	struct flow *flow = arg;
	struct error error = ERROR_INIT;
	uint64_t sequence = 0, seen = 0;
	bool more = true;
	while (more) {
		struct batch *batch = queue_pop(&flow->pool, 0, NULL);
		if (!batch)
			break;
		enum source_result result = flow->parts.source->read(flow->parts.source_instance, batch, &error);
		if (result != SOURCE_BATCH) {
			queue_push(&flow->pool, batch);
			if (result == SOURCE_ERROR)
				fail(flow, &error);
			break;
		}
		batch->sequence = sequence++;
		more = !batch->last;
		if (apply_limit(&flow->parts, batch, &seen))
			more = false;
		take_places(flow, batch);
		queue_push(&flow->raw, batch);
	}
	queue_close(&flow->raw);
	return NULL;
}

static int take_prints(struct flow *flow, struct batch *batch, struct error *error)
{
	if (!batch->prints || batch->replayed)
		return 0;
	fingerprints_clear(batch->prints);
	if (!batch->keys_judged)
		return 0; /* the station takes them, once it knows which rows live */
	return fingerprints_add_batch(batch->prints, batch, &flow->work, NULL, error);
}

static int transform_rows(const struct flow *flow, struct batch *batch, struct error *error)
{
	struct transform *transform = flow->parts.transform;
	return transform ? transform->ops->run(transform, batch, error) : 0;
}

static void *rules_main(void *arg)
{
	struct flow *flow = arg;
	struct judge *judge = flow->parts.judge;
	struct error error = ERROR_INIT;
	struct batch *batch;
	while ((batch = queue_pop(&flow->raw, 0, NULL))) {
		if (transform_rows(flow, batch, &error) < 0 || judge->ops->cells(judge, batch, &error) < 0 ||
			judge->ops->keys(judge, batch, false, &error) < 0 || take_prints(flow, batch, &error) < 0) {
			fail(flow, &error);
			break;
		}
		queue_push(&flow->judged, batch);
	}
	queue_close(&flow->judged);
	return NULL;
}

static int start_threads(struct flow *flow, struct error *error)
{
	int failed = pthread_create(&flow->source_thread, NULL, source_main, flow);
	if (failed == 0) {
		flow->threads++;
		failed = pthread_create(&flow->rules_thread, NULL, rules_main, flow);
	}
	if (failed != 0)
		return error_errno(error, ERROR_RESOURCE, NULL, failed, "cannot start a thread");
	flow->threads++;
	return 0;
}

static int add_batch(struct flow *flow, int index, size_t rows, struct error *error)
{
	const struct schema *given = flow->parts.source_schema ? flow->parts.source_schema : flow->parts.schema;
	struct batch *batch = batch_new(given, rows, flow->parts.limits, error);
	flow->batches[index] = batch;
	if (!batch || (flow->parts.transform && batch_add_side(batch, flow->parts.schema, error) < 0))
		return -1;
	if (flow->parts.prints) {
		if (fingerprints_init(&flow->prints[index], flow->parts.schema->field_count, error) < 0)
			return -1;
		batch->prints = &flow->prints[index];
	}
	queue_push(&flow->pool, batch);
	return 0;
}

struct flow *flow_start(const struct flow_parts *parts, struct error *error)
{
	struct flow *flow = calloc(1, sizeof *flow);
	if (!flow) {
		error_memory(error, "the threads of a step");
		return NULL;
	}
	flow->parts = *parts;
	pthread_mutex_init(&flow->mutex, NULL);
	queue_init(&flow->pool, &flow->stop);
	queue_init(&flow->raw, &flow->stop);
	queue_init(&flow->judged, &flow->stop);
	size_t rows = batch_rows_for(parts->schema, parts->batch_rows);
	if (parts->transform)
		rows = batch_rows_for(parts->source_schema, rows);
	flow->place = (size_t)(parts->limits->memory / FLOW_SHARE / FLOW_BATCHES) + 1;
	/* A row's bytes are in its batch already; canonical ones take a few more for each field. */
	buffer_init(&flow->work, (size_t)parts->limits->memory);
	int result = 0;
	for (int i = 0; i < FLOW_BATCHES && result == 0; i++)
		result = add_batch(flow, i, rows, error);
	if (result == 0)
		result = start_threads(flow, error);
	if (result < 0) {
		struct error ignored = ERROR_INIT; /* the first one is with the caller already */
		if (flow_finish(flow, &ignored) < 0)
			return NULL;
		return NULL;
	}
	return flow;
}

struct batch *flow_next(struct flow *flow)
{
	for (;;) {
		bool timeout = false;
		struct batch *batch = queue_pop(&flow->judged, CANCEL_PATIENCE_MS, &timeout);
		if (cancel_requested(flow->parts.cancel)) {
			struct error error = ERROR_INIT;
			error_set(&error, ERROR_CANCELLED, NULL, "cancelled by signal %d", atomic_load(&flow->parts.cancel->signal));
			fail(flow, &error);
			return NULL; /* the batch is freed with the flow */
		}
		if (batch || !timeout)
			return batch;
	}
}

void flow_release(struct flow *flow, struct batch *batch)
{
	struct batch *company = batch->company;
	batch->company = NULL;
	batch_reset(batch);
	queue_push(&flow->pool, batch);
	while (company) {
		struct batch *next = company->company;
		company->company = NULL;
		queue_push(&flow->pool, company);
		company = next;
	}
}

int flow_finish(struct flow *flow, struct error *error)
{
	stop_all(flow);
	if (flow->threads > 0)
		pthread_join(flow->source_thread, NULL);
	if (flow->threads > 1)
		pthread_join(flow->rules_thread, NULL);
	for (int i = 0; i < FLOW_BATCHES; i++) {
		batch_free(flow->batches[i]);
		fingerprints_fini(&flow->prints[i]);
	}
	buffer_fini(&flow->work);
	queue_fini(&flow->pool);
	queue_fini(&flow->raw);
	queue_fini(&flow->judged);
	pthread_mutex_destroy(&flow->mutex);
	struct error first = flow->error;
	free(flow);
	if (!error_is_set(&first))
		return 0;
	if (!error_is_set(error))
		*error = first;
	return -1;
}
