/* option.h - one table describes the options of a connector: it drives parsing, `penstock connectors`, the reference
 * page, the JSON Schema and what is secret.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An option is bound by offset into the instance of the connector (whose first bytes are its options).
 * Strings and lists that are bound belong to the plan and outlive every instance.
 */
#ifndef PENSTOCK_CORE_OPTION_H
#define PENSTOCK_CORE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/value.h"

enum option_kind {
	OPTION_STRING = 1, /* const char * */
	OPTION_BOOLEAN,    /* bool: true or false */
	OPTION_INTEGER,    /* int64_t within minimum..maximum */
	OPTION_SIZE,       /* uint64_t bytes: 4096, 64KiB, 4MiB, 1GiB (also kB, MB, GB: powers of 1000) */
	OPTION_DURATION,   /* int64_t milliseconds: 500ms, 30s, 5m, 2h, 1d */
	OPTION_BYTE,       /* char: one character of one byte, no line end; \t is spelled "\t" */
	OPTION_ENUM,       /* int: index into values */
	OPTION_LIST,       /* struct option_list: sequence of scalars, or one scalar */
	OPTION_MAP,        /* struct option_map: map from scalar to scalar, in file order */
	OPTION_COMMIT,     /* struct option_commit: auto | step | {rows: N, every: 1s} */
	OPTION_SQL,        /* struct option_sql: one text, or a map from dialect to text; each ${...} in it is a parameter */
};

enum option_flags {
	OPTION_REQUIRED = 1,
	OPTION_SECRET = 2,     /* never printed */
	OPTION_CONNECTION = 4, /* OPTION_STRING: the name of an entry of `connections`; what is bound is its connection string */
};

struct option_list {
	const char *const *items;
	size_t count;
};

struct option_map {
	const char *const *keys;
	const char *const *values;
	size_t count;
};

enum commit_kind { COMMIT_AUTO = 0, COMMIT_STEP, COMMIT_PIECES };
struct option_commit {
	enum commit_kind kind;
	uint64_t rows;     /* COMMIT_PIECES; 0: not bounded by rows */
	int64_t every_ms;  /* COMMIT_PIECES; 0: not bounded by time */
};

/* What a ${...} in SQL stood for: bound, never text. */
struct option_parameter {
	const char *name;     /* what stood between the braces, without defaults: "params.year"; for messages */
	enum value_type type; /* of a param, as it declares: string, integer, double, boolean, date or datetime; all else is a string */
	const char *value;    /* canonical, as value_format_* write it (booleans: true, false); never NULL */
	bool secret;          /* never printed */
};

struct option_statement {
	const char *dialect; /* "sqlite", "postgresql", "mariadb", "sqlserver"; NULL: for all */
	const char *text;    /* each ${...} became a ?; no other ? stands outside of quotes and comments */
	const struct option_parameter *parameters; /* in the order of their ? */
	size_t parameter_count;
};

/* Either one statement for all dialects, or one for each that the file has. */
struct option_sql {
	const struct option_statement *statements;
	size_t count; /* 0: not given */
};

struct option {
	const char *name; /* snake_case; NULL ends a table */
	enum option_kind kind;
	unsigned flags;
	size_t offset;
	const char *fallback;      /* default in the file's own spelling; NULL: zero, or required */
	int64_t minimum, maximum;  /* OPTION_INTEGER, OPTION_SIZE, OPTION_DURATION; both 0: unbounded. OPTION_STRING, OPTION_BYTE: minimum 1:
	                            * not empty; no space or tab */
	const char *apart;         /* OPTION_BYTE: another one of the table, which must be another character; or NULL */
	const char *const *values; /* OPTION_ENUM: names, NULL at the end */
	const char *help;          /* one sentence for the reference page */
};

#endif
