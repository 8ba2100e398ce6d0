/* promise.h - which file a source reads, and what a manifest promises about it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A manifest is read once a run, and "the latest backup" decided once a run: both are kept with what the steps have in common.
 */
#ifndef PENSTOCK_AVRO_PROMISE_H
#define PENSTOCK_AVRO_PROMISE_H

#include "connectors/avro/manifest.h"
#include "engine/core/option.h"
#include "engine/core/source.h"

enum promise_use { PROMISE_AUTO = 0, PROMISE_NONE };

struct avro_options {
	const char *path;   /* either this */
	const char *folder; /* or this with the next two */
	const char *backup;
	const char *table;
	struct option_list ignore;
	int manifest;       /* enum promise_use */
	bool once;          /* of interest to the engine alone */
};

struct promise {
	char path[sizeof ((struct source_identity *)NULL)->path]; /* the file */
	const struct manifest *manifest;    /* NULL: none */
	const struct manifest_table *table; /* in it; NULL: none */
	struct manifest *owned;             /* where there is no run that it could belong to */
	bool same_dictionary;               /* the table was written under the dictionary that it is read with */
	struct expectation expectation;     /* valid where table is not NULL */
	char origin[128];
};

/* What in the options does not go together; no I/O. ERROR_CONFIG without a place. */
int promise_check(const struct avro_options *options, struct error *error);

/* Finds the file and its entry in the manifest. 0, or -1 and ERROR_CONFIG (options), ERROR_SOURCE (no such backup, no such table in
 * it, a damaged manifest). To be closed in any case. */
int promise_open(struct promise *promise, const struct avro_options *options, const struct source_context *context, struct error *error)
	MUST_CHECK;
void promise_close(struct promise *promise);

#endif
