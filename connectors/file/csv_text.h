/* csv_text.h - rows as CSV (RFC 4180).
 * SPDX-License-Identifier: Apache-2.0
 *
 * null is a cell with nothing in it, the empty text one with quotes: "". A cell is quoted where it holds the delimiter, the quote or a
 * line end, where it is empty, and where it would be taken for something else at the file's beginning (a byte order mark). In a table
 * of one field null has quotes, too: a line with nothing on it would not be a record.
 */
#ifndef PENSTOCK_FILE_CSV_TEXT_H
#define PENSTOCK_FILE_CSV_TEXT_H

#include "connectors/file/text.h"

struct csv_style {
	char delimiter, quote; /* ASCII, different, neither a line end */
	bool header;           /* a first line with the names of the fields */
	bool crlf;             /* lines end in CR LF; otherwise in LF */
	bool masked;           /* values of sensitive fields are not shown */
};

extern const struct text_format csv_text; /* style: struct csv_style */

#endif
