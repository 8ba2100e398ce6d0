/* verdict.c - the results of an ingest request as JSON.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/verdict.h"

#include <inttypes.h>
#include <string.h>

#include "engine/core/json_text.h"

static int put_text(struct buffer *out, const char *name, struct text text, struct error *error)
{
	if (buffer_printf(out, error, ",\"%s\":", name) < 0)
		return -1;
	return json_put_string(text.length ? text.data : "", text.length, out, error);
}

static int put_tables(const struct ingest_steps *steps, const struct ingest_request *request, struct buffer *out,
	struct error *error)
{
	bool first = true;
	for (size_t i = 0; i < steps->count; i++) {
		const struct counts *counts = &request->counts[i];
		const char *table = steps->steps[i]->table;
		if (!ingest_form_has(request->form, i))
			continue;
		if (buffer_puts(out, first ? "" : ",", error) < 0 || json_put_string(table, strlen(table), out, error) < 0 ||
			buffer_printf(out, error, ":{\"received\":%" PRIu64 ",\"written\":%" PRIu64 ",\"rejected\":%" PRIu64 "}", counts->read,
				counts->written, counts->rejected) < 0)
			return -1;
		first = false;
	}
	return 0;
}

static int put_reject(const struct ingest_steps *steps, const struct ingest_verdict *verdict, struct buffer *out,
	struct error *error)
{
	const char *table = steps->steps[verdict->step]->table;
	if (buffer_puts(out, "{\"table\":", error) < 0 || json_put_string(table, strlen(table), out, error) < 0 ||
		buffer_printf(out, error, ",\"index\":%zu", verdict->row) < 0)
		return -1;
	/* A rule of the whole row names no field. */
	if ((verdict->field.length ? put_text(out, "field", verdict->field, error) : buffer_puts(out, ",\"field\":null", error)) < 0)
		return -1;
	if (put_text(out, "code", verdict->code, error) < 0 || put_text(out, "rule", verdict->rule, error) < 0 ||
		put_text(out, "message", verdict->message, error) < 0 || buffer_puts(out, ",\"violations\":", error) < 0 ||
		buffer_append(out, verdict->violations.data, verdict->violations.length, error) < 0)
		return -1;
	return buffer_printf(out, error, ",\"reject_id\":%" PRId64 "}", verdict->reject_id);
}

int verdict_write(const struct ingest_request *request, struct buffer *out, struct error *error)
{
	const struct ingest_steps *steps = request->arg;
	const struct counts *sum = &request->sum;
	if (buffer_printf(out, error, "{\"run_id\":\"%s\",\"received\":%" PRIu64 ",\"written\":%" PRIu64 ",\"rejected\":%" PRIu64
		",\"skipped\":%" PRIu64 ",\"tables\":{", request->run_id, sum->read, sum->written, sum->rejected, counts_skipped(sum)) < 0 ||
		put_tables(steps, request, out, error) < 0 || buffer_puts(out, "},\"rejects\":[", error) < 0)
		return -1;
	for (size_t i = 0; i < request->verdict_count; i++)
		if ((i > 0 && buffer_puts(out, ",", error) < 0) || put_reject(steps, &request->verdicts[i], out, error) < 0)
			return -1;
	return buffer_puts(out, "]}\n", error);
}
