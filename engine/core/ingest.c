/* ingest.c - the transaction of one or several requests.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/ingest_parts.h"

enum { BODY_MAX = 256 * 1024 * 1024 };

int ingest_request_init(struct ingest_request *request, struct ingest_form *form, struct error *error)
{
	size_t count = form->steps->count;
	*request = (struct ingest_request){ .form = form };
	buffer_init(&request->body, BODY_MAX);
	buffer_init(&request->texts, BODY_MAX);
	request->counts = calloc(count ? count : 1, sizeof *request->counts);
	return request->counts ? 0 : error_memory(error, "a request");
}

void ingest_request_fini(struct ingest_request *request)
{
	free(request->counts);
	free(request->verdicts);
	buffer_fini(&request->body);
	buffer_fini(&request->texts);
	*request = (struct ingest_request){ .form = NULL };
}

int ingest_begin(struct ingest_lane *lane, struct error *error)
{
	assert(!lane->in_transaction);
	if (lane->store->ops->begin(lane->store, error) < 0)
		return -1;
	lane->in_transaction = true;
	for (size_t i = 0; i < lane->steps->count; i++)
		lane->parts[i].begun = false;
	return 0;
}

enum ingest_taken ingest_take(struct ingest_lane *lane, struct ingest_request *request, struct error *error)
{
	struct store *store = lane->store;
	struct error over = ERROR_INIT;
	assert(lane->in_transaction);
	if (store->ops->mark(store, MARK_SET, error) < 0)
		return INGEST_BROKEN;
	int result = request_run(lane, request, error);
	request_forget(request);
	if (result == 0 && store->ops->mark(store, MARK_RELEASE, error) == 0)
		return INGEST_TAKEN;
	/* What may succeed another time is tried another time with all that is in the transaction; the rest fails alone, if the
	 * database has kept the transaction. */
	if (error->retry || store->ops->mark(store, MARK_UNDO, &over) < 0 || store->ops->mark(store, MARK_RELEASE, &over) < 0)
		return INGEST_BROKEN;
	return INGEST_FAILED;
}

int ingest_commit(struct ingest_lane *lane, struct error *error)
{
	assert(lane->in_transaction);
	for (size_t i = 0; i < lane->steps->count; i++) {
		struct lane_step *part = &lane->parts[i];
		const struct counts none = { 0 };
		const struct outcome outcome = { .complete = true, .counts = &none };
		if (part->begun && part->step->sink->publish(part->sink, PUBLISH_PLACE, &outcome, error) < 0) {
			ingest_roll_back(lane);
			return -1;
		}
	}
	int result = lane->store->ops->commit(lane->store, &lane->parts[0].key, NULL, NULL, error);
	lane->in_transaction = false;
	for (size_t i = 0; i < lane->steps->count && result < 0; i++)
		if (lane->parts[i].begun)
			lane->parts[i].step->sink->rollback(lane->parts[i].sink);
	return result;
}

void ingest_roll_back(struct ingest_lane *lane)
{
	if (!lane->in_transaction)
		return;
	lane->store->ops->rollback(lane->store);
	lane->in_transaction = false;
	for (size_t i = 0; i < lane->steps->count; i++)
		if (lane->parts[i].begun)
			lane->parts[i].step->sink->rollback(lane->parts[i].sink);
}
