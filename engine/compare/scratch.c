/* scratch.c - a temporary folder for a database.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/compare/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int scratch_open(struct scratch *scratch, struct error *error)
{
	const char *base = getenv("TMPDIR");

	*scratch = (struct scratch){.folder = NULL};
	if (!base || !*base)
		base = "/tmp";
	/* These mean something in a connection string. */
	if (strpbrk(base, ";{}"))
		return error_set(error, ERROR_RESOURCE, base, "has a character in its name that a database cannot be made below; set TMPDIR to another folder");
	if (asprintf(&scratch->folder, "%s/penstock-scratch.XXXXXX", base) < 0) {
		scratch->folder = NULL;
		return error_memory(error, "a scratch database");
	}
	if (!mkdtemp(scratch->folder)) {
		error_errno(error, ERROR_RESOURCE, base, errno, "cannot make a temporary folder here");
		free(scratch->folder);
		scratch->folder = NULL;
		return -1;
	}
	if (asprintf(&scratch->connect, "Driver=SQLite3;Database=%s/scratch.db", scratch->folder) < 0) {
		scratch->connect = NULL;
		return error_memory(error, "a scratch database");
	}
	return 0;
}

void scratch_close(struct scratch *scratch)
{
	DIR *folder = scratch->folder ? opendir(scratch->folder) : NULL;
	const struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
	if (scratch->folder)
		(void)rmdir(scratch->folder);
	free(scratch->folder);
	free(scratch->connect);
	*scratch = (struct scratch){.folder = NULL};
}
