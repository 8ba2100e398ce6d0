/* discover_csv.h - the part of penstock discover that is about CSV files.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_DISCOVER_CSV_H
#define PENSTOCK_CLI_DISCOVER_CSV_H

#include "engine/cli/command.h"
#include "engine/core/error.h"

extern const char *const discover_header_values[];

struct discover_csv_flags {
	const char *name, *delimiter, *quote, *encoding, *into;
	int header;
	struct flag_number sample, skip_lines, header_rows;
	bool constraints, pipeline;
};

/* One that was given, or NULL. */
const char *discover_csv_flag(const struct discover_csv_flags *flags);

/* Discovers and prints, or writes files. Returns 0, or -1 and error. */
int discover_csv_print(const struct discover_csv_flags *flags, const char *path, bool json, struct error *error) MUST_CHECK;

#endif
