/* options.h - binds a map of a pipeline file through an option table into an instance, with messages that say what to do.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONFIG_OPTIONS_H
#define PENSTOCK_CONFIG_OPTIONS_H

#include "engine/config/stash.h"
#include "engine/core/diagnostics.h"
#include "engine/core/node.h"
#include "engine/core/option.h"

struct connections; /* engine/config/connections.h */
struct scope;       /* engine/config/interpolate.h */

struct binder {
	const char *owner;                /* whose options they are, for messages: "csv", "rules" */
	struct stash *stash;              /* keeps strings and lists */
	struct diagnostics *diagnostics;
	struct connections *connections;  /* for OPTION_CONNECTION; NULL where the table has none */
	const struct scope *scope;        /* for OPTION_SQL, whose text was not interpolated; NULL where the table has none */
};

/* Every key of map must stand in one of the tables (NULL at the end); each other one is an error with a guess. */
int options_check_keys(const struct binder *binder, const struct node *map, const struct option *const *tables);

/* Binds table from map into instance: what the map has, else the default, else zero. Keys that the table lacks are left
 * alone. Returns 0, or -1 after each mistake was reported. */
int options_bind(const struct binder *binder, const struct node *map, const struct option *table, void *instance);

/* The option of that name, or NULL. */
const struct option *options_find(const struct option *table, const char *name);

/* The text of a scalar for a message: quoted and cut, or words that do not show it when it is secret. Returns shown. */
enum { SHOWN_SIZE = 96 };
const char *options_show(const struct node *node, bool secret, char shown[SHOWN_SIZE]);

/* Words to guess from; begins as {0}, ends with a NULL. Words beyond its size are not guessed. */
struct names {
	const char *list[256];
	size_t count;
};
void names_add(struct names *names, const char *name);

/* " (did you mean "x"?)" or, where nothing is near, " (known: a, b, c)". Returns out. */
const char *options_guess(const char *word, const char *const *candidates, char *out, size_t size);

#endif
