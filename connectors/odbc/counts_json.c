/* counts_json.c - the books of a step as the JSON that a checkpoint keeps.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <jansson.h>

#include "connectors/odbc/store_parts.h"

int counts_to_json(const struct counts *counts, struct buffer *out, struct error *error)
{
	if (buffer_printf(out, error, "{\"read\":%" PRIu64 ",\"written\":%" PRIu64 ",\"rejected\":%" PRIu64 ",\"skipped\":{",
		    counts->read, counts->written, counts->rejected))
		return -1;
	for (int i = 0; i < SKIP_REASONS; i++)
		if (buffer_printf(out, error, "%s\"%s\":%" PRIu64, i ? "," : "", skip_reason_name((enum skip_reason)i),
			    counts->skipped[i]))
			return -1;
	return buffer_printf(out, error, "},\"bytes\":%" PRIu64 "}", counts->bytes);
}

static bool take(const json_t *object, const char *name, uint64_t *out)
{
	const json_t *value = json_object_get(object, name);

	*out = 0;
	if (!value)
		return true; /* a reason that an older version did not know */
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

int counts_from_json(struct counts *counts, const char *text, size_t length, const char *place, struct error *error)
{
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	const json_t *skipped = json_object_get(root, "skipped");
	bool good = json_is_object(root) && take(root, "read", &counts->read) && take(root, "written", &counts->written) &&
		take(root, "rejected", &counts->rejected) && take(root, "bytes", &counts->bytes);

	for (int i = 0; i < SKIP_REASONS; i++)
		good = good && take(skipped, skip_reason_name((enum skip_reason)i), &counts->skipped[i]);
	json_decref(root);
	if (!good)
		return error_set(error, ERROR_SINK, place, "penstock_checkpoints.counts cannot be read: \"%.*s\"",
			(int)(length < 80 ? length : 80), text);
	return 0;
}
