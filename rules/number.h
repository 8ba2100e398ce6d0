/* number.h - numbers read from text: exact, independent of the locale, without allocating.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Texts have no spaces around them; each function is false where the text is no such number or out of range.
 * Plain spelling: [-+] digits [. digits] [(e|E) [-+] digits]; digits on one side of the point are enough.
 */
#ifndef PENSTOCK_RULES_NUMBER_H
#define PENSTOCK_RULES_NUMBER_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/value.h"

enum { NUMBER_MARK_MAX = 8 };

/* How a source spells numbers: Table Schema's decimalChar, groupChar and bareNumber. */
struct number_style {
	char decimal[NUMBER_MARK_MAX]; /* not terminated */
	char group[NUMBER_MARK_MAX];
	size_t decimal_length; /* 1 for the default "." */
	size_t group_length;   /* 0: none */
	bool bare;             /* false: a unit around the digits is dropped (currency, %) */
};

#define NUMBER_STYLE_PLAIN                                                                                             \
	{                                                                                                              \
		.decimal = ".", .decimal_length = 1, .bare = true                                                      \
	}

bool number_style_is_plain(const struct number_style *style);

/* Rewrites a number into the plain spelling. out has room for length bytes; returns the new length, or 0 where a mark
 * stands in a wrong place, or more than a unit around it. With whole, there is no decimal mark. */
size_t number_unstyle(const struct number_style *style, bool whole, const char *text, size_t length, char *out);

/* [-+] digits, 64 bit. */
bool number_integer(const char *text, size_t length, int64_t *out);

/* The double nearest to a plain number, as strtod gives it; never infinite, never -0. scratch has room for length + 1
 * bytes; c is the "C" locale. */
bool number_double(const char *text, size_t length, char *scratch, locale_t c, double *out);

/* A plain number that needs at most scale digits after the point and precision - scale before it, leading zeros and
 * zeros at the fraction's end left out: unscaled = number * 10^scale. */
bool number_decimal(const char *text, size_t length, unsigned precision, unsigned scale, decimal_t *out);

#endif
