/* unnamed.c - O_TMPFILE, or a file that is unlinked at once where the file system has no such thing.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/unnamed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int open_in(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	char path[4096];
	if (snprintf(path, sizeof path, "%s/penstock-XXXXXX", folder) >= (int)sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC); /* mode 0600 */
	if (fd >= 0)
		unlink(path);
	return fd;
}

int unnamed_open(const char *what, struct error *error)
{
	const char *folder = getenv("TMPDIR");
	if (!folder || !*folder)
		folder = "/tmp";
	int fd = open_in(folder);
	return fd >= 0 ? fd : error_errno(error, ERROR_RESOURCE, folder, errno, "cannot make %s (set TMPDIR)", what);
}
