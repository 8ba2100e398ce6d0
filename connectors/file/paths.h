/* paths.h - which files a list of paths and globs names.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The order is that of the list, and of the bytes of the names within each glob, whatever the language of the system. A file is there once, at its
 * first place, by whatever paths it is met.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_PATHS_H
#define PENSTOCK_CONNECTORS_FILE_PATHS_H

#include <stdbool.h>

#include "engine/core/error.h"
#include "engine/core/option.h"

enum { PATHS_MAX = 10000 }; /* files of one list */

struct paths {
	char **items; /* owned */
	size_t count; /* at least 1 */
};

/* True where a list can name more than one file, or a file by a glob: it has more than one item, or an item with a *, a ? or a [ of which there is
 * no file by that very name. */
bool paths_several(const struct option_list *list);

/* What does not go together in a list, without looking at the disk. ERROR_CONFIG without a place; what: "csv source". */
int paths_check(const struct option_list *list, const char *what, struct error *error) MUST_CHECK;

/* Files alone: folders and what else a glob finds are left out, but in the list itself they are ERROR_SOURCE, as is a glob or a list that names no
 * file. A glob finds no names that begin with a dot unless it says so, and never leads upwards. Call paths_fini also after a failure. */
int paths_find(struct paths *paths, const struct option_list *list, struct error *error) MUST_CHECK;
void paths_fini(struct paths *paths);

#endif
