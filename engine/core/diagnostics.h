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
	char *text;         /* "file:line:column: message"; control characters in it are shown as ? */
	size_t place_length; /* that much of text is "file:line:column", or whatever else the place is; 0: there is none */
	size_t file_length; /* that much of text is the file */
	unsigned line, column;
};

struct diagnostics {
	struct diagnostic items[DIAGNOSTICS_MAX];
	size_t count;  /* kept; a warning gives way to an error where there is no room for both */
	size_t errors; /* found, also those beyond DIAGNOSTICS_MAX */
	size_t warnings;
	bool out_of_memory; /* counted in errors */
};

void diagnostics_init(struct diagnostics *diagnostics);
void diagnostics_fini(struct diagnostics *diagnostics);

/* The place is that of node: "file:line:column", or its file where its line is 0, or none where node is NULL. Messages
 * never hold the text of a node that is secret. */
void diagnostics_error(struct diagnostics *diagnostics, const struct node *node, const char *format, ...) PRINTF_LIKE(3, 4);
void diagnostics_warning(struct diagnostics *diagnostics, const struct node *node, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* Takes an error that some call gave: its place and message become an error here (ERROR_RESOURCE: out_of_memory). Clears
 * it. */
void diagnostics_take(struct diagnostics *diagnostics, struct error *error);

/* Memory ran out: one error however often it is said. */
void diagnostics_memory(struct diagnostics *diagnostics);

/* Brings the findings of each file into the order of its lines; files stay in the order in which they came. */
void diagnostics_sort(struct diagnostics *diagnostics);

/* The first error found as ERROR_CONFIG ("and N more"), or ERROR_RESOURCE when memory ran out. Always returns -1. */
int diagnostics_error_of(const struct diagnostics *diagnostics, struct error *error);

/* The word of candidates (NULL at the end) nearest to word when it is near enough for a typo, else NULL. */
const char *suggest(const char *word, const char *const *candidates);

#endif
