/* queue.c - mutex and condition variable; a batch is thousands of rows, so nothing finer is needed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/queue.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

void queue_init(struct queue *queue, const atomic_bool *stop)
{
	memset(queue, 0, sizeof *queue);
	queue->stop = stop;
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

void queue_fini(struct queue *queue)
{
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->mutex);
}

void queue_push(struct queue *queue, struct batch *batch)
{
	pthread_mutex_lock(&queue->mutex);
	assert(queue->count < QUEUE_CAPACITY);
	queue->batches[(queue->first + queue->count++) % QUEUE_CAPACITY] = batch;
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->mutex);
}

static struct timespec deadline_in(int ms)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

struct batch *queue_pop(struct queue *queue, int patience_ms, bool *timeout)
{
	struct batch *batch = NULL;
	struct timespec deadline = deadline_in(patience_ms);
	int waited = 0;
	pthread_mutex_lock(&queue->mutex);
	while (queue->count == 0 && !queue->closed && !atomic_load(queue->stop) && waited != ETIMEDOUT)
		waited = patience_ms > 0 ? pthread_cond_timedwait(&queue->changed, &queue->mutex, &deadline)
								 : pthread_cond_wait(&queue->changed, &queue->mutex);
	if (queue->count > 0 && !atomic_load(queue->stop)) {
		batch = queue->batches[queue->first];
		queue->first = (queue->first + 1) % QUEUE_CAPACITY;
		queue->count--;
	}
	if (timeout)
		*timeout = !batch && waited == ETIMEDOUT;
	pthread_mutex_unlock(&queue->mutex);
	return batch;
}

void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->closed = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->mutex);
}

void queue_wake(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->mutex);
}
