/* keep.c - which backups of a folder are kept, and the removal of all others.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/avro/manifest.h"
#include "connectors/avro/runid.h"
#include "engine/core/diagnostics.h"
#include "engine/core/folder.h"
#include "engine/core/value.h"

enum { COUNT_MAX = 100000, DAY_MS = 86400000, WHY_MAX = ERROR_MESSAGE_MAX };

static const char *const names[KEEP_RULES + 1] = {
	[KEEP_LAST] = "last", [KEEP_DAILY] = "daily", [KEEP_WEEKLY] = "weekly", [KEEP_MONTHLY] = "monthly", [KEEP_YEARLY] = "yearly",
};

struct kept {
	char run_id[RUN_ID_SIZE];
	int64_t ms; /* when it was made, since 1970 */
	bool whole; /* its files are there, and no record of its tables was rejected */
	bool stays;
};

struct backups {
	struct kept *items; /* newest first, once sorted */
	size_t count, room;
};

/* --- the option --- */

static bool read_count(const char *text, uint64_t *count)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	*count = value;
	return errno == 0 && *end == '\0' && value >= 1 && value <= COUNT_MAX;
}

int keep_read(const struct option_map *map, const char *place, struct keep *keep, struct error *error)
{
	*keep = (struct keep){.given = map->count > 0};
	for (size_t i = 0; i < map->count; i++) {
		size_t rule = 0;

		while (rule < KEEP_RULES && strcmp(names[rule], map->keys[i]) != 0)
			rule++;
		if (rule == KEEP_RULES) {
			const char *near = suggest(map->keys[i], names);

			return error_set(error, ERROR_CONFIG, place, "keep: unknown key \"%.64s\" (%s%s%s)", map->keys[i], near ? "did you mean \"" : "",
				near ? near : "last, daily, weekly, monthly, yearly", near ? "\"?" : "");
		}
		if (!read_count(map->values[i], &keep->counts[rule]))
			return error_set(error, ERROR_CONFIG, place, "keep: %s is a number of backups from 1 to %d, not \"%.64s\"", names[rule], COUNT_MAX, map->values[i]);
	}
	return 0;
}

bool keep_same(const struct keep *a, const struct keep *b)
{
	return a->given == b->given && memcmp(a->counts, b->counts, sizeof a->counts) == 0;
}

/* --- which there are --- */

static bool is_whole(const char *path, const struct manifest *manifest)
{
	char file[2 * FOLDER_PATH_MAX];
	struct stat found;

	for (size_t i = 0; i < manifest->count; i++) {
		const struct manifest_table *table = &manifest->tables[i];

		if (table->rejected > 0 || snprintf(file, sizeof file, "%s/%s", path, table->file) >= (int)sizeof file || stat(file, &found) < 0 ||
			!S_ISREG(found.st_mode) || (uint64_t)found.st_size != table->size)
			return false;
	}
	return true;
}

/* A copy in a folder that has the name of another run is somebody's own. */
static bool is_of(const char *path, const char *run_id, const char *pipeline, bool *whole)
{
	struct error ignored = ERROR_INIT;
	struct manifest *manifest = manifest_read(path, &ignored);
	bool same = manifest && strcmp(manifest->pipeline, pipeline) == 0 && strcmp(manifest->run_id, run_id) == 0;

	*whole = same && is_whole(path, manifest);
	manifest_free(manifest);
	return same;
}

static int add(struct backups *backups, const char *run_id, int64_t ms, bool whole, struct error *error)
{
	if (backups->count == backups->room) {
		size_t room = backups->room ? 2 * backups->room : 64;
		struct kept *larger = realloc(backups->items, room * sizeof *larger);

		if (!larger)
			return error_memory(error, "the backups of a folder");
		backups->items = larger;
		backups->room = room;
	}
	struct kept *item = &backups->items[backups->count++];
	*item = (struct kept){.ms = ms, .whole = whole};
	memcpy(item->run_id, run_id, RUN_ID_SIZE);
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	return -strcmp(((const struct kept *)a)->run_id, ((const struct kept *)b)->run_id);
}

/* A clock may be somewhat ahead of another one. */
static bool is_to_come(int64_t ms, int64_t now_ms)
{
	return ms - DAY_MS > now_ms;
}

static int find_all(const char *folder, const char *pipeline, int64_t now_ms, struct backups *backups, struct shared *shared, struct error *error)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;
	char path[FOLDER_PATH_MAX];
	int result = 0;

	while (entries && result == 0 && (entry = readdir(entries))) {
		int64_t ms;
		bool whole;

		if (!runid_read(entry->d_name, &ms) || snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path)
			continue;
		if (!manifest_exists(path) || !is_of(path, entry->d_name, pipeline, &whole))
			continue;
		if (!is_to_come(ms, now_ms))
			result = add(backups, entry->d_name, ms, whole, error);
		else
			shared_tell(shared, "warning", "keep: the backup %s is of a time that has not come, so some clock was wrong: it stays, but `latest` "
				"takes it for the newest until it is moved away", path);
	}
	if (entries)
		closedir(entries);
	if (backups->count > 1)
		qsort(backups->items, backups->count, sizeof *backups->items, newest_first);
	return result;
}

/* --- which stay --- */

/* The day, week, month or year of a moment, counted from somewhere; for `last` each backup has its own. */
static int64_t period_of(enum keep_rule rule, int64_t ms, size_t index)
{
	int64_t day = ms / DAY_MS;
	unsigned month, of_month;
	int year;

	value_civil_from_days(day, &year, &month, &of_month);
	switch (rule) {
	case KEEP_DAILY:
		return day;
	case KEEP_WEEKLY:
		return (day + 3) / 7; /* weeks begin on Monday, and 1970 with a Thursday */
	case KEEP_MONTHLY:
		return year * 12 + (int)month;
	case KEEP_YEARLY:
		return year;
	default:
		return -(int64_t)index;
	}
}

/* Of all, or of those that are whole: one that is not takes the place of none that is. */
static void choose(const struct keep *keep, const struct backups *backups, bool whole)
{
	for (int rule = 0; rule < KEEP_RULES; rule++) {
		uint64_t kept = 0;
		int64_t before = 0;

		for (size_t i = 0; i < backups->count && kept < keep->counts[rule]; i++) {
			int64_t period = period_of((enum keep_rule)rule, backups->items[i].ms, i);

			if ((whole && !backups->items[i].whole) || (kept > 0 && period == before))
				continue;
			backups->items[i].stays = true;
			before = period;
			kept++;
		}
	}
}

static void spare_proven(const char *folder, const struct backups *backups)
{
	char path[FOLDER_PATH_MAX];

	for (size_t i = 0; i < backups->count; i++) {
		if (snprintf(path, sizeof path, "%s/%s", folder, backups->items[i].run_id) >= (int)sizeof path || !manifest_proven(path))
			continue;
		backups->items[i].stays = true;
		return;
	}
}

/* --- removal --- */

#define REJECTS_END ".rejects.jsonl" /* behind the name of a table's file, where the step keeps its rejects */

static bool is_of_table(const struct manifest_table *table, const char *name)
{
	size_t length = strlen(table->file);

	return strncmp(name, table->file, length) == 0 && (!name[length] || strcmp(name + length, REJECTS_END) == 0);
}

static bool belongs(const struct manifest *manifest, const char *name)
{
	static const char *const beside[] = {PROOF_NAME, MANIFEST_NAME, MANIFEST_SUM_NAME};

	for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++)
		if (strcmp(name, beside[i]) == 0)
			return true;
	for (size_t i = 0; i < manifest->count; i++)
		if (is_of_table(&manifest->tables[i], name))
			return true;
	return false;
}

/* The name of an entry that is not of the backup, copied to name; false where there is none. */
static bool has_other(DIR *entries, const struct manifest *manifest, char name[256])
{
	const struct dirent *entry;

	while ((entry = readdir(entries))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || belongs(manifest, entry->d_name))
			continue;
		snprintf(name, 256, "%s", entry->d_name);
		return true;
	}
	return false;
}

/* The manifest goes before the files, so that a death in between leaves a backup that never ended, and never one that lacks a table. */
static int remove_files(int fd, const struct manifest *manifest)
{
	int failed = 0;

	if ((unlinkat(fd, PROOF_NAME, 0) < 0 && errno != ENOENT) || unlinkat(fd, MANIFEST_NAME, 0) < 0 || fsync(fd) < 0)
		return -1;
	if (unlinkat(fd, MANIFEST_SUM_NAME, 0) < 0 && errno != ENOENT)
		failed = -1;
	for (size_t i = 0; i < manifest->count; i++) {
		char beside[FOLDER_PATH_MAX];

		snprintf(beside, sizeof beside, "%s" REJECTS_END, manifest->tables[i].file);
		if ((unlinkat(fd, manifest->tables[i].file, 0) < 0 && errno != ENOENT) || (unlinkat(fd, beside, 0) < 0 && errno != ENOENT))
			failed = -1;
	}
	return failed;
}

/* Why it stays, in why; or true. Somebody who reads it holds it (stale_hold): then it waits for the next time. */
static bool remove_backup(const char *path, char why[WHY_MAX])
{
	struct error error = ERROR_INIT;
	struct manifest *manifest = manifest_read(path, &error);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), again = fd < 0 ? -1 : dup(fd);
	DIR *entries = again < 0 ? NULL : fdopendir(again);
	char other[256];
	bool gone = false;

	snprintf(why, WHY_MAX, "%s", manifest ? strerror(errno) : error.message);
	if (manifest && entries && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		snprintf(why, WHY_MAX, "somebody holds it");
	} else if (manifest && entries && has_other(entries, manifest, other)) {
		snprintf(why, WHY_MAX, "it holds %s, which is not of the backup", other);
	} else if (manifest && entries) {
		gone = remove_files(fd, manifest) == 0 && rmdir(path) == 0;
		if (!gone)
			snprintf(why, WHY_MAX, "%s", strerror(errno));
	}
	if (entries)
		closedir(entries);
	else if (again >= 0)
		close(again);
	if (fd >= 0)
		close(fd);
	manifest_free(manifest);
	return gone;
}

int keep_apply(const struct keep *keep, const char *folder, const char *pipeline, const char *run_id, struct shared *shared, struct error *error)
{
	struct backups backups = {.items = NULL};
	size_t removed = 0;
	int64_t now_ms;
	int result;

	if (!keep->given || !runid_read(run_id, &now_ms))
		return 0;
	result = find_all(folder, pipeline, now_ms, &backups, shared, error);
	if (result == 0 && backups.count > 0) {
		choose(keep, &backups, false);
		choose(keep, &backups, true);
		spare_proven(folder, &backups);
		backups.items[0].stays = true;
	}
	for (size_t i = 0; result == 0 && i < backups.count; i++) {
		char path[FOLDER_PATH_MAX], why[WHY_MAX];

		if (backups.items[i].stays || strcmp(backups.items[i].run_id, run_id) == 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, backups.items[i].run_id);
		if (remove_backup(path, why))
			removed++;
		else
			shared_tell(shared, "warning", "keep: the backup %s cannot be removed: %s", path, why);
	}
	if (removed > 0)
		shared_tell(shared, "info", "keep: %zu of %zu backups in %s removed", removed, backups.count, folder);
	free(backups.items);
	return result;
}
