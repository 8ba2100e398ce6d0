/* folder.c - folders that files are published in.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int too_long(const char *path, struct error *error)
{
	return error_set(error, ERROR_CONFIG, path, "the path is longer than %d bytes", FOLDER_PATH_MAX - 1);
}

void folder_keep_permissions(int fd, const char *path)
{
	struct stat found;

	/* Where it cannot be had, as on file systems without permissions, those of the umask stay. */
	if (stat(path, &found) == 0 && S_ISREG(found.st_mode) && fchmod(fd, found.st_mode & 0777) < 0)
		return;
}

const char *folder_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int folder_of(const char *path, char out[FOLDER_PATH_MAX], struct error *error)
{
	const char *name = folder_last(path);
	size_t length = (size_t)(name - path);

	if (length >= FOLDER_PATH_MAX)
		return too_long(path, error);
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(error, ERROR_CONFIG, path, "this names a folder; a file name must stand at its end");
	while (length > 1 && path[length - 1] == '/')
		length--;
	memcpy(out, length ? path : ".", length ? length : 1);
	out[length ? length : 1] = '\0';
	return 0;
}

int folder_free_for(const char *path, struct error *error)
{
	struct stat found;

	if (stat(path, &found) < 0 || S_ISREG(found.st_mode))
		return 0;
	return error_set(error, ERROR_SINK, path, "is %s, which a file cannot take the place of: name another file",
		S_ISDIR(found.st_mode) ? "a folder" : "no regular file");
}

/* Adds one part of a path to an absolute one, which is resolved so far. */
static int add_part(char out[FOLDER_PATH_MAX], const char *part, size_t length)
{
	size_t used = strlen(out);
	char *slash = strrchr(out, '/');

	if (length == 0 || (length == 1 && part[0] == '.'))
		return 0;
	if (length == 2 && part[0] == '.' && part[1] == '.') {
		*(slash == out ? slash + 1 : slash) = '\0';
		return 0;
	}
	if (used + 1 + length >= FOLDER_PATH_MAX)
		return -1;
	if (used > 1)
		out[used++] = '/';
	memcpy(out + used, part, length);
	out[used + length] = '\0';
	return 0;
}

/* What exists of it is resolved by the system; what does not exist holds no symbolic links. */
int folder_resolve(const char *path, char out[FOLDER_PATH_MAX], struct error *error)
{
	char known[FOLDER_PATH_MAX], resolved[PATH_MAX];
	size_t length = strlen(path), known_length;

	if (length >= FOLDER_PATH_MAX)
		return too_long(path, error);
	for (known_length = length;; known_length--) {
		if (known_length > 0 && known_length < length && path[known_length] != '/')
			continue;
		memcpy(known, path, known_length);
		known[known_length] = '\0';
		if (realpath(known_length ? known : path[0] == '/' ? "/" : ".", resolved))
			break;
		if (known_length == 0)
			return error_errno(error, ERROR_SINK, path, errno, "the folder cannot be found");
	}
	snprintf(out, FOLDER_PATH_MAX, "%s", resolved);
	for (const char *part = path + known_length; *part; part += strspn(part, "/")) {
		size_t bytes = strcspn(part, "/");

		if (add_part(out, part, bytes) < 0)
			return too_long(path, error);
		part += bytes;
	}
	return 0;
}

int folder_sync(const char *path, struct error *error)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Some file systems cannot flush a folder and say so; they are as safe as they can be. */
	bool good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP);
	int number = errno;

	if (fd >= 0)
		close(fd);
	return good ? 0 : error_errno(error, ERROR_SINK, path, number, "the folder could not be flushed to the disk");
}

static bool is_folder(const char *path)
{
	struct stat found;

	return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* One folder, whose own folder exists. */
static int make_one(const char *path, struct error *error)
{
	char above[FOLDER_PATH_MAX];
	const char *last = folder_last(path);

	if (mkdir(path, 0777) < 0) {
		int number = errno;

		if (number == EEXIST && is_folder(path))
			return 0;
		return error_errno(error, ERROR_SINK, path, number, "the folder cannot be made");
	}
	/* "a/.." exists or cannot be made, so last is a name here. */
	snprintf(above, sizeof above, "%.*s", (int)(last - path), path);
	return folder_sync(last == path ? "." : above, error);
}

int folder_make(const char *path, struct error *error)
{
	char part[FOLDER_PATH_MAX];
	size_t length = strlen(path);

	if (length >= FOLDER_PATH_MAX)
		return too_long(path, error);
	if (is_folder(path))
		return 0;
	for (size_t i = 1; i <= length; i++) {
		if ((path[i] && path[i] != '/') || path[i - 1] == '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (!is_folder(part) && make_one(part, error) < 0)
			return -1;
	}
	return 0;
}

int folder_check(const char *path, struct error *error)
{
	char part[FOLDER_PATH_MAX];
	size_t length = strlen(path);
	struct stat found;

	if (length >= FOLDER_PATH_MAX)
		return too_long(path, error);
	memcpy(part, path, length + 1);
	/* The nearest that exists. */
	while (length > 0 && stat(part, &found) < 0) {
		if (errno != ENOENT)
			return error_errno(error, ERROR_SINK, part, errno, "the folder cannot be used");
		while (length > 0 && part[length - 1] != '/')
			length--;
		while (length > 1 && part[length - 1] == '/')
			length--;
		part[length] = '\0';
	}
	if (length == 0)
		strcpy(part, ".");
	if (!is_folder(part))
		return error_set(error, ERROR_SINK, part, "this is no folder");
	if (faccessat(AT_FDCWD, part, W_OK | X_OK, AT_EACCESS) < 0)
		return error_errno(error, ERROR_SINK, part, errno, "nothing can be written into the folder");
	return 0;
}
