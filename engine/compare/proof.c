/* proof.c - the note beside a manifest that says when its backup was restored last.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/compare/examine.h"
#include "engine/compare/prove.h"
#include "engine/core/clock.h"
#include "engine/core/file_out.h"
#include "engine/core/folder.h"
#include "engine/core/version.h"

enum { PROOF_FORMAT = 1, PROOF_BYTES_MAX = 65536 };

static int manifest_hash(const char *folder, char hash[SHA256_HEX_SIZE], struct error *error)
{
	char path[FOLDER_PATH_MAX];
	uint64_t size;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, MANIFEST_NAME) >= sizeof path)
		return error_set(error, ERROR_CONFIG, folder, "is too long for a path");
	return examine_hash(path, NULL, &size, hash, error);
}

int proof_write(const struct manifest *manifest, const char *folder, struct error *error)
{
	char hash[SHA256_HEX_SIZE], now[VALUE_TEXT_MAX];
	uint64_t rows = 0;

	if (manifest_hash(folder, hash, error))
		return -1;
	for (size_t i = 0; i < manifest->count; i++)
		rows += manifest->tables[i].rows;
	/* Whole seconds: "2026-11-21T02:00:00Z". */
	value_format_datetime(clock_wall_us() / 1000000 * 1000000, now);
	json_t *proof = json_pack("{s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:s}", "format", PROOF_FORMAT, "run_id", manifest->run_id, "proven_at", now,
		"manifest_sha256", hash, "method", "restore into SQLite", "tables", (json_int_t)manifest->count, "rows", (json_int_t)rows, "penstock",
		PENSTOCK_VERSION);
	char *text = proof ? json_dumps(proof, JSON_INDENT(2)) : NULL;
	json_decref(proof);
	if (!text)
		return error_memory(error, "the proof");
	size_t length = strlen(text);
	text[length] = '\n'; /* instead of the NUL */
	int result = file_out_whole(folder, PROOF_NAME, text, length + 1, error);
	free(text);
	return result;
}

void proof_withdraw(const char *folder)
{
	char path[FOLDER_PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, PROOF_NAME) < sizeof path)
		unlink(path);
}

json_t *proof_read(const char *folder, struct error *error)
{
	char path[FOLDER_PATH_MAX], hash[SHA256_HEX_SIZE];

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, PROOF_NAME) >= sizeof path) {
		error_set(error, ERROR_CONFIG, folder, "is too long for a path");
		return NULL;
	}
	struct stat found = {.st_mode = 0};
	if (stat(path, &found) < 0 && errno == ENOENT)
		return json_null();
	/* Of another kind or size it is not ours: a pipe would be waited for, a large file fill the memory. */
	FILE *file = S_ISREG(found.st_mode) && found.st_size <= PROOF_BYTES_MAX ? fopen(path, "re") : NULL;
	json_t *proof = file ? json_loadf(file, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (file)
		fclose(file);
	const char *proven = json_string_value(json_object_get(proof, "manifest_sha256"));
	if (!proven || !json_is_string(json_object_get(proof, "proven_at"))) {
		json_decref(proof);
		error_set(error, ERROR_SOURCE, path, "is no proof of a backup");
		return NULL;
	}
	if (manifest_hash(folder, hash, error) || json_object_set_new(proof, "holds", json_boolean(strcmp(hash, proven) == 0))) {
		json_decref(proof);
		error_memory(error, "the report");
		return NULL;
	}
	return proof;
}
