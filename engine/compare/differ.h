/* differ.h - which rows of two tables differ, in flat memory however many there are: both are read three times, in any order of rows.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   tally    by the hash of its key every row falls into one of 65,536 buckets; of each the hashes of one side's rows are added and those
 *            of the other's taken away: what is zero at the end is equal
 *   match    rows of buckets that are not, as many as fit a bound, are matched by key and content
 *   capture  the values of those that stayed without their like
 *
 * Both sides go through one stage, then the next one begins. Without a key, or where one key has very many rows, whole rows are matched.
 */
#ifndef PENSTOCK_COMPARE_DIFFER_H
#define PENSTOCK_COMPARE_DIFFER_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/core/batch.h"
#include "engine/core/error.h"

enum differ_side { SIDE_A = 0, SIDE_B = 1 };

enum { DIFFER_SHOWN_MAX = 10000, DIFFER_CELL_MAX = 256 /* bytes of a value that are shown */ };

struct differ;

/* key: fields of the rows' schema, copied; count 0: whole rows. shown: how many rows that differ are to be told, at most
 * DIFFER_SHOWN_MAX. Schemas of batches have the same fields, and the first batch's outlives the differ. NULL and error. */
struct differ *differ_new(const size_t *key, size_t count, size_t shown, struct error *error) MUST_CHECK;
void differ_free(struct differ *differ); /* NULL is fine */

/* Adds the ROW_LIVE rows of a batch. */
int differ_tally(struct differ *differ, enum differ_side side, const struct batch *batch, struct error *error) MUST_CHECK;
/* After both sides. False: whole rows will be matched, and both sides are to be tallied again. */
bool differ_tallied(struct differ *differ);

int differ_match(struct differ *differ, enum differ_side side, const struct batch *batch, struct error *error) MUST_CHECK;
/* After both sides. */
int differ_matched(struct differ *differ, struct error *error) MUST_CHECK;

int differ_capture(struct differ *differ, enum differ_side side, const struct batch *batch, struct error *error) MUST_CHECK;

/* Sets in object: key (names), changed, only_in_a, only_in_b (numbers of rows), counted_all (false: these were found, there may be more) and
 * rows, each {"difference": "changed", "key": {...}, "columns": {NAME: {"a": ..., "b": ...}}} or {"difference": "only_in_a", "times": N,
 * "row": {...}}. Values are canonical texts (binary: hexadecimal), or null. */
int differ_report(const struct differ *differ, const struct schema *schema, json_t *object, struct error *error) MUST_CHECK;

#endif
