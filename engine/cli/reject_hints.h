/* reject_hints.h - what the rejects of a rule have in common, found while they pass by once, and said in a sentence or two.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Flat memory: of the values the most frequent are counted as long as there are few (Metwally, Agrawal, El Abbadi: Efficient computation of
 * frequent and top-k elements in data streams, 2005); beyond that a count is a lower bound, and said to be one.
 */
#ifndef PENSTOCK_CLI_REJECT_HINTS_H
#define PENSTOCK_CLI_REJECT_HINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/buffer.h"

enum { HINT_VALUES = 32, HINT_VALUE_MAX = 64, HINT_MESSAGE_MAX = 256 };

/* Ways in which people write what a rule cannot read. */
enum hint_form {
	FORM_SLASHED = 0,   /* 31/12/2021 or 12/31/2021 */
	FORM_DOTTED,        /* 31.12.2021 */
	FORM_DASHED,        /* 31-12-2021 */
	FORM_YEAR_SLASHED,  /* 2021/12/31 */
	FORM_BARE_DATE,     /* 20211231 */
	FORM_SPACED,        /* 2021-12-31 23:59:59 */
	FORM_SECONDS,       /* 1640995199, of a date */
	FORM_DIGITS,        /* 1.23456, where the field has no room for it */
	FORM_COMMA,         /* 1234,56 */
	FORM_POINT,         /* 1234.56, where the comma is the decimal mark */
	FORM_GROUPED,       /* 1,234.56 */
	FORM_SIGN,          /* $ 12, 12 %, 12 kg */
	FORM_NEGATIVE,      /* (12), 12- */
	FORMS,
};

struct hint_value {
	uint64_t hash, count, over; /* over: of the count, so much may have been of others */
	char text[HINT_VALUE_MAX];  /* cut */
};

struct hint_rule {
	char *id;
	char code[32];
	char message[HINT_MESSAGE_MAX]; /* of the first */
	char field[64];
	uint64_t count, empty, cut, numbers;
	uint64_t longest, shortest;     /* characters */
	double least, greatest;         /* of those that are numbers */
	uint64_t forms[FORMS];
	bool day_first, month_first;    /* of FORM_SLASHED, where the numbers say so */
	struct hint_value values[HINT_VALUES];
	size_t value_count;
	bool evicted;                   /* there were more values than are kept */
};

/* value: of the first violation; cut: it is only the beginning of one. */
void hint_add(struct hint_rule *rule, const char *value, size_t length, bool cut, const char *message);

/* Appends what is to be said, without a line end; nothing where there is nothing. */
int hint_put(const struct hint_rule *rule, struct buffer *out, struct error *error) MUST_CHECK;

/* 1234567 as "1,234,567". */
char *hint_number(uint64_t number, char out[32]);

#endif
