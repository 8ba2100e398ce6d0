/* yaml_print.h - a JSON document as YAML that a person would have written: maps and lists in blocks, small ones on one line.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_YAML_PRINT_H
#define PENSTOCK_CLI_YAML_PRINT_H

#include <jansson.h>

#include "engine/core/buffer.h"

/* Appends the document, which is a map or a list, with a line end. Every text reads back as the same text: whatever could be taken for
 * something else is quoted, and control characters are escaped. */
int yaml_print(const json_t *document, struct buffer *out, struct error *error) MUST_CHECK;

#endif
