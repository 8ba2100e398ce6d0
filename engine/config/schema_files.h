/* schema_files.h - dictionaries whose resources name files that hold their schemas: "schema": "schemas/jobs.json".
 * SPDX-License-Identifier: Apache-2.0
 *
 * Data Package allows paths and URLs there. A path is followed where it stays beneath the folder of the dictionary, also when links
 * are resolved; nothing is fetched.
 */
#ifndef PENSTOCK_CONFIG_SCHEMA_FILES_H
#define PENSTOCK_CONFIG_SCHEMA_FILES_H

#include "engine/config/stash.h"
#include "engine/core/diagnostics.h"
#include "engine/core/node.h"

enum {
	SCHEMA_FILES_MAX = 1000,
	SCHEMA_FILES_BYTES_MAX = 16 << 20, /* of all */
};

/* Parses a dictionary file and puts the schemas that it names in their places. What is wrong with those is reported. NULL and error where
 * the file itself cannot be read. stash keeps the names of files, which the nodes borrow. */
struct node *dictionary_parse(const char *file, struct stash *stash, struct diagnostics *diagnostics, struct error *error) MUST_CHECK;

#endif
