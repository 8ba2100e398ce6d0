/* preview.h - opens the parts of a step as a run would, read only, to tell what it would do.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whatever of it could be opened stays open for the caller to print; what could not is said by the errors.
 */
#ifndef PENSTOCK_CLI_PREVIEW_H
#define PENSTOCK_CLI_PREVIEW_H

#include "engine/core/plan.h"

struct preview {
	const struct plan_step *step;

	bool source_open;
	void *source;
	struct source_identity identity;
	struct error source_error; /* set where source_open is false */

	struct store *store;       /* NULL: a sink without a database, or the connection failed */
	bool sink_open;
	void *sink;
	struct rule_set rules;
	struct sink_info info;

	struct checkpoint checkpoint; /* all zero where there is none */
	bool loaded;                  /* a run would skip the file; file says who loaded it */
	bool same_size;               /* a run would look at the file's hash */
	struct file_record file;
	struct cancel cancel;         /* never set */
};

/* Opens source, database (connect false: not that) and sink; with probe a source may ask the network. Returns 0, or -1 and error when database or sink cannot be opened (not for a
 * source: see source_error). preview_close in both cases. */
int preview_open(struct preview *preview, const struct plan *plan, const struct plan_step *step, bool connect, bool probe,
	struct error *error) MUST_CHECK;
void preview_close(struct preview *preview);

/* What a connection of the plan looks like to a reader. cancel is borrowed. */
struct store_target preview_target(const struct plan_connection *connection, struct cancel *cancel);

/* The value of a boolean option; fallback where the table has none of that name. */
bool preview_boolean(const struct option *options, const void *bound, const char *name, bool fallback);
/* The value of a text option; NULL where the table has none of that name, or it was not given. */
const char *preview_text(const struct option *options, const void *bound, const char *name);

#endif
