/* batch.h - some thousands of rows in columns, with where each came from and what is wrong with it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A batch always has exactly one owner: pool -> source -> queue -> rules -> queue -> sink -> pool.
 *
 *   columns[c].cells[r]      state of a cell            origins[r]    where the record begins in the source
 *   columns[c].texts[r]      its text as the source had it (a span of the arena; sources of text only)
 *   columns[c].integers[r]   its typed value, valid where cells[r] == CELL_VALUE
 *   status[r]                live, or why it is out     violations[]  what is wrong, row by row
 *
 * Where a transform stands between source and rules, a batch has two sets of columns on one arena: the source fills those of its own schema;
 * batch_turn makes the other set, of the table, the batch's columns, and keeps the source's as `given` until the batch is emptied.
 *
 * The arena holds the bytes of one batch and is emptied with it; spans are offsets, so it may move while it grows.
 */
#ifndef PENSTOCK_CORE_BATCH_H
#define PENSTOCK_CORE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/counts.h"
#include "engine/core/error.h"
#include "engine/core/limits.h"
#include "engine/core/rule.h"
#include "engine/core/schema.h"
#include "engine/core/value.h"

enum cell_state {
	CELL_ABSENT = 0, /* the record was too short to have it */
	CELL_TEXT,       /* texts[r] is set, not yet judged */
	CELL_NULL,
	CELL_VALUE,      /* the typed value is set */
	CELL_BAD,        /* not a value: its bytes or its type are wrong; a violation says so */
};

enum row_status {
	ROW_LIVE = 0,  /* to be written */
	ROW_BLANK,     /* skipped: a line with nothing on it */
	ROW_LIMIT,     /* skipped: read beyond --limit */
	ROW_REJECTED,  /* has at least one violation */
	ROW_FILTERED,  /* skipped: the step's transform left it out */
	ROW_ASIDE,     /* in no book: of a replay, a record of the source that was not asked for; or one that waits, and comes again in another batch */
	ROW_WAITING,   /* between judge and waiting.h: a parent among the table's own records has not come */
};

struct origin {
	uint64_t record_no;   /* data records from 1, blank ones included, header not */
	uint64_t line_no;     /* from 1: where the record begins */
	uint64_t byte_offset; /* from 0: where the record begins */
	uint64_t byte_length; /* of the record with its line end; of the damage for a record-error */
	struct span text;     /* the original record without its line end, cut at limits.record; for the reject store */
};

struct column {
	const struct field *field; /* borrowed from the schema */
	uint8_t *cells;            /* enum cell_state */
	bool local;                /* set by a source with types of its own: its datetimes are local times, which the rules take for such of the
				    * field's time zone and make UTC; batch_reset takes it back */
	struct span *texts;
	union {
		int64_t *integers;     /* integer, boolean, date, time, datetime, year */
		double *doubles;
		decimal_t *decimals;
		struct span *spans;    /* string: the same array as texts; others of STORAGE_SPAN: their own */
	};
};

struct arena {
	char *data;
	size_t used;
	size_t size;
	size_t soft;    /* a source ends its batch once used reaches this */
	size_t ceiling; /* never more than this */
};

/* What a source finds wrong with a record itself; the rules turn it into violations. */
enum fault_kind {
	FAULT_ENCODING = 1,
	FAULT_RECORD,
	FAULT_EXTRA,
	FAULT_TYPE, /* a source with types of its own had a value that is none of the field's; the cell is CELL_BAD */
};

struct fault {
	uint32_t row;
	enum fault_kind kind;
	size_t field;       /* FAULT_ENCODING, FAULT_TYPE: the cell (its state is CELL_BAD), or SCHEMA_NO_FIELD */
	struct span detail; /* what a person should read; may be empty */
};

struct violation {
	uint32_t row;
	const struct rule *rule;
	struct span detail; /* replaces rule->text where it is not empty */
};

struct source_file;  /* engine/core/source.h */
struct fingerprints; /* engine/core/fingerprint.h */

/* Where a record comes from, for a batch whose rows are not all of one page or file; see page, file and file_number of a batch. */
struct place {
	uint64_t page;
	const char *file;
};

/* Where a source stands after a batch: what a checkpoint keeps. The token is the source's own business. */
enum { POSITION_TOKEN_MAX = 512, SHA256_HEX_SIZE = 65 };
struct position {
	char token[POSITION_TOKEN_MAX]; /* empty: the beginning */
	char hash[SHA256_HEX_SIZE];     /* SHA-256 of the content before it, hex; empty where the source has none */
};

/* One set of columns and the schema that they are of. */
struct batch_side {
	const struct schema *schema; /* NULL: there is none */
	struct column *columns;
};

struct batch {
	const struct schema *schema; /* borrowed; outlives the batch */
	size_t capacity;
	size_t rows;
	struct column *columns;      /* schema->field_count */
	struct origin *origins;
	uint8_t *status;             /* enum row_status */
	uint8_t *passed;             /* 1: passed all judgement, so its keys stay taken even when the database refuses it */
	struct arena arena;
	struct fault *faults;        /* ascending by row */
	size_t fault_count, fault_capacity;
	struct violation *violations; /* grouped by row, ascending; in a row by stage, then field, once sorted */
	size_t violation_count, violation_capacity;

	uint64_t sequence;           /* from 0, in source order */
	uint64_t page;               /* its records are of this page, from 1, and counted within it; 0: a source without pages */
	const char *file;            /* of a source of several files: path of the one that all its records are of; else NULL. Until the source is closed */
	size_t file_number;          /* which of them, from 0 */
	const struct place *places;  /* NULL; or of each row, in place of page and file: borrowed until the batch is emptied */
	const struct source_file *file_end; /* not NULL: the file ends with this batch. Until the source is closed */
	uint64_t bytes;              /* of the source that this batch consumed */
	uint64_t skipped[SKIP_REASONS]; /* records that the source read before the end of this batch and gave no row, by reason */
	struct position position;    /* just after this batch */
	bool last;                   /* the source has nothing after it */
	bool replayed;               /* before the checkpoint: judged for its keys, never written again */
	bool keys_judged;            /* false: the rules thread left the keys to the sink's station */
	struct fingerprints *prints; /* flow.c: of its live rows once they were judged; NULL where nobody wants them */
	struct batch *company;       /* flow.c alone: the empty batches whose place in the pool its bytes take, a list; else NULL */
	struct batch_side given;           /* once turned: what the source filled */
	struct batch_side spare;           /* until turned: what a transform fills */
};

/* How many rows a batch of this schema should have: bounded in rows and in cells (wide tables get fewer rows), and by
 * most (0: no further bound). At least 1. */
size_t batch_rows_for(const struct schema *schema, size_t most);

/* A batch of capacity rows; NULL and error when out of memory. The arena's ceiling follows from limits. */
struct batch *batch_new(const struct schema *schema, size_t capacity, const struct limits *limits,
	struct error *error) MUST_CHECK;
void batch_free(struct batch *batch);

/* Gives an empty batch the columns of another schema, to be turned to. Returns 0, or -1 and error when out of memory. */
int batch_add_side(struct batch *batch, const struct schema *schema, struct error *error) MUST_CHECK;

/* From here to batch_reset the columns are those that were added, as they were left; whoever turns fills every cell and text of every row. */
void batch_turn(struct batch *batch);

/* Empties it for the next use; gives memory back that one huge record took. */
void batch_reset(struct batch *batch);

/* True when a source should add no further row: no row left, or the arena beyond its soft bound. */
static inline bool batch_is_full(const struct batch *batch)
{
	return batch->rows >= batch->capacity || batch->arena.used >= batch->arena.soft;
}

/* Takes the rows from this one on back, with what was in them; arena, faults and violations are the caller's business. */
void batch_cut(struct batch *batch, size_t rows);

/* Adds a row with all cells CELL_ABSENT and without text, status ROW_LIVE and a zero origin; returns its index. Asserts that
 * there is room. */
uint32_t batch_add_row(struct batch *batch);

/* Copies length bytes into the arena. Returns 0 and the span, or -1 and error beyond the ceiling (ERROR_RESOURCE). */
int batch_store(struct batch *batch, const char *data, size_t length, struct span *out, struct error *error) MUST_CHECK;

/* Room for length bytes at the arena's end, to be filled by the caller; *out is its span. Returns the address, valid
 * until the next call that may grow the arena, or NULL and error. */
char *batch_reserve(struct batch *batch, size_t length, struct span *out, struct error *error) MUST_CHECK;

static inline const char *batch_bytes(const struct batch *batch, struct span span)
{
	return batch->arena.data + span.offset;
}

/* Records a fault of a row; detail is printf-like. Returns 0 or -1 (out of memory). */
int batch_fault(struct batch *batch, uint32_t row, enum fault_kind kind, size_t field, struct error *error,
	const char *format, ...) PRINTF_LIKE(6, 7) MUST_CHECK;

/* Records a violation and makes the row ROW_REJECTED. detail may be NULL (the rule's own text is used). Returns 0 or -1. */
int batch_violation(struct batch *batch, uint32_t row, const struct rule *rule, const char *detail, struct error *error)
 MUST_CHECK;

/* Brings the rows of a list, ascending, into another order: the row that stands at rows[order[i]] comes to rows[i]. Violations and faults do not follow, so
 * that the rows have none. Returns 0 or -1 (out of memory). */
int batch_reorder(struct batch *batch, const uint32_t *rows, const uint32_t *order, size_t count, struct error *error) MUST_CHECK;

/* Orders the violations by row, stage, field, and the order in which they came. */
void batch_sort_violations(struct batch *batch);

/* Canonical text of a typed cell (CELL_VALUE) into out (at least VALUE_TEXT_MAX bytes) or pointing into the arena. */
struct text batch_cell_text(const struct batch *batch, size_t column, uint32_t row, char *out);

/* The same of a column that need not be one of those that the batch has now. */
struct text batch_column_text(const struct batch *batch, const struct column *column, uint32_t row, char *out);

#endif
