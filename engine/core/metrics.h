/* metrics.h - counters, gauges and histograms with labels, and the text that Prometheus reads.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A family is a const table of its owner; a series of it is made by its first value. Series are bounded (METRICS_SERIES_MAX): values beyond are dropped and
 * counted. From any thread. The text is that of the exposition format, version 0.0.4.
 */
#ifndef PENSTOCK_CORE_METRICS_H
#define PENSTOCK_CORE_METRICS_H

#include "engine/core/buffer.h"

enum metric_kind { METRIC_COUNTER = 1, METRIC_GAUGE, METRIC_HISTOGRAM };
enum { METRIC_LABELS_MAX = 4, METRIC_BOUNDS_MAX = 16, METRICS_SERIES_MAX = 10000 };

struct metric {
	const char *name, *help;     /* a counter ends in _total, all else in its unit */
	enum metric_kind kind;
	const char *labels[METRIC_LABELS_MAX + 1]; /* NULL at the end */
	double bounds[METRIC_BOUNDS_MAX];          /* METRIC_HISTOGRAM: upper bounds, ascending, 0 behind the last; +Inf comes by itself */
};

struct metrics;

/* Of values that had no place; written where it is among the families. Without a label: it is not for files of which a machine has several. */
extern const struct metric metrics_dropped;

/* families: NULL at the end; written in that order. Borrowed. NULL and error. */
struct metrics *metrics_new(const struct metric *const *families, struct error *error) MUST_CHECK;
void metrics_free(struct metrics *metrics); /* NULL is fine */

/* values: of the labels, in their order (NULL is an empty text); copied. Each does nothing where metrics is NULL. */
/* The series is there from now on, at 0 unless it was before: increase() and rate() of Prometheus do not see the value that a series begins with. */
void metrics_make(struct metrics *metrics, const struct metric *metric, const char *const *values);
void metrics_add(struct metrics *metrics, const struct metric *metric, const char *const *values, double more);
/* A counter that somebody else counts: value is its sum, which never falls. */
void metrics_raise(struct metrics *metrics, const struct metric *metric, const char *const *values, double value);
void metrics_set(struct metrics *metrics, const struct metric *metric, const char *const *values, double value);
void metrics_observe(struct metrics *metrics, const struct metric *metric, const char *const *values, double value);

/* How many series there are. */
size_t metrics_count(struct metrics *metrics);

/* Appends all series. */
int metrics_write(struct metrics *metrics, struct buffer *out, struct error *error) MUST_CHECK;

#endif
