/* ingest.c - rows over HTTP: POST /v1/ingest/{pipeline} and /v1/ingest/{pipeline}/{table}.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/clock.h"
#include "engine/core/digest.h"
#include "engine/core/uuid.h"
#include "engine/http/lanes.h"
#include "engine/http/measure.h"
#include "engine/http/parts.h"
#include "engine/http/rows.h"
#include "engine/http/verdict.h"

enum { BUSY_SECONDS = 5, SESSIONS_MAX = 16, PARTS_OF_HASH = 2 * SHA256_HEX_SIZE };

/* A pipeline that takes rows. */
struct counter {
	struct ingest_steps steps;
	struct lanes *lanes;  /* of its database, shared; NULL: it takes none */
	size_t set;           /* among those of its lanes */
	struct rows **spare;  /* not in use; room for one a worker */
	size_t spare_count;
};

/* A request with an Idempotency-Key that is under way; on the stack of its handler. */
struct underway {
	struct underway *next;
	const char *api_key, *pipeline, *idem_key;
};

struct ingest_room {
	struct service *service;
	struct counter *counters; /* by the service's index of pipelines */
	size_t counter_count;
	const struct ingest_steps **sets; /* of all lanes, one behind the other */
	struct lanes **lanes;
	size_t lanes_count;
	size_t workers;
	pthread_mutex_t mutex;
	struct underway *underway;
};

/* --- opening --- */

static bool same_database(const struct ingest_steps *one, const struct ingest_steps *other)
{
	const char *left = one->connection->state_schema, *right = other->connection->state_schema;
	return strcmp(one->connection->connect, other->connection->connect) == 0 && strcmp(left ? left : "", right ? right : "") == 0;
}

/* Lanes for the database of the counter at first, with all later ones that write to the same. sets: room for them. */
static int open_lanes(struct ingest_room *room, size_t first, const struct ingest_steps **sets, size_t *count, struct error *error)
{
	struct counter *counter = &room->counters[first];
	size_t threads = room->workers < SESSIONS_MAX ? room->workers : SESSIONS_MAX;
	*count = 0;
	for (size_t i = first; i < room->counter_count; i++)
		if (!room->counters[i].lanes && room->counters[i].steps.count > 0 && same_database(&counter->steps, &room->counters[i].steps)) {
			room->counters[i].set = *count;
			sets[(*count)++] = &room->counters[i].steps;
		}
	struct lanes *lanes = lanes_open(sets, *count, threads, &room->service->cancel, error);
	if (!lanes)
		return -1;
	room->lanes[room->lanes_count++] = lanes;
	for (size_t i = first; i < room->counter_count; i++)
		if (!room->counters[i].lanes && room->counters[i].steps.count > 0 && same_database(&counter->steps, &room->counters[i].steps))
			room->counters[i].lanes = lanes;
	return 0;
}

static int open_room(struct ingest_room *room, struct error *error)
{
	size_t used = 0;
	for (size_t i = 0; i < room->counter_count; i++) {
		struct counter *counter = &room->counters[i];
		if (ingest_steps_init(&counter->steps, pipeline_plan(service_pipeline(room->service, i)), error) < 0)
			return -1;
		if (counter->steps.count == 0)
			continue;
		counter->spare = calloc(room->workers, sizeof(struct rows *));
		if (!counter->spare)
			return error_memory(error, "the requests of a pipeline");
	}
	for (size_t i = 0; i < room->counter_count; i++) {
		size_t count = 0;
		if (room->counters[i].lanes || room->counters[i].steps.count == 0)
			continue;
		if (open_lanes(room, i, room->sets + used, &count, error) < 0)
			return -1;
		used += count;
	}
	return 0;
}

int ingest_room_open(struct service *service, struct ingest_room **out, struct error *error)
{
	struct ingest_room *room = calloc(1, sizeof *room);
	size_t count = service_pipeline_count(service), places = count ? count : 1;
	*out = NULL;
	if (!room)
		return error_memory(error, "the ingest of a service");
	pthread_mutex_init(&room->mutex, NULL);
	room->service = service;
	room->workers = (size_t)service_limits(service)->workers;
	room->counters = calloc(places, sizeof *room->counters);
	room->sets = calloc(places, sizeof(struct ingest_steps *));
	room->lanes = calloc(places, sizeof(struct lanes *));
	int result = -1;
	if (!room->counters || !room->sets || !room->lanes) {
		error_memory(error, "the ingest of a service");
	} else {
		room->counter_count = count;
		result = open_room(room, error);
	}
	if (result == 0)
		*out = room;
	else
		ingest_room_close(room);
	return result;
}

void ingest_room_close(struct ingest_room *room)
{
	if (!room)
		return;
	for (size_t i = 0; i < room->lanes_count; i++)
		lanes_close(room->lanes[i]);
	for (size_t i = 0; i < room->counter_count; i++) {
		struct counter *counter = &room->counters[i];
		while (counter->spare_count > 0)
			rows_free(counter->spare[--counter->spare_count]);
		free(counter->spare);
		ingest_steps_fini(&counter->steps);
	}
	free(room->counters);
	free(room->sets);
	free(room->lanes);
	pthread_mutex_destroy(&room->mutex);
	free(room);
}

bool ingest_room_ready(const struct ingest_room *room, char *why, size_t size)
{
	for (size_t i = 0; i < room->lanes_count; i++)
		if (!lanes_ready(room->lanes[i], why, size))
			return false;
	return true;
}

/* --- working memory --- */

static struct rows *get_rows(struct ingest_room *room, struct counter *counter, struct error *error)
{
	struct rows *rows = NULL;
	pthread_mutex_lock(&room->mutex);
	if (counter->spare_count > 0)
		rows = counter->spare[--counter->spare_count];
	pthread_mutex_unlock(&room->mutex);
	return rows ? rows : rows_new(&counter->steps, &room->service->cancel, error);
}

static void put_rows(struct ingest_room *room, struct counter *counter, struct rows *rows)
{
	if (!rows)
		return;
	rows_clear(rows);
	pthread_mutex_lock(&room->mutex);
	if (counter->spare_count < room->workers) {
		counter->spare[counter->spare_count++] = rows;
		rows = NULL;
	}
	pthread_mutex_unlock(&room->mutex);
	rows_free(rows);
}

/* --- one at a time for each key --- */

static bool enter(struct ingest_room *room, struct underway *mine)
{
	bool free_to_go = true;
	pthread_mutex_lock(&room->mutex);
	for (const struct underway *other = room->underway; other && free_to_go; other = other->next)
		free_to_go = strcmp(other->idem_key, mine->idem_key) != 0 || strcmp(other->api_key, mine->api_key) != 0 ||
			strcmp(other->pipeline, mine->pipeline) != 0;
	if (free_to_go) {
		mine->next = room->underway;
		room->underway = mine;
	}
	pthread_mutex_unlock(&room->mutex);
	return free_to_go;
}

static void leave(struct ingest_room *room, const struct underway *mine)
{
	pthread_mutex_lock(&room->mutex);
	struct underway **at = &room->underway;
	while (*at != mine)
		at = &(*at)->next;
	*at = mine->next;
	pthread_mutex_unlock(&room->mutex);
}

/* --- a request --- */

/* Of the body; where the address says more of what is to be done with it, of that as well. */
static void hash_body(const struct http_request *request, const char *table, bool atomic, char out[SHA256_HEX_SIZE])
{
	char more[PARTS_OF_HASH + 2];
	digest_of(request->body_length ? request->body : "", request->body_length, out);
	if (!table && !atomic)
		return;
	char of_table[SHA256_HEX_SIZE];
	digest_of(table ? table : "", table ? strlen(table) : 0, of_table);
	int length = snprintf(more, sizeof more, "%s%s%d", out, of_table, atomic);
	digest_of(more, (size_t)length, out);
}

static bool read_atomic(const struct http_request *request, bool *atomic, struct http_answer *answer)
{
	*atomic = false;
	for (size_t i = 0; i < request->query_count; i++) {
		const struct http_pair *pair = &request->query[i];
		if (strcmp(pair->name, "atomic") != 0) {
			answer_problem(answer, 400, "a request takes no parameter but atomic");
			return false;
		}
		*atomic = strcmp(pair->value, "true") == 0;
		if (!*atomic && strcmp(pair->value, "false") != 0) {
			answer_problem(answer, 400, "atomic is true or false");
			return false;
		}
	}
	return true;
}

static int answer_failure(const struct error *failed, struct http_answer *answer, struct error *error)
{
	char text[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX];
	if (failed->kind == ERROR_CANCELLED) {
		answer_problem(answer, 503, "the service is stopping: send the request again");
		return answer_header(answer, error, "Retry-After", "%d", BUSY_SECONDS);
	}
	/* A statement that the database does not understand is no matter of patience. */
	if (failed->kind != ERROR_SINK || strncmp(failed->sqlstate, "42", 2) == 0) {
		*error = *failed;
		return -1;
	}
	access_event("ingest failed", "error", error_text(failed, text, sizeof text));
	answer_problem(answer, 503, "the database is locked or cannot be reached: send the request again%s",
		failed->retry ? " (with its Idempotency-Key: whether it was committed is not known)" : "");
	return answer_header(answer, error, "Retry-After", "%d", BUSY_SECONDS);
}

static int answer_result(const struct ingest_request *ingest, struct http_answer *answer, struct error *error)
{
	if (ingest->other_body) {
		answer_problem(answer, 422, "another request was sent with this Idempotency-Key: use a new one");
		return 0;
	}
	answer->status = ingest->status;
	if (ingest->replayed && answer_header(answer, error, "Idempotency-Replayed", "true") < 0)
		return -1;
	if (ingest->idem_key)
		return buffer_append(&answer->body, buffer_text(&ingest->body), ingest->body.length, error);
	return verdict_write(ingest, &answer->body, error);
}

/* The rows are read; what is left is the database's. */
static int carry(struct metrics *metrics, struct counter *counter, const struct http_request *request, struct rows *rows, bool atomic, const char *hash,
	struct http_answer *answer, struct error *error)
{
	struct ingest_request ingest;
	struct error failed = ERROR_INIT;
	int result = ingest_request_init(&ingest, rows_form(rows), error);
	ingest.atomic = atomic;
	ingest.started_at = clock_wall_us();
	ingest.api_key = request->key_name ? request->key_name : "";
	ingest.idem_key = request->idempotency_key;
	ingest.body_sha256 = hash;
	ingest.answer = verdict_write;
	ingest.arg = &counter->steps;
	if (result == 0)
		result = uuid_v7(ingest.run_id, error);
	if (result == 0)
		result = lanes_run(counter->lanes, counter->set, &ingest, &failed) == 0 ? answer_result(&ingest, answer, error) :
											  answer_failure(&failed, answer, error);
	if (!error_is_set(&failed) && !error_is_set(error))
		measure_ingest(metrics, &counter->steps, &ingest);
	ingest_request_fini(&ingest);
	return result;
}

static int take_rows(struct ingest_room *room, struct counter *counter, const struct http_request *request, const char *table, bool atomic,
	struct http_answer *answer, struct error *error)
{
	char detail[ROWS_DETAIL_MAX], hash[SHA256_HEX_SIZE] = "";
	size_t step = table ? ingest_steps_find(&counter->steps, table, strlen(table)) : SIZE_MAX;
	struct rows *rows = get_rows(room, counter, error);
	if (!rows)
		return -1;
	int status = rows_read(rows, request->body_length ? request->body : "", request->body_length, step, detail, error);
	if (status > 0)
		answer_problem(answer, status, "%s", detail);
	if (request->idempotency_key)
		hash_body(request, table, atomic, hash);
	int result = status < 0 ? -1 : 0;
	if (status == 0)
		result = carry(service_metrics(room->service), counter, request, rows, atomic, hash, answer, error);
	put_rows(room, counter, rows);
	return result;
}

static int ingest(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	struct ingest_room *room = service_ingest(service);
	const char *name = request->values[0], *table = request->values[1];
	size_t index = service_find_pipeline(service, name);
	struct counter *counter = index < room->counter_count ? &room->counters[index] : NULL;
	bool atomic;
	if (!counter || !counter->lanes) {
		answer_problem(answer, 404, counter ? "pipeline %s takes no rows over HTTP: none of its steps has a source of type http without a url" :
						      "there is no pipeline %s here", name);
		return 0;
	}
	if (table && ingest_steps_find(&counter->steps, table, strlen(table)) == SIZE_MAX) {
		answer_problem(answer, 404, "pipeline %s takes no rows for a table %s", name, table);
		return 0;
	}
	if (!read_atomic(request, &atomic, answer))
		return 0;
	if (!request->idempotency_key)
		return take_rows(room, counter, request, table, atomic, answer, error);
	struct underway mine = { .api_key = request->key_name ? request->key_name : "", .pipeline = counter->steps.plan->name,
		.idem_key = request->idempotency_key };
	if (!enter(room, &mine)) {
		answer_problem(answer, 409, "a request with this Idempotency-Key is being worked on: ask again in a moment");
		return answer_header(answer, error, "Retry-After", "1");
	}
	int result = take_rows(room, counter, request, table, atomic, answer, error);
	leave(room, &mine);
	return result;
}

const struct route routes_of_ingest[] = {
	{ .method = "POST", .pattern = "/v1/ingest/{pipeline}", .verb = VERB_INGEST, .body = BODY_JSON,
	  .summary = "Rows for several tables in one transaction: an object with an array of rows for each.", .handle = ingest },
	{ .method = "POST", .pattern = "/v1/ingest/{pipeline}/{table}", .verb = VERB_INGEST, .body = BODY_JSON,
	  .summary = "Rows for one table in one transaction: an array of rows.", .handle = ingest },
	{ .method = NULL },
};
