/* diagnostics.h - what is wrong with a pipeline or dictionary file: several findings at once, each with its place.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_DIAGNOSTICS_H
#define PENSTOCK_CORE_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/core/error.h"
#include "engine/core/node.h"

enum { DIAGNOSTICS_MAX = 100 };

struct diagnostic {
	bool warning;
	char *text; /* "file:line:column: message" */
};

struct diagnostics {
	struct diagnostic items[DIAGNOSTICS_MAX];
	size_t count;  /* kept */
	size_t errors; /* found, also those beyond DIAGNOSTICS_MAX */
	size_t warnings;
};

void diagnostics_init(struct diagnostics *diagnostics);
void diagnostics_fini(struct diagnostics *diagnostics);

/* node may be NULL (then file, which may be NULL too, is the place). */
void diagnostics_error(struct diagnostics *diagnostics, const struct node *node, const char *format, ...) PRINTF_LIKE(3, 4);
void diagnostics_warning(struct diagnostics *diagnostics, const struct node *node, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* The first error found as ERROR_CONFIG ("and N more"). Always returns -1. */
int diagnostics_error_of(const struct diagnostics *diagnostics, struct error *error);

/* The word of candidates (NULL at the end) nearest to word when it is near enough for a typo, else NULL. */
const char *suggest(const char *word, const char *const *candidates);

#endif
