/* workers.c - threads that run handlers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/workers.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>

enum { STACK_BYTES = 8 << 20 };

struct job {
	void (*work)(void *arg);
	void *arg;
	sem_t done;
	struct job *next;
};

struct workers {
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	struct job *first, **last;
	size_t waiting, queue, idle;
	bool ending;
	pthread_t *threads;
	size_t thread_count;
};

static void *run(void *arg)
{
	struct workers *workers = arg;

	pthread_mutex_lock(&workers->lock);
	for (;;) {
		struct job *job = workers->first;

		if (!job && workers->ending)
			break;
		if (!job) {
			workers->idle++;
			pthread_cond_wait(&workers->arrived, &workers->lock);
			workers->idle--;
			continue;
		}
		workers->first = job->next;
		if (!workers->first)
			workers->last = &workers->first;
		workers->waiting--;
		pthread_mutex_unlock(&workers->lock);
		job->work(job->arg);
		sem_post(&job->done);
		pthread_mutex_lock(&workers->lock);
	}
	pthread_mutex_unlock(&workers->lock);
	return NULL;
}

struct workers *workers_start(size_t threads, size_t queue, struct error *error)
{
	struct workers *workers = calloc(1, sizeof(*workers));
	pthread_attr_t attributes;
	int failed = 0;

	if (workers)
		workers->threads = calloc(threads, sizeof(*workers->threads));
	if (!workers || !workers->threads) {
		free(workers);
		error_memory(error, "the worker threads");
		return NULL;
	}
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->arrived, NULL);
	workers->last = &workers->first;
	workers->queue = queue;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	while (!failed && workers->thread_count < threads) {
		failed = pthread_create(&workers->threads[workers->thread_count], &attributes, run, workers);
		workers->thread_count += !failed;
	}
	pthread_attr_destroy(&attributes);
	if (failed) {
		error_errno(error, ERROR_RESOURCE, NULL, failed, "cannot start a worker thread");
		workers_stop(workers);
		return NULL;
	}
	return workers;
}

void workers_stop(struct workers *workers)
{
	if (!workers)
		return;
	pthread_mutex_lock(&workers->lock);
	workers->ending = true;
	pthread_cond_broadcast(&workers->arrived);
	pthread_mutex_unlock(&workers->lock);
	for (size_t i = 0; i < workers->thread_count; i++)
		pthread_join(workers->threads[i], NULL);
	pthread_cond_destroy(&workers->arrived);
	pthread_mutex_destroy(&workers->lock);
	free(workers->threads);
	free(workers);
}

int workers_do(struct workers *workers, void (*work)(void *arg), void *arg)
{
	struct job job = {.work = work, .arg = arg};

	pthread_mutex_lock(&workers->lock);
	/* A job that an idle worker is about to take does not wait. */
	if (workers->waiting >= workers->queue + workers->idle) {
		pthread_mutex_unlock(&workers->lock);
		return -1;
	}
	sem_init(&job.done, 0, 0);
	*workers->last = &job;
	workers->last = &job.next;
	workers->waiting++;
	pthread_cond_signal(&workers->arrived);
	pthread_mutex_unlock(&workers->lock);
	while (sem_wait(&job.done) < 0)
		; /* a signal */
	sem_destroy(&job.done);
	return 0;
}
