/* console.c - the console: the files of engine/http/console, which are in the program itself.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A name in a path is looked up among those that were built in; nothing is read from a disk.
 */
#include <string.h>

#include "engine/http/parts.h"

struct console_file {
	const char *name, *type, *tag; /* tag: an ETag with its quotes */
	const unsigned char *data;
	size_t length;
};

#include "engine/http/console_files.h"

static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static const struct console_file *find(const char *name)
{
	for (size_t i = 0; i < sizeof console_files / sizeof console_files[0]; i++)
		if (strcmp(console_files[i].name, name) == 0)
			return &console_files[i];
	return NULL;
}

/* If-None-Match (RFC 9110, 13.1.2): a list of tags, weak ones as good as others, or *. */
static bool has_it(const char *list, const char *tag)
{
	return list && (strcmp(list, "*") == 0 || strstr(list, tag));
}

static int give(const struct service *service, const struct http_request *request, const char *name, struct http_answer *answer,
	struct error *error)
{
	const struct console_file *file = service->file->console ? find(name) : NULL;

	if (!file) {
		answer_problem(answer, 404, service->file->console ? "the console has no such file" : "this service has no console (console: false)");
		return 0;
	}
	if (has_it(request->if_none_match, file->tag)) {
		answer->status = 304;
	} else {
		answer->content_type = file->type;
		answer->fixed = file->data;
		answer->fixed_length = file->length;
	}
	if (answer_header(answer, error, "ETag", "%s", file->tag) < 0 || answer_header(answer, error, "Cache-Control", "no-cache") < 0 ||
		answer_header(answer, error, "Content-Security-Policy", "%s", policy) < 0)
		return -1;
	return answer_header(answer, error, "Referrer-Policy", "no-referrer");
}

static int get_index(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	return give(service, request, "index.html", answer, error);
}

static int get_file(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	return give(service, request, request->values[0], answer, error);
}

const struct route routes_of_console[] = {
	{.method = "GET", .pattern = "/", .summary = "The console, for a browser", .handle = get_index},
	{.method = "GET", .pattern = "/console/{file}", .summary = "A file of the console", .handle = get_file},
	{.method = NULL},
};
