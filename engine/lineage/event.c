/* event.c - an OpenLineage RunEvent.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "engine/core/clock.h"
#include "engine/core/json_object.h"
#include "engine/core/version.h"
#include "engine/lineage/parts.h"

#define SPEC "https://openlineage.io/spec/"
#define FACET(version, name) SPEC "facets/" version "/" name ".json#/$defs/" name
static const char producer[] = "urn:penstock:" PENSTOCK_VERSION;

/* Datasets of one side, each once: several steps may read one file, or write one table. */
struct side {
	json_t *list;
	bool output;
	const struct plan_step *step;   /* at hand */
	const struct step_report *done; /* of it; NULL: it has not begun, or this is START */
	bool ended;                     /* the run has */
	bool failed;
};

static json_t *facet(const char *schema)
{
	json_t *object = json_object();
	int failed = put_string(object, "_producer", producer);

	failed |= put_string(object, "_schemaURL", schema);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

/* --- datasets --- */

static json_t *schema_facet(const struct schema *schema)
{
	json_t *object = facet(FACET("1-1-1", "SchemaDatasetFacet")), *fields = json_array();
	int failed = object && fields ? 0 : -1;

	for (size_t i = 0; i < schema->field_count && !failed; i++) {
		const struct field *field = &schema->fields[i];
		json_t *item = json_object();

		failed |= put_string(item, "name", field->name);
		failed |= put_string(item, "type", value_type_name(field->type));
		if (field->description && field->description[0])
			failed |= put_string(item, "description", field->description);
		failed |= json_array_append_new(fields, item);
	}
	failed |= json_object_set_new(object, "fields", fields);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

/* Adds to a count that may be there already. */
static int add_number(json_t *object, const char *key, uint64_t number)
{
	return put_number(object, key, number + (uint64_t)json_integer_value(json_object_get(object, key)));
}

/* How many rows were written, or read, once that is known. */
static int add_counts(struct side *side, json_t *dataset)
{
	const char *facets = side->output ? "outputFacets" : "inputFacets", *name = side->output ? "outputStatistics" : "dataQualityMetrics";
	json_t *all = json_object_get(dataset, facets), *one = json_object_get(all, name);
	const struct counts none = {0}, *counts = side->done ? &side->done->counts : &none;
	int failed = 0;

	if (!all) {
		all = json_object();
		failed |= json_object_set_new(dataset, facets, all);
	}
	if (!one && !failed) {
		one = facet(side->output ? FACET("1-0-2", "OutputStatisticsOutputDatasetFacet") : FACET("1-0-2", "DataQualityMetricsInputDatasetFacet"));
		failed |= json_object_set_new(all, name, one);
		if (!side->output)
			failed |= json_object_set_new(one, "columnMetrics", json_object());
	}
	failed |= failed ? 0 : add_number(one, "rowCount", side->output ? counts->written : counts->read);
	if (!side->output && counts->bytes > 0)
		failed |= add_number(one, "bytes", counts->bytes);
	return failed;
}

static json_t *find(const struct side *side, const struct dataset_name *name)
{
	json_t *dataset;
	size_t index;

	json_array_foreach(side->list, index, dataset)
		if (strcmp(json_string_value(json_object_get(dataset, "namespace")), name->space) == 0 &&
			strcmp(json_string_value(json_object_get(dataset, "name")), name->name) == 0)
			return dataset;
	return NULL;
}

static int on_dataset(void *arg, const struct dataset_name *name)
{
	struct side *side = arg;
	json_t *dataset = find(side, name);
	int failed = 0;

	if (!dataset) {
		const struct schema *schema = side->output ? side->step->schema : side->step->source_schema;
		json_t *facets = json_object();

		dataset = json_object();
		failed |= put_string(dataset, "namespace", name->space);
		failed |= put_string(dataset, "name", name->name);
		if (schema && schema->field_count > 0)
			failed |= json_object_set_new(facets, "schema", schema_facet(schema));
		failed |= json_object_set_new(dataset, "facets", facets);
		failed |= json_array_append_new(side->list, dataset);
	}
	if (!failed && side->ended)
		failed |= add_counts(side, dataset);
	side->failed = side->failed || failed;
	return failed ? -1 : 0;
}

static const struct step_report *report_of(const struct run_report *report, const struct plan_step *step)
{
	for (size_t i = 0; report && i < report->step_count; i++)
		if (strcmp(report->steps[i].name, step->name) == 0 && strcmp(report->steps[i].table, step->target) == 0)
			return &report->steps[i];
	return NULL;
}

static bool is_part(const struct run_options *options, const struct plan_step *step)
{
	if (options->only_step && strcmp(options->only_step, step->name) != 0)
		return false;
	return !options->mend || options->mend->wants(options->mend->arg, step);
}

/* NULL out of memory. */
static json_t *side_of(const struct plan *plan, const struct run_options *options, const struct run_report *report, bool output)
{
	struct side side = {.list = json_array(), .output = output, .ended = report != NULL, .failed = false};

	side.failed = !side.list;
	for (size_t i = 0; i < plan->step_count && !side.failed; i++) {
		side.step = &plan->steps[i];
		side.done = report_of(report, side.step);
		/* The rows of a replay come from a person, or from the store of rejects. */
		if (!is_part(options, side.step) || (!output && options->mend))
			continue;
		if ((output ? dataset_outputs : dataset_inputs)(side.step, on_dataset, &side) < 0)
			side.failed = true;
	}
	if (!side.failed)
		return side.list;
	json_decref(side.list);
	return NULL;
}

/* --- run and job --- */

static json_t *run_object(const char *run_id, const struct run_report *report)
{
	json_t *object = json_object(), *facets = json_object(), *engine = facet(FACET("1-1-1", "ProcessingEngineRunFacet"));
	int failed = put_string(object, "runId", run_id);

	failed |= put_string(engine, "name", "penstock");
	failed |= put_string(engine, "version", PENSTOCK_VERSION);
	failed |= json_object_set_new(facets, "processing_engine", engine);
	if (report && (report->status == RUN_FAILED || report->status == RUN_REJECTED)) {
		char why[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX];
		json_t *message = facet(FACET("1-0-1", "ErrorMessageRunFacet"));

		error_text(&report->error, why, sizeof why);
		failed |= put_string(message, "message", why[0] ? why : run_status_name(report->status));
		failed |= put_string(message, "programmingLanguage", "C");
		failed |= json_object_set_new(facets, "errorMessage", message);
	}
	failed |= json_object_set_new(object, "facets", facets);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *job_object(const struct plan *plan, const char *space, bool replay)
{
	json_t *object = json_object(), *facets = json_object(), *type = facet(FACET("2-0-3", "JobTypeJobFacet"));
	int failed = put_string(object, "namespace", space);

	failed |= put_string(object, "name", plan->name);
	failed |= put_string(type, "processingType", "BATCH");
	failed |= put_string(type, "integration", "PENSTOCK");
	failed |= put_string(type, "jobType", replay ? "REPLAY" : "PIPELINE");
	failed |= json_object_set_new(facets, "jobType", type);
	if (plan->description && plan->description[0]) {
		json_t *documentation = facet(FACET("1-0-1", "DocumentationJobFacet"));

		failed |= put_string(documentation, "description", plan->description);
		failed |= json_object_set_new(facets, "documentation", documentation);
	}
	failed |= json_object_set_new(object, "facets", facets);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static const char *type_of(const struct run_report *report)
{
	if (!report)
		return "START";
	if (report->status == RUN_SUCCEEDED)
		return "COMPLETE";
	return report->status == RUN_CANCELLED || report->status == RUN_INTERRUPTED ? "ABORT" : "FAIL";
}

char *event_text(const struct plan *plan, const struct run_options *options, const char *job_namespace, const struct run_report *report)
{
	json_t *event = json_object();
	int failed = put_string(event, "eventType", type_of(report));

	failed |= put_time(event, "eventTime", clock_wall_us());
	failed |= json_object_set_new(event, "run", run_object(plan->run_id, report));
	failed |= json_object_set_new(event, "job", job_object(plan, job_namespace, options->mend != NULL));
	failed |= json_object_set_new(event, "inputs", side_of(plan, options, report, false));
	failed |= json_object_set_new(event, "outputs", side_of(plan, options, report, true));
	failed |= put_string(event, "producer", producer);
	failed |= put_string(event, "schemaURL", SPEC "2-0-2/OpenLineage.json#/$defs/RunEvent");
	char *text = failed ? NULL : json_dumps(event, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(event);
	return text;
}
