/* queue.h - a bounded queue of batches between two threads; also the pool of free batches, which is the backpressure.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_QUEUE_H
#define PENSTOCK_CORE_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/core/batch.h"

enum { QUEUE_CAPACITY = 16 };

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct batch *batches[QUEUE_CAPACITY];
	size_t first, count;
	bool closed;
	const atomic_bool *stop; /* borrowed: a queue of a flow that stopped gives nothing more */
};

void queue_init(struct queue *queue, const atomic_bool *stop);
void queue_fini(struct queue *queue);

/* Takes the batch. There is always room: no more than QUEUE_CAPACITY batches exist. */
void queue_push(struct queue *queue, struct batch *batch);

/* Waits for the next batch and gives it; NULL once the queue is empty and closed, or the flow stopped. With patience_ms above
 * 0 it waits no longer than that and then gives NULL with *timeout set. */
struct batch *queue_pop(struct queue *queue, int patience_ms, bool *timeout);

/* Nothing more will be pushed. */
void queue_close(struct queue *queue);

/* Wakes whoever waits, so that it sees the stop. */
void queue_wake(struct queue *queue);

#endif
