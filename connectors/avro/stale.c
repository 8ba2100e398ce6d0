/* stale.c - removes backups that never ended.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/stale.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/avro/manifest.h"
#include "connectors/avro/runid.h"

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length > tail && strcmp(name + length - tail, end) == 0;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* A file that a backup without a manifest may leave, and that is older than limit (seconds since 1970). */
static bool may_go(int folder, const char *name, int64_t limit)
{
	struct stat found;

	if (!ends_with(name, ".avro") && !ends_with(name, ".tmp") && !ends_with(name, ".avro.rejects.jsonl") &&
	    strcmp(name, MANIFEST_SUM_NAME) != 0)
		return false;
	return fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(found.st_mode) && (int64_t)found.st_mtime < limit;
}

static bool all_may_go(DIR *entries, int64_t limit)
{
	const struct dirent *entry;

	errno = 0;
	while ((entry = readdir(entries)))
		if (!is_dots(entry->d_name) && !may_go(dirfd(entries), entry->d_name, limit))
			return false;
	return errno == 0;
}

/* Each is looked at once more, since time has passed. */
static void remove_all(DIR *entries, int64_t limit)
{
	const struct dirent *entry;

	rewinddir(entries);
	while ((entry = readdir(entries)))
		if (!is_dots(entry->d_name) && may_go(dirfd(entries), entry->d_name, limit))
			unlinkat(dirfd(entries), entry->d_name, 0);
}

static void remove_one(int above, const char *name, int64_t limit)
{
	int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	bool gone = false;

	if (entries && !(flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) && all_may_go(entries, limit)) {
		remove_all(entries, limit);
		gone = true;
	}
	if (entries)
		closedir(entries);
	else if (fd >= 0)
		close(fd);
	if (gone)
		unlinkat(above, name, AT_REMOVEDIR); /* fails where anything was left */
}

void stale_remove(const char *folder, int64_t now_us)
{
	int64_t limit = now_us / 1000000 - STALE_AGE_HOURS * 3600, ms;
	DIR *entries = opendir(folder);
	const struct dirent *entry;

	while (entries && (entry = readdir(entries)))
		if (runid_read(entry->d_name, &ms) && ms / 1000 < limit)
			remove_one(dirfd(entries), entry->d_name, limit);
	if (entries)
		closedir(entries);
}

int stale_hold(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}
