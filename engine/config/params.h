/* params.h - the `params:` of a pipeline file and what --set gives them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONFIG_PARAMS_H
#define PENSTOCK_CONFIG_PARAMS_H

#include "engine/config/load.h"
#include "engine/config/stash.h"
#include "engine/core/diagnostics.h"
#include "engine/core/option.h"
#include "engine/core/value.h"

enum { PARAMS_MAX = 1000 };

struct param {
	const char *name;
	const struct node *place;    /* its key; valid while the document is */
	const char *description;     /* NULL: none */
	struct option_list values;   /* enum; count 0: any */
	enum value_type type;        /* VALUE_STRING unless it declares another */
	const char *canonical;       /* value as value_format_* write it; NULL for strings, and without a value */
	const char *pattern;         /* the whole value must match; NULL: none */
	bool request;                /* a request may set it */
	bool upload;                 /* a request may upload the file it names */
	bool requested;              /* value came with a request */
	const char *value;           /* NULL: neither given nor defaulted */
	const char *definition;      /* value as in the definition of a step: what differs from run to run is left as written */
	bool secret;                 /* a part of value came from the environment or another file */
	bool used;
	bool broken;                 /* its mistake was reported; who uses it is not blamed again */
};

struct params {
	struct param *items;
	size_t count;
};

struct scope;

/* Reads the map under `params` (NULL: none), takes the values of --set, and checks each value against type, enum and pattern.
 * scope: for defaults; its params are not used. Returns 0, or -1 after mistakes were reported. */
int params_load(struct params *params, const struct node *map, const struct load_options *options,
	const struct scope *scope, struct stash *stash, struct diagnostics *diagnostics);

/* NULL where there is none of that name. */
struct param *params_find(const struct params *params, const char *name);

/* A warning for each that nothing uses. */
void params_report_unused(const struct params *params, struct diagnostics *diagnostics);

#endif
