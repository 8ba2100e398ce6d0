/* descriptor.h - tables as resources of a Data Package (JSON): what both sides of a comparison are read under.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_COMPARE_DESCRIPTOR_H
#define PENSTOCK_COMPARE_DESCRIPTOR_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/core/error.h"

/* The resources of a Data Package, or one resource alone, as an array; place is named in messages. NULL and ERROR_SOURCE. */
json_t *descriptor_parse(const char *text, const char *place, struct error *error) MUST_CHECK;

/* Never NULL for a resource of descriptor_parse. */
const char *descriptor_name(const json_t *resource);

/* How many fields, and their names in order (NULL behind the last). */
size_t descriptor_fields(const json_t *resource);
const char *descriptor_field(const json_t *resource, size_t index);
bool descriptor_has(const json_t *resource, const char *field);

/* Its primary key: NULL, one name or several. */
const json_t *descriptor_key(const json_t *resource);
size_t descriptor_key_size(const json_t *key); /* 0: none */
const char *descriptor_key_part(const json_t *key, size_t index);

/* A package of one table with the fields that keep says yes to, and the primary key where all of it stays. Types and spellings alone are
 * kept: rows are compared, not judged. Malloc'd JSON; NULL and error. */
char *descriptor_package(const json_t *resource, bool (*keep)(const void *arg, const char *field), const void *arg, struct error *error)
	MUST_CHECK;

/* A package of several tables as they are; foreign keys to tables that are not among them are left out. Malloc'd; NULL and error. */
char *descriptor_whole(const json_t *const *resources, size_t count, struct error *error) MUST_CHECK;

#endif
