/* parts.h - what the files of the room share; nobody else includes it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_MEND_PARTS_H
#define PENSTOCK_MEND_PARTS_H

#include "connectors/json/record.h"
#include "connectors/odbc/history.h"
#include "engine/mend/mend.h"
#include "engine/mend/original.h"
#include "engine/mend/sheet.h"
#include "engine/mend/staged.h"

enum { NOTES_EACH = 3, BODY_MAX = 1 << 30 };

/* Labels of the rows of one batch. */
struct label_place {
	size_t rule, rule_length, message, message_length, extra, extra_length;
};

struct mend_source {
	struct mend_binding binding; /* first: see engine/core/mend.h */
	struct mend_job *job;
	const struct plan_step *step;
	struct source_context context;
	struct staged *staged;
	struct staged_item item;     /* the next one */
	bool waiting;                /* there is one */
	uint64_t skipped[SKIP_REASONS];  /* not yet in a batch */
	uint64_t left_out[SKIP_REASONS]; /* all of them */
	uint64_t noted[SKIP_REASONS];
	uint64_t bytes;              /* of the file of mended rows, not yet in a batch */
	struct original original;    /* the file that items of STAGED_PLACE are in */
	bool reading;                /* it is open, and not read to its end */
	uint64_t reached;            /* record_no of the last reject that it was read for */
	struct json_record json;
	bool json_ready;
	struct sheet cutter;         /* for records in the store */
	struct buffer surplus;       /* cells of a record that are of no field */
	bool opened, ended;
	bool has_extra;
	struct label_place *labels;  /* exporting: of each row of the last batch */
	size_t label_count;
	struct buffer label_texts;
};

/* Counts a record that is left out, and says why as long as not many were told. */
void mend_skip(struct mend_source *source, enum skip_reason reason, const char *format, ...) PRINTF_LIKE(3, 4);

/* What the store looks like to a step. -1 and error. */
int mend_history(const struct plan *plan, const struct plan_connection *connection, struct cancel *cancel, struct history **out, struct error *error)
	MUST_CHECK;

/* stage_file.c: the rows of the file that are this step's. */
int stage_file(struct mend_source *source, struct error *error) MUST_CHECK;
/* stage_run.c: the rejects of the run that are this step's. */
int stage_run(struct mend_source *source, struct error *error) MUST_CHECK;

/* What of a record is of no field, borrowed until the next call; the whole of it where it cannot be cut. */
int mend_surplus(struct mend_source *source, struct text record, struct text *out, struct error *error) MUST_CHECK;

/* "123", nothing else; false: none. */
bool mend_parse_id(struct text text, int64_t *out);

#endif
