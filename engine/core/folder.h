/* folder.h - folders that files are published in.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CORE_FOLDER_H
#define PENSTOCK_CORE_FOLDER_H

#include <stddef.h>

#include "engine/core/error.h"

enum { FOLDER_PATH_MAX = 4096 };

/* The folder of a path, "." where it names none. Returns 0, or -1 and ERROR_CONFIG (too long, or no name behind the last slash). */
int folder_of(const char *path, char out[FOLDER_PATH_MAX], struct error *error) MUST_CHECK;

/* Whether a new file may take this place: nothing is there, or a file. What else may stand there (a device, a pipe, a folder) is not replaced, and
 * nobody who reads from it would get anything. Links are followed. ERROR_SINK. */
int folder_free_for(const char *path, struct error *error) MUST_CHECK;

/* Gives the new file fd the permissions of the file that stands at path, where one does: what its owner keeps from others stays so when rows
 * are written again. */
void folder_keep_permissions(int fd, const char *path);

/* The last part of a path: what stands behind its last slash. Borrowed. */
const char *folder_last(const char *path);

/* The one absolute name of a path, without symbolic links; its last parts need not exist. ERROR_CONFIG where it is too long, ERROR_SINK. */
int folder_resolve(const char *path, char out[FOLDER_PATH_MAX], struct error *error) MUST_CHECK;

/* Makes the folder with those above it, and has them on the disk. ERROR_SINK. */
int folder_make(const char *path, struct error *error) MUST_CHECK;

/* Writes nothing: checks that folder_make would probably succeed and that files could be made there. ERROR_SINK. */
int folder_check(const char *path, struct error *error) MUST_CHECK;

/* Has the names in a folder on the disk. ERROR_SINK. */
int folder_sync(const char *path, struct error *error) MUST_CHECK;

#endif
