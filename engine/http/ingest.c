/* ingest.c - rows over HTTP: POST /v1/ingest/{pipeline} and /v1/ingest/{pipeline}/{table}.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>
#include <stdatomic.h>
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

/* Sessions with one database, and the pipelines whose rows they carry. A reload that changes nothing of them leaves them to the next service, so that the
 * pipelines stay as long as somebody has the group. */
struct group {
	atomic_uint others;              /* rooms that have it, beside one */
	struct lanes *lanes;             /* NULL: not open */
	struct pipeline **pipelines;     /* held; by set */
	struct ingest_steps *steps;
	const struct ingest_steps **sets;
	size_t count;
	struct cancel cancel;
};

/* A pipeline that takes rows. */
struct counter {
	struct group *group;  /* of its database, shared; NULL: it takes none */
	struct ingest_steps *steps;
	size_t set;           /* among those of its group */
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
	struct group **groups;
	size_t group_count;
	size_t workers;
	pthread_mutex_t mutex;
	struct underway *underway;
};

/* --- sessions --- */

static bool same_text(const char *one, const char *other)
{
	return strcmp(one ? one : "", other ? other : "") == 0;
}

static bool same_database(const struct ingest_steps *one, const struct ingest_steps *other)
{
	return strcmp(one->connection->connect, other->connection->connect) == 0 &&
		same_text(one->connection->state_schema, other->connection->state_schema);
}

static bool same_tables(const struct option_map *one, const struct option_map *other)
{
	if (one->count != other->count)
		return false;
	for (size_t i = 0; i < one->count; i++)
		if (!same_text(one->keys[i], other->keys[i]) || !same_text(one->values[i], other->values[i]))
			return false;
	return true;
}

/* Whether rows are judged and written alike by both; what they are named by is part of that. */
static bool same_steps(const struct ingest_steps *one, const struct ingest_steps *other)
{
	bool same = one->count == other->count && same_database(one, other) && same_text(one->plan->name, other->plan->name) &&
		same_text(one->connection->name, other->connection->name) && one->connection->lock_timeout_ms == other->connection->lock_timeout_ms &&
		same_tables(&one->plan->tables, &other->plan->tables) && memcmp(&one->plan->limits, &other->plan->limits, sizeof one->plan->limits) == 0;

	for (size_t i = 0; same && i < one->count; i++) {
		const struct plan_step *left = one->steps[i], *right = other->steps[i];

		same = same_text(left->name, right->name) && same_text(left->table, right->table) && same_text(left->target, right->target) &&
			same_text(left->step_hash, right->step_hash) && same_text(left->dictionary_hash, right->dictionary_hash);
	}
	return same;
}

static void group_leave(struct group *group)
{
	if (!group || atomic_fetch_sub(&group->others, 1) > 0)
		return;
	lanes_close(group->lanes);
	for (size_t i = 0; i < group->count; i++) {
		ingest_steps_fini(&group->steps[i]);
		pipeline_free(group->pipelines[i]);
	}
	free(group->pipelines);
	free(group->steps);
	free(group->sets);
	free(group);
}

/* Sessions for these pipelines, count indexes of the service. NULL and error. */
static struct group *group_open(struct service *service, const size_t *members, size_t count, size_t threads, struct error *error)
{
	struct group *group = calloc(1, sizeof *group);

	if (group) {
		group->pipelines = calloc(count, sizeof *group->pipelines);
		group->steps = calloc(count, sizeof *group->steps);
		group->sets = calloc(count, sizeof *group->sets);
	}
	if (!group || !group->pipelines || !group->steps || !group->sets) {
		error_memory(error, "the ingest of a service");
		group_leave(group);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		group->pipelines[i] = service->pipelines[members[i]];
		group->sets[i] = &group->steps[i];
		pipeline_hold(group->pipelines[i]);
		group->count++;
		if (ingest_steps_init(&group->steps[i], pipeline_plan(group->pipelines[i]), error) < 0) {
			group_leave(group);
			return NULL;
		}
	}
	group->lanes = lanes_open(group->sets, count, threads, &group->cancel, error);
	if (group->lanes)
		return group;
	group_leave(group);
	return NULL;
}

/* That of the room before which has just these pipelines, or NULL. */
static struct group *group_find(const struct ingest_room *before, const struct ingest_steps *steps, const size_t *members, size_t count)
{
	for (size_t i = 0; before && i < before->group_count; i++) {
		struct group *group = before->groups[i];
		bool same = group->count == count;

		for (size_t k = 0; same && k < count; k++)
			same = same_steps(&group->steps[k], &steps[members[k]]);
		if (same)
			return group;
	}
	return NULL;
}

/* --- opening --- */

/* Sessions for the database of the pipeline at first, with all later ones that write to the same. members: room for them. */
static int enter_group(struct ingest_room *room, const struct ingest_room *before, const struct ingest_steps *steps, size_t first, size_t *members,
	struct error *error)
{
	size_t threads = room->workers < SESSIONS_MAX ? room->workers : SESSIONS_MAX, count = 0;

	for (size_t i = first; i < room->counter_count; i++)
		if (!room->counters[i].group && steps[i].count > 0 && same_database(&steps[first], &steps[i]))
			members[count++] = i;
	struct group *group = group_find(before, steps, members, count);
	if (group)
		atomic_fetch_add(&group->others, 1);
	else
		group = group_open(room->service, members, count, threads, error);
	if (!group)
		return -1;
	room->groups[room->group_count++] = group;
	for (size_t i = 0; i < count; i++) {
		struct counter *counter = &room->counters[members[i]];

		counter->group = group;
		counter->steps = &group->steps[i];
		counter->set = i;
		counter->spare = calloc(room->workers, sizeof(struct rows *));
		if (!counter->spare)
			return error_memory(error, "the requests of a pipeline");
	}
	return 0;
}

/* steps and members: room for those of each pipeline. */
static int open_room(struct ingest_room *room, const struct ingest_room *before, struct ingest_steps *steps, size_t *members, struct error *error)
{
	for (size_t i = 0; i < room->counter_count; i++)
		if (ingest_steps_init(&steps[i], pipeline_plan(service_pipeline(room->service, i)), error) < 0)
			return -1;
	for (size_t i = 0; i < room->counter_count; i++)
		if (!room->counters[i].group && steps[i].count > 0 && enter_group(room, before, steps, i, members, error) < 0)
			return -1;
	return 0;
}

int ingest_room_open(struct service *service, const struct ingest_room *before, struct ingest_room **out, struct error *error)
{
	struct ingest_room *room = calloc(1, sizeof *room);
	size_t count = service_pipeline_count(service), places = count ? count : 1, *members = calloc(places, sizeof *members);
	struct ingest_steps *steps = calloc(places, sizeof *steps);
	int result = -1;

	*out = NULL;
	if (room) {
		pthread_mutex_init(&room->mutex, NULL);
		room->service = service;
		room->workers = (size_t)service_limits(service)->workers;
		room->counters = calloc(places, sizeof *room->counters);
		room->groups = calloc(places, sizeof *room->groups);
	}
	if (!room || !room->counters || !room->groups || !members || !steps) {
		error_memory(error, "the ingest of a service");
	} else {
		room->counter_count = count;
		result = open_room(room, before, steps, members, error);
	}
	for (size_t i = 0; steps && i < count; i++)
		ingest_steps_fini(&steps[i]);
	free(steps);
	free(members);
	if (result == 0)
		*out = room;
	else
		ingest_room_close(room);
	return result;
}

void ingest_room_cancel(struct ingest_room *room, int signal)
{
	for (size_t i = 0; room && i < room->group_count; i++)
		atomic_store(&room->groups[i]->cancel.signal, signal);
}

void ingest_room_close(struct ingest_room *room)
{
	if (!room)
		return;
	for (size_t i = 0; i < room->counter_count; i++) {
		struct counter *counter = &room->counters[i];
		while (counter->spare_count > 0)
			rows_free(counter->spare[--counter->spare_count]);
		free(counter->spare);
	}
	for (size_t i = 0; i < room->group_count; i++)
		group_leave(room->groups[i]);
	free(room->counters);
	free(room->groups);
	pthread_mutex_destroy(&room->mutex);
	free(room);
}

bool ingest_room_ready(const struct ingest_room *room, char *why, size_t size)
{
	for (size_t i = 0; i < room->group_count; i++)
		if (!lanes_ready(room->groups[i]->lanes, why, size))
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
	return rows ? rows : rows_new(counter->steps, &room->service->cancel, error);
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
	ingest.arg = counter->steps;
	if (result == 0)
		result = uuid_v7(ingest.run_id, error);
	if (result == 0)
		result = lanes_run(counter->group->lanes, counter->set, &ingest, &failed) == 0 ? answer_result(&ingest, answer, error) :
											  answer_failure(&failed, answer, error);
	if (!error_is_set(&failed) && !error_is_set(error))
		measure_ingest(metrics, counter->steps, &ingest);
	ingest_request_fini(&ingest);
	return result;
}

static int take_rows(struct ingest_room *room, struct counter *counter, const struct http_request *request, const char *table, bool atomic,
	struct http_answer *answer, struct error *error)
{
	char detail[ROWS_DETAIL_MAX], hash[SHA256_HEX_SIZE] = "";
	size_t step = table ? ingest_steps_find(counter->steps, table, strlen(table)) : SIZE_MAX;
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
	if (!counter || !counter->group) {
		answer_problem(answer, 404, counter ? "pipeline %s takes no rows over HTTP: none of its steps has a source of type http without a url" :
						      "there is no pipeline %s here", name);
		return 0;
	}
	if (table && ingest_steps_find(counter->steps, table, strlen(table)) == SIZE_MAX) {
		answer_problem(answer, 404, "pipeline %s takes no rows for a table %s", name, table);
		return 0;
	}
	if (!read_atomic(request, &atomic, answer))
		return 0;
	if (!request->idempotency_key)
		return take_rows(room, counter, request, table, atomic, answer, error);
	struct underway mine = { .api_key = request->key_name ? request->key_name : "", .pipeline = counter->steps->plan->name,
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
