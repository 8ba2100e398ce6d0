/* metrics.c - counters, gauges and histograms with labels, and the text that Prometheus reads.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/metrics.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 16384, LABELS_MAX = 4096, NUMBER_MAX = 40 };

struct series {
	const struct metric *metric;
	char *labels;     /* `a="x",b="y"`; empty where there are none */
	double value;     /* METRIC_HISTOGRAM: the sum */
	uint64_t count;   /* METRIC_HISTOGRAM */
	uint64_t *within; /* METRIC_HISTOGRAM: of each bound, those at or below it and above the one before */
	struct series *same; /* of that place */
};

struct metrics {
	const struct metric *const *families;
	pthread_mutex_t mutex;
	struct series *places[PLACES];
	struct series **all; /* in the order of their making */
	size_t count;
	uint64_t dropped;
};

const struct metric metrics_dropped = {.name = "penstock_metrics_dropped_total", .help = "Values without a place, as there are too many series.",
	.kind = METRIC_COUNTER};

struct metrics *metrics_new(const struct metric *const *families, struct error *error)
{
	struct metrics *metrics = calloc(1, sizeof *metrics);

	if (metrics)
		metrics->all = calloc(METRICS_SERIES_MAX, sizeof *metrics->all);
	if (!metrics || !metrics->all) {
		free(metrics);
		error_memory(error, "the metrics");
		return NULL;
	}
	metrics->families = families;
	pthread_mutex_init(&metrics->mutex, NULL);
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	for (size_t i = 0; i < metrics->count; i++) {
		free(metrics->all[i]->labels);
		free(metrics->all[i]->within);
		free(metrics->all[i]);
	}
	pthread_mutex_destroy(&metrics->mutex);
	free(metrics->all);
	free(metrics);
}

/* --- series --- */

/* Backslash, quote and line end are escaped, what does not fit is cut between characters. Returns the length. */
static size_t put_value(const char *value, char *out, size_t room)
{
	size_t length = 0;

	for (; value && *value && length + 4 < room; value++) {
		if (*value == '\\' || *value == '"' || *value == '\n')
			out[length++] = '\\';
		out[length++] = *value == '\n' ? 'n' : *value;
	}
	while (value && (*value & 0xc0) == 0x80 && length > 0 && (out[length - 1] & 0x80)) /* half a character */
		if ((out[--length] & 0xc0) == 0xc0)
			break;
	return length;
}

static void make_labels(const struct metric *metric, const char *const *values, char out[LABELS_MAX])
{
	size_t length = 0, share = LABELS_MAX / (METRIC_LABELS_MAX + 1);

	for (size_t i = 0; metric->labels[i]; i++) {
		length += (size_t)snprintf(out + length, LABELS_MAX - length, "%s%s=\"", i ? "," : "", metric->labels[i]);
		length += put_value(values[i], out + length, share);
		out[length++] = '"';
	}
	out[length] = '\0';
}

static size_t place_of(const struct metric *metric, const char *labels)
{
	uint64_t hash = 14695981039346656037u ^ (uintptr_t)metric; /* FNV-1a */

	for (; *labels; labels++)
		hash = (hash ^ (unsigned char)*labels) * 1099511628211u;
	return (hash ^ hash >> 32) % PLACES;
}

static size_t bounds_of(const struct metric *metric)
{
	size_t count = 0;

	while (count < METRIC_BOUNDS_MAX && metric->bounds[count] > 0)
		count++;
	return count;
}

static struct series *series_new(struct metrics *metrics, const struct metric *metric, const char *labels, size_t place)
{
	struct series *series = metrics->count < METRICS_SERIES_MAX ? calloc(1, sizeof *series) : NULL;

	if (series) {
		series->labels = strdup(labels);
		series->within = calloc(bounds_of(metric) + 1, sizeof *series->within);
	}
	if (!series || !series->labels || !series->within) {
		if (series) {
			free(series->labels);
			free(series->within);
		}
		free(series);
		metrics->dropped++;
		return NULL;
	}
	series->metric = metric;
	series->same = metrics->places[place];
	metrics->places[place] = series;
	metrics->all[metrics->count++] = series;
	return series;
}

/* Under the mutex; NULL where there is no place for another one. */
static struct series *find(struct metrics *metrics, const struct metric *metric, const char *const *values)
{
	char labels[LABELS_MAX];
	size_t place;
	struct series *series;

	make_labels(metric, values, labels);
	place = place_of(metric, labels);
	for (series = metrics->places[place]; series; series = series->same)
		if (series->metric == metric && strcmp(series->labels, labels) == 0)
			return series;
	return series_new(metrics, metric, labels, place);
}

static struct series *lock(struct metrics *metrics, const struct metric *metric, const char *const *values)
{
	pthread_mutex_lock(&metrics->mutex);
	return find(metrics, metric, values);
}

void metrics_make(struct metrics *metrics, const struct metric *metric, const char *const *values)
{
	if (!metrics)
		return;
	(void)lock(metrics, metric, values);
	pthread_mutex_unlock(&metrics->mutex);
}

size_t metrics_count(struct metrics *metrics)
{
	pthread_mutex_lock(&metrics->mutex);
	size_t count = metrics->count;
	pthread_mutex_unlock(&metrics->mutex);
	return count;
}

void metrics_add(struct metrics *metrics, const struct metric *metric, const char *const *values, double more)
{
	if (!metrics)
		return;
	assert(metric->kind == METRIC_COUNTER && more >= 0);
	struct series *series = lock(metrics, metric, values);
	if (series)
		series->value += more;
	pthread_mutex_unlock(&metrics->mutex);
}

void metrics_raise(struct metrics *metrics, const struct metric *metric, const char *const *values, double value)
{
	if (!metrics)
		return;
	assert(metric->kind == METRIC_COUNTER);
	struct series *series = lock(metrics, metric, values);
	if (series && value > series->value)
		series->value = value;
	pthread_mutex_unlock(&metrics->mutex);
}

void metrics_set(struct metrics *metrics, const struct metric *metric, const char *const *values, double value)
{
	if (!metrics)
		return;
	assert(metric->kind == METRIC_GAUGE);
	struct series *series = lock(metrics, metric, values);
	if (series)
		series->value = value;
	pthread_mutex_unlock(&metrics->mutex);
}

void metrics_observe(struct metrics *metrics, const struct metric *metric, const char *const *values, double value)
{
	if (!metrics)
		return;
	assert(metric->kind == METRIC_HISTOGRAM);
	struct series *series = lock(metrics, metric, values);
	if (series) {
		size_t bound = 0, count = bounds_of(metric);

		while (bound < count && value > metric->bounds[bound])
			bound++;
		series->within[bound]++;
		series->count++;
		series->value += value;
	}
	pthread_mutex_unlock(&metrics->mutex);
}

/* --- the text --- */

static const char *number(double value, char out[NUMBER_MAX])
{
	if (value == floor(value) && fabs(value) < 9007199254740992.0)
		snprintf(out, NUMBER_MAX, "%.0f", value);
	else
		snprintf(out, NUMBER_MAX, "%.9g", value);
	return out;
}

static int put_line(struct buffer *out, const char *name, const char *suffix, const char *labels, const char *bound, double value, struct error *error)
{
	bool any = labels[0] || bound;
	char text[NUMBER_MAX];

	return buffer_printf(out, error, "%s%s%s%s%s%s%s%s%s %s\n", name, suffix, any ? "{" : "", labels, labels[0] && bound ? "," : "", bound ? "le=\"" : "",
		bound ? bound : "", bound ? "\"" : "", any ? "}" : "", number(value, text));
}

static int put_histogram(struct buffer *out, const struct series *series, struct error *error)
{
	size_t count = bounds_of(series->metric);
	uint64_t sum = 0;
	char bound[NUMBER_MAX];

	for (size_t i = 0; i < count; i++) {
		sum += series->within[i];
		if (put_line(out, series->metric->name, "_bucket", series->labels, number(series->metric->bounds[i], bound), (double)sum, error) < 0)
			return -1;
	}
	if (put_line(out, series->metric->name, "_bucket", series->labels, "+Inf", (double)series->count, error) < 0 ||
	    put_line(out, series->metric->name, "_sum", series->labels, NULL, series->value, error) < 0)
		return -1;
	return put_line(out, series->metric->name, "_count", series->labels, NULL, (double)series->count, error);
}

static int put_title(struct buffer *out, const struct metric *metric, struct error *error)
{
	static const char *const kinds[] = {[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

	return buffer_printf(out, error, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name, kinds[metric->kind]);
}

static int put_family(struct metrics *metrics, const struct metric *metric, struct buffer *out, struct error *error)
{
	bool titled = false;

	if (metric == &metrics_dropped)
		return put_title(out, metric, error) < 0 ? -1 : put_line(out, metric->name, "", "", NULL, (double)metrics->dropped, error);
	for (size_t i = 0; i < metrics->count; i++) {
		const struct series *series = metrics->all[i];

		if (series->metric != metric)
			continue;
		if (!titled && put_title(out, metric, error) < 0)
			return -1;
		titled = true;
		if (metric->kind == METRIC_HISTOGRAM ? put_histogram(out, series, error) < 0 :
			put_line(out, metric->name, "", series->labels, NULL, series->value, error) < 0)
			return -1;
	}
	return 0;
}

int metrics_write(struct metrics *metrics, struct buffer *out, struct error *error)
{
	int result = 0;

	pthread_mutex_lock(&metrics->mutex);
	for (size_t i = 0; metrics->families[i] && result == 0; i++)
		result = put_family(metrics, metrics->families[i], out, error);
	pthread_mutex_unlock(&metrics->mutex);
	return result;
}
