/* paths.c - globs and lists of files.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/paths.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/core/source.h"

enum { PATH_LENGTH_MAX = sizeof(((struct source_identity *)NULL)->path) - 1 };

/* Tells files apart, whatever they are called. */
struct file {
	dev_t device;
	ino_t inode;
};

struct finding {
	struct paths *paths;
	struct file *files; /* PATHS_MAX */
};

static bool is_glob(const char *path)
{
	struct stat facts;
	return strpbrk(path, "*?[") && lstat(path, &facts) < 0;
}

bool paths_several(const struct option_list *list)
{
	return list->count != 1 || is_glob(list->items[0]);
}

int paths_check(const struct option_list *list, const char *what, struct error *error)
{
	if (list->count == 0)
		return error_set(error, ERROR_CONFIG, NULL, "path of the %s names no file", what);
	for (size_t i = 0; i < list->count; i++) {
		const char *path = list->items[i];
		if (!*path)
			return error_set(error, ERROR_CONFIG, NULL, "path of the %s must be a text that is not empty", what);
		if (strlen(path) > PATH_LENGTH_MAX)
			return error_set(error, ERROR_CONFIG, NULL, "path of the %s is longer than %d bytes", what, (int)PATH_LENGTH_MAX);
		if (list->count > 1 && strcmp(path, "-") == 0)
			return error_set(error, ERROR_CONFIG, NULL, "standard input (-) cannot be one of several files");
		if (strstr(path, "**"))
			return error_set(error, ERROR_CONFIG, NULL, "** is not known in %s; a glob names each folder on the way, such as data/*/*.csv", path);
	}
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Takes it, unless it is there already. */
static int add(struct finding *finding, const char *path, const struct stat *facts, struct error *error)
{
	struct paths *paths = finding->paths;
	for (size_t i = 0; i < paths->count; i++)
		if (finding->files[i].inode == facts->st_ino && finding->files[i].device == facts->st_dev)
			return 0;
	if (paths->count == PATHS_MAX)
		return error_set(error, ERROR_CONFIG, path, "is one more than the %d files that a step may read", PATHS_MAX);
	char *copy = strdup(path);
	if (!copy)
		return error_memory(error, "a list of files");
	finding->files[paths->count] = (struct file){ facts->st_dev, facts->st_ino };
	paths->items[paths->count++] = copy;
	return 0;
}

static int add_one(struct finding *finding, const char *path, struct error *error)
{
	struct stat facts;
	if (stat(path, &facts) < 0)
		return error_errno(error, ERROR_SOURCE, path, errno, "cannot look at the file");
	if (S_ISDIR(facts.st_mode))
		return error_set(error, ERROR_SOURCE, path, "is a folder, not a file; %s/*.csv names the files in it", path);
	if (!S_ISREG(facts.st_mode))
		return error_set(error, ERROR_SOURCE, path, "is no regular file, which each of several must be");
	return add(finding, path, &facts, error);
}

static bool is_dots(const char *part, size_t length)
{
	return (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.');
}

/* Whether a pattern such as ".*" found "..", which leads out of the folder that is written in front of it. */
static bool leads_out(const char *pattern, const char *path)
{
	for (;;) {
		size_t wanted = strcspn(pattern, "/"), found = strcspn(path, "/");
		if (is_dots(path, found) && (wanted != found || memcmp(pattern, path, found) != 0))
			return true;
		if (!path[found] || !pattern[wanted])
			return false;
		/* glob gives several slashes in a row back as they were. */
		path += found + 1;
		pattern += wanted + 1;
	}
}

/* A folder that is not there, or is none, has no files; one that cannot be looked into may have some. */
static int folder_failed(const char *path, int why)
{
	(void)path;
	return why != ENOENT && why != ENOTDIR;
}

static int add_glob(struct finding *finding, const char *pattern, struct error *error)
{
	glob_t found = { 0 };
	size_t before = finding->paths->count, files = 0;
	errno = 0;
	int failed = glob(pattern, GLOB_NOSORT, folder_failed, &found);
	int why = errno, result = 0;
	if (failed == GLOB_NOSPACE)
		result = error_memory(error, "a list of files");
	else if (failed == GLOB_ABORTED)
		result = error_errno(error, ERROR_SOURCE, pattern, why ? why : EACCES, "cannot look into a folder");
	if (result == 0 && failed == 0)
		qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, by_bytes);
	for (size_t i = 0; result == 0 && failed == 0 && i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		struct stat facts;
		if (leads_out(pattern, path) || strlen(path) > PATH_LENGTH_MAX || stat(path, &facts) < 0 || !S_ISREG(facts.st_mode))
			continue;
		files++;
		result = add(finding, path, &facts, error);
	}
	globfree(&found);
	if (result == 0 && files == 0 && finding->paths->count == before)
		return error_set(error, ERROR_SOURCE, pattern, "no file matches");
	return result;
}

int paths_find(struct paths *paths, const struct option_list *list, struct error *error)
{
	struct finding finding = { .paths = paths, .files = calloc(PATHS_MAX, sizeof *finding.files) };
	int result = 0;
	*paths = (struct paths){ .items = calloc(PATHS_MAX, sizeof *paths->items) };
	if (!finding.files || !paths->items)
		result = error_memory(error, "a list of files");
	for (size_t i = 0; result == 0 && i < list->count; i++)
		result = is_glob(list->items[i]) ? add_glob(&finding, list->items[i], error) : add_one(&finding, list->items[i], error);
	free(finding.files);
	return result;
}

void paths_fini(struct paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i]);
	free(paths->items);
	*paths = (struct paths){ .items = NULL };
}
