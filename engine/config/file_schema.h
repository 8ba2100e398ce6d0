/* file_schema.h - pipeline and serve files described as JSON Schema (draft-07), from the tables that parse them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A scalar of a pipeline may hold ${...}, so a text with one is taken for any value. What a schema cannot say (names that must exist,
 * options that depend on each other across a file) stands in tests/golden/pipeline_schema.txt.
 */
#ifndef PENSTOCK_CONFIG_FILE_SCHEMA_H
#define PENSTOCK_CONFIG_FILE_SCHEMA_H

#include <stdbool.h>

#include "engine/core/buffer.h"
#include "engine/core/option.h"

struct jw;

/* Appends the whole document, indented, with a line end. Returns 0 or -1. */
int pipeline_schema(struct buffer *out, struct error *error) MUST_CHECK;
/* The same of serve files. */
int serve_schema(struct buffer *out, struct error *error) MUST_CHECK;

/* --- option_schema.c: the parts that it is made of --- */

/* Writes "definitions" of what the others refer to. */
void schema_definitions(struct jw *writer);

/* Writes one option as a member; whole: no ${...} is replaced in it, and none is taken for a value. */
void schema_option(struct jw *writer, const struct option *option, bool whole);

/* Writes the members of an object with these options alone: "type", "properties", "required", "additionalProperties". type: a value that
 * a key "type" must have, beside them; NULL: none. */
void schema_options(struct jw *writer, const struct option *table, const char *type, bool whole);

/* Members "required" and "additionalProperties". */
void schema_required(struct jw *writer, const struct option *table, const char *also);

/* The member key: a reference to a definition, with a description unless that is NULL. */
void schema_reference(struct jw *writer, const char *key, const char *definition, const char *description);

#endif
