/* ingest_verdicts.c - rejected rows into the reject store, and to whoever sent them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/ingest_parts.h"

enum { SOURCE_MAX = RUN_ID_SIZE + 8, PARTS = 5 };

/* Texts of verdicts stand one behind the other in a buffer that moves while it grows: until all are there, only their lengths count. */
static int keep_text(struct buffer *texts, struct text text, struct error *error)
{
	if (text.length > 0 && buffer_append(texts, text.data, text.length, error) < 0)
		return -1;
	return buffer_append(texts, "", 1, error);
}

static void place_texts(struct ingest_request *request)
{
	const char *at = buffer_text(&request->texts);
	for (size_t i = 0; i < request->verdict_count; i++) {
		struct ingest_verdict *verdict = &request->verdicts[i];
		struct text *texts[PARTS] = { &verdict->field, &verdict->code, &verdict->rule, &verdict->message, &verdict->violations };
		for (size_t k = 0; k < PARTS; k++) {
			texts[k]->data = at;
			at += texts[k]->length + 1;
		}
	}
}

static int keep_verdict(struct ingest_request *request, size_t step, const struct reject *reject, struct error *error)
{
	struct ingest_verdict *verdict = &request->verdicts[request->verdict_count];
	*verdict = (struct ingest_verdict){ .step = step, .row = (size_t)reject->record_no - 1, .field = reject->field,
		.code = reject->code, .rule = reject->rule, .message = reject->message, .violations = reject->violations };
	if (keep_text(&request->texts, reject->field, error) < 0 || keep_text(&request->texts, reject->code, error) < 0 ||
		keep_text(&request->texts, reject->rule, error) < 0 || keep_text(&request->texts, reject->message, error) < 0 ||
		keep_text(&request->texts, reject->violations, error) < 0)
		return -1;
	request->verdict_count++;
	return 0;
}

static int write_step(struct ingest_lane *lane, struct ingest_request *request, size_t step, const char *source,
	struct error *error)
{
	const struct batch *batch = request->form->parts[step].batch;
	struct store *store = lane->store;
	for (size_t first = 0, count; first < batch->violation_count; first += count) {
		struct reject reject;
		assert(batch->status[batch->violations[first].row] == ROW_REJECTED);
		for (count = 1; first + count < batch->violation_count; count++)
			if (batch->violations[first + count].row != batch->violations[first].row)
				break;
		if (reject_from_batch(&reject, batch, first, count, source, &lane->scratch, error) < 0 ||
			store->ops->reject(store, &lane->parts[step].key, request->run_id, &reject, request->published, error) < 0 ||
			keep_verdict(request, step, &reject, error) < 0)
			return -1;
	}
	return 0;
}

struct naming {
	struct ingest_request *request;
	const struct ingest_lane *lane;
	size_t at; /* verdicts and rejects are in the same order as a rule */
};

static void name_reject(void *arg, int64_t id, const char *step, uint64_t record_no)
{
	struct naming *naming = arg;
	struct ingest_request *request = naming->request;
	for (size_t i = 0; i < request->verdict_count; i++) {
		struct ingest_verdict *verdict = &request->verdicts[(naming->at + i) % request->verdict_count];
		if (verdict->row + 1 != record_no || strcmp(naming->lane->parts[verdict->step].step->name, step) != 0)
			continue;
		verdict->reject_id = id;
		naming->at = naming->at + i + 1;
		return;
	}
}

int verdicts_write(struct ingest_lane *lane, struct ingest_request *request, struct error *error)
{
	char source[SOURCE_MAX];
	size_t count = 0;
	buffer_clear(&request->texts);
	request->verdict_count = 0;
	for (size_t i = 0; i < lane->steps->count; i++)
		count += (size_t)request->counts[i].rejected;
	if (count == 0)
		return 0;
	struct ingest_verdict *verdicts = realloc(request->verdicts, count * sizeof *verdicts);
	if (!verdicts)
		return error_memory(error, "the verdicts of a request");
	request->verdicts = verdicts;
	snprintf(source, sizeof source, "http:%s", request->run_id);
	for (size_t i = 0; i < lane->steps->count; i++)
		if (request->counts[i].rejected > 0 && write_step(lane, request, i, source, error) < 0)
			return -1;
	place_texts(request);
	struct naming naming = { request, lane, 0 };
	return lane->store->ops->reject_ids(lane->store, request->run_id, name_reject, &naming, error);
}
