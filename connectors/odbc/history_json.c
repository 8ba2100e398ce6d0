/* history_json.c - a reject as JSON.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/odbc/history_json.h"

#include "engine/core/json_object.h"

json_t *history_reject_json(const struct history_reject *reject)
{
	json_t *row = json_object();
	int failed = put_number(row, "reject_id", (uint64_t)reject->reject_id);
	failed |= put_string(row, "run_id", reject->run_id);
	failed |= put_string(row, "pipeline", reject->pipeline);
	failed |= put_string(row, "step", reject->step);
	failed |= put_string(row, "table_name", reject->table_name);
	failed |= put_string(row, "source", reject->source);
	failed |= put_number(row, "record_no", reject->record_no);
	failed |= put_number(row, "line_no", reject->line_no);
	failed |= put_number(row, "byte_offset", reject->byte_offset);
	failed |= put_string(row, "field", reject->field);
	failed |= put_string(row, "code", reject->code);
	failed |= put_string(row, "rule", reject->rule);
	failed |= put_string(row, "message", reject->message);
	failed |= put_document(row, "violations", reject->violations.data, reject->violations.length);
	failed |= put_text(row, "record", reject->record.data, reject->record.length);
	failed |= json_object_set_new(row, "published", json_boolean(reject->published));
	failed |= put_number(row, "attempts", (uint64_t)reject->attempts);
	failed |= put_time(row, "rejected_at", reject->rejected_at);
	failed |= put_string(row, "resolved_run_id", reject->resolved_run_id);
	if (!failed)
		return row;
	json_decref(row);
	return NULL;
}
