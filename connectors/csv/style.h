/* style.h - what a CSV source and a CSV sink demand alike of their options.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CSV_STYLE_H
#define PENSTOCK_CSV_STYLE_H

#include "connectors/csv/walk.h"
#include "engine/core/error.h"
#include "engine/core/option.h"

/* Most lines that may be left out before a header, and most lines of one. */
enum { SKIP_LINES_MAX = 1000000, HEADER_ROWS_MAX = 16 };

/* What a reader of one file is told. */
struct csv_options {
	bool header;
	const char *delimiter; /* NULL: a comma */
	const char *quote;     /* "none": there is none; NULL: a double one */
	const char *escape;    /* NULL: there is none */
	bool escape_codes;
	bool double_quote;
	const char *comment;   /* NULL: there are none */
	int64_t skip_lines;
	int64_t header_rows;   /* 0: one */
	const char *header_join;
	bool skip_initial_space;
	bool trim;
	int short_rows;        /* enum short_rows */
	int long_rows;         /* enum long_rows */
	const char *encoding;  /* NULL: UTF-8 */
};
#define CSV_OPTIONS_DEFAULT { .header = true, .delimiter = ",", .quote = "\"", .double_quote = true, .header_join = " " }

enum short_rows { SHORT_REJECT = 0, SHORT_PAD };

/* Each returns 0, or -1 and ERROR_CONFIG. what: "csv source", for messages. */
int csv_check_path(const char *path, const char *what, struct error *error) MUST_CHECK;
/* What the options mean, or what in them does not go together. */
int csv_grammar(const struct csv_options *options, struct grammar *out, struct error *error) MUST_CHECK;
int csv_check_characters(const char *path, char delimiter, char quote, struct error *error) MUST_CHECK;

#endif
