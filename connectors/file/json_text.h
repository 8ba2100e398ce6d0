/* json_text.h - rows as JSON objects (RFC 8259): one array, or one object a line (NDJSON).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every field stands in every object, in the order of the fields; null is null. Numbers are JSON numbers with all their digits, booleans
 * true and false, objects, arrays and `any` what they are, bytes base64, all else its canonical text.
 */
#ifndef PENSTOCK_FILE_JSON_TEXT_H
#define PENSTOCK_FILE_JSON_TEXT_H

#include "connectors/file/text.h"

struct json_style {
	bool lines;  /* one object a line, and no array around them */
	bool masked; /* values of sensitive fields are not shown */
};

extern const struct text_format json_text; /* style: struct json_style */

#endif
