/* serve.c - reads a serve file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/config/serve.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/interpolate.h"
#include "engine/config/load.h"
#include "engine/config/options.h"
#include "engine/config/scalars.h"
#include "engine/config/serve_keys.h"
#include "engine/config/stash.h"

const char *const serve_verbs[] = {"ingest", "run", "read", "report", "upload", "cancel", NULL};

struct top_keys {
	const char *listen;
	struct option_list hosts;
	bool behind_proxy, plaintext, console;
};

const struct option keys_of_serve[] = {
	{.name = "listen", .kind = OPTION_STRING, .offset = offsetof(struct top_keys, listen), .fallback = "127.0.0.1:8080",
		.help = "Address and port; port 0 is any free one."},
	{.name = "hosts", .kind = OPTION_LIST, .offset = offsetof(struct top_keys, hosts),
		.help = "Names that the Host of a request may have beside the listen address and localhost."},
	{.name = "behind_proxy", .kind = OPTION_BOOLEAN, .offset = offsetof(struct top_keys, behind_proxy),
		.help = "Requests come through a proxy that ends TLS; the client is the last X-Forwarded-For."},
	{.name = "plaintext", .kind = OPTION_BOOLEAN, .offset = offsetof(struct top_keys, plaintext),
		.help = "Beyond loopback without TLS: keys and data can be read on the network."},
	{.name = "console", .kind = OPTION_BOOLEAN, .offset = offsetof(struct top_keys, console), .fallback = "true",
		.help = "Whether / has the console, which needs no key itself."},
	{.name = NULL},
};

struct key_keys {
	const char *name;
	const char *sha256;
	struct option_list scopes;
};

const struct option keys_of_key[] = {
	{.name = "name", .kind = OPTION_STRING, .flags = OPTION_REQUIRED, .offset = offsetof(struct key_keys, name),
		.help = "Who uses it; stands in the access log."},
	{.name = "sha256", .kind = OPTION_STRING, .flags = OPTION_REQUIRED, .offset = offsetof(struct key_keys, sha256),
		.help = "SHA-256 of the key, as `penstock keys new` prints it."},
	{.name = "scopes", .kind = OPTION_LIST, .flags = OPTION_REQUIRED, .offset = offsetof(struct key_keys, scopes),
		.help = "VERB:PIPELINE, either may be *; ingest, run, read, report, upload, cancel."},
	{.name = NULL},
};

#define LIMIT(field) offsetof(struct service_limits, field)
const struct option keys_of_service_limits[] = {
	{.name = "body", .kind = OPTION_SIZE, .offset = LIMIT(body), .fallback = "16MiB", .minimum = 1, .maximum = 1 << 30,
		.help = "Bytes of one body."},
	{.name = "bodies", .kind = OPTION_SIZE, .offset = LIMIT(bodies), .fallback = "64MiB", .minimum = 1,
		.maximum = 1LL << 40, .help = "Bytes of all bodies in flight."},
	{.name = "upload", .kind = OPTION_SIZE, .offset = LIMIT(upload), .fallback = "1GiB", .minimum = 1,
		.maximum = 1LL << 50, .help = "Bytes of one uploaded file."},
	{.name = "connections", .kind = OPTION_INTEGER, .offset = LIMIT(connections), .fallback = "1100", .minimum = 1,
		.maximum = 20000, .help = "Connections at once; more wait."},
	{.name = "workers", .kind = OPTION_INTEGER, .offset = LIMIT(workers), .minimum = 0, .maximum = 256,
		.help = "Threads that handle requests; 0 is twice the processors, at least 32."},
	{.name = "queue", .kind = OPTION_INTEGER, .offset = LIMIT(queue), .fallback = "256", .minimum = 1, .maximum = 100000,
		.help = "Requests that wait for such a thread."},
	{.name = "runs", .kind = OPTION_INTEGER, .offset = LIMIT(runs), .fallback = "2", .minimum = 1, .maximum = 64,
		.help = "Pipelines that run at once."},
	{.name = "run_queue", .kind = OPTION_INTEGER, .offset = LIMIT(run_queue), .fallback = "16", .minimum = 0,
		.maximum = 10000, .help = "Runs that wait."},
	{.name = "streams", .kind = OPTION_INTEGER, .offset = LIMIT(streams), .fallback = "64", .minimum = 0, .maximum = 10000,
		.help = "Followers of runs at once, each with a connection."},
	{.name = "header_time", .kind = OPTION_DURATION, .offset = LIMIT(header_ms), .fallback = "10s", .minimum = 100,
		.maximum = 600000, .help = "For the head of a request and each 16 KiB of a body, and how long a connection may be idle."},
	{.name = "body_time", .kind = OPTION_DURATION, .offset = LIMIT(body_ms), .fallback = "60s", .minimum = 100,
		.maximum = 3600000, .help = "For a whole body."},
	{.name = "upload_time", .kind = OPTION_DURATION, .offset = LIMIT(upload_ms), .fallback = "1h", .minimum = 100,
		.maximum = 86400000, .help = "For a whole upload."},
	{.name = "answer_time", .kind = OPTION_DURATION, .offset = LIMIT(answer_ms), .fallback = "60s", .minimum = 100,
		.maximum = 3600000, .help = "For a client to take its answer."},
	{.name = NULL},
};

#define RATE(field) offsetof(struct serve_rates, field)
const struct option keys_of_rates[] = {
	{.name = "requests", .kind = OPTION_INTEGER, .offset = RATE(requests), .fallback = "10000", .minimum = 1,
		.maximum = 100000000, .help = "Requests a second of one key."},
	{.name = "burst", .kind = OPTION_INTEGER, .offset = RATE(burst), .fallback = "5000", .minimum = 1,
		.maximum = 100000000, .help = "Requests at once, beyond that rate."},
	{.name = "failures", .kind = OPTION_INTEGER, .offset = RATE(failures), .fallback = "10000", .minimum = 1,
		.maximum = 100000000, .help = "Requests a second without a right key, of one client address."},
	{.name = "failure_burst", .kind = OPTION_INTEGER, .offset = RATE(failure_burst), .fallback = "5000", .minimum = 1,
		.maximum = 100000000, .help = "Such requests at once."},
	{.name = NULL},
};

struct lineage_keys {
	const char *url, *file, *space, *api_key;
	struct option_map headers;
	int64_t timeout_ms;
};

const struct option keys_of_lineage[] = {
	{.name = "url", .kind = OPTION_STRING, .flags = OPTION_SECRET, .offset = offsetof(struct lineage_keys, url),
		.help = "Where OpenLineage events of runs are posted, such as http://127.0.0.1:5000/api/v1/lineage."},
	{.name = "file", .kind = OPTION_STRING, .offset = offsetof(struct lineage_keys, file),
		.help = "Or a file, relative to the working directory, to which they are appended, one JSON object a line."},
	{.name = "namespace", .kind = OPTION_STRING, .offset = offsetof(struct lineage_keys, space), .fallback = "penstock",
		.help = "The namespace of the jobs, whose names are those of the pipelines."},
	{.name = "api_key", .kind = OPTION_STRING, .flags = OPTION_SECRET, .offset = offsetof(struct lineage_keys, api_key),
		.help = "Sent as the bearer token of each event."},
	{.name = "headers", .kind = OPTION_MAP, .flags = OPTION_SECRET, .offset = offsetof(struct lineage_keys, headers),
		.help = "Further headers."},
	{.name = "timeout", .kind = OPTION_DURATION, .offset = offsetof(struct lineage_keys, timeout_ms), .fallback = "5s", .minimum = 100,
		.maximum = 60000, .help = "For one event."},
	{.name = NULL},
};

/* The file itself and all that it owns. */
struct loaded {
	struct serve_file file;
	struct stash stash;
	struct node *root;
};

struct reading {
	struct loaded *loaded;
	struct diagnostics *diagnostics;
};

static struct binder binder_of(const struct reading *reading, const char *owner)
{
	return (struct binder){.owner = owner, .stash = &reading->loaded->stash, .diagnostics = reading->diagnostics};
}

/* --- the top --- */

static void check_top(const struct reading *reading, const struct node *root)
{
	static const char *const known[] = {"version", "listen", "keys", "pipelines", "limits", "rates", "hosts", "behind_proxy",
		"plaintext", "console", "lineage", NULL};
	const struct node *version = node_find(root, "version");
	char text[256];

	for (size_t i = 0; i < root->count; i++) {
		size_t k = 0;

		while (known[k] && strcmp(known[k], root->keys[i]->text) != 0)
			k++;
		if (!known[k])
			diagnostics_error(reading->diagnostics, root->keys[i], "unknown key \"%.64s\" in a serve file%s", root->keys[i]->text,
				options_guess(root->keys[i]->text, known, text, sizeof(text)));
	}
	if (!version)
		diagnostics_error(reading->diagnostics, root, "a serve file begins with version: 1");
	else if (!node_text(version) || strcmp(version->text, "1") != 0)
		diagnostics_error(reading->diagnostics, version, "version of a serve file must be 1");
}

/* "address:port", "[address]:port" or "localhost:port". */
static void read_listen(const struct reading *reading, const struct node *node, const char *text)
{
	struct serve_file *file = &reading->loaded->file;
	const char *colon = strrchr(text, ':');
	int64_t port = -1;
	char *host = colon ? stash_text(&reading->loaded->stash, text) : NULL;
	unsigned char four[4], six[16];

	file->listen = text;
	if (host) {
		host[colon - text] = '\0';
		if (host[0] == '[' && colon > text + 1 && colon[-1] == ']') {
			host[colon - text - 1] = '\0';
			host++;
		} else if (strcmp(host, "localhost") == 0) {
			strcpy(host, "127.0.0.1"); /* as long as localhost */
		} else if (strchr(host, ':')) {
			host = NULL; /* ::1:8080 */
		}
	}
	if (!host || !scalar_integer(colon + 1, &port) || port < 0 || port > 65535) {
		diagnostics_error(reading->diagnostics, node, "listen must be an address and a port such as 127.0.0.1:8080 or [::1]:8080");
		return;
	}
	file->address = host;
	file->port = (unsigned)port;
	if (inet_pton(AF_INET, host, four) == 1) {
		file->loopback = four[0] == 127;
		file->any = four[0] == 0;
	} else if (inet_pton(AF_INET6, host, six) == 1) {
		static const unsigned char zero[16];

		file->loopback = memcmp(six, zero, 15) == 0 && six[15] == 1;
		file->any = memcmp(six, zero, 16) == 0;
	} else {
		diagnostics_error(reading->diagnostics, node,
			"listen must name a numeric address or localhost, not a name: 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080");
	}
}

static void read_hosts(const struct reading *reading, const struct node *node, const struct option_list *list)
{
	struct serve_file *file = &reading->loaded->file;
	const char **hosts = stash_array(&reading->loaded->stash, list->count + 1, sizeof(*hosts));

	if (list->count > SERVE_HOSTS_MAX)
		diagnostics_error(reading->diagnostics, node, "hosts has at most %d names", SERVE_HOSTS_MAX);
	for (size_t i = 0; hosts && i < list->count; i++) {
		char *host = stash_text(&reading->loaded->stash, list->items[i]);

		if (!host)
			return;
		if (!host[0] || strlen(host) > 255 || host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")])
			diagnostics_error(reading->diagnostics, node, "hosts holds names such as etl.example.com, without a port");
		for (char *c = host; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		hosts[i] = host;
	}
	file->hosts = hosts;
	file->host_count = hosts ? list->count : 0;
}

/* --- keys --- */

static void check_scope(const struct reading *reading, const struct node *node, const char *scope)
{
	const char *colon = strchr(scope, ':');
	char verb[16] = "", guess[256];

	if (!colon || !colon[1] || colon == scope) {
		diagnostics_error(reading->diagnostics, node, "a scope is VERB:PIPELINE such as ingest:* or report:hires-by-quarter");
		return;
	}
	if ((size_t)(colon - scope) < sizeof(verb))
		memcpy(verb, scope, (size_t)(colon - scope));
	if (strcmp(verb, "*") == 0)
		return;
	for (size_t i = 0; serve_verbs[i]; i++)
		if (strcmp(serve_verbs[i], verb) == 0)
			return;
	diagnostics_error(reading->diagnostics, node, "unknown verb in the scope \"%.64s\"%s", scope,
		options_guess(verb, serve_verbs, guess, sizeof(guess)));
}

static void read_key(const struct reading *reading, const struct node *node, struct serve_key *key)
{
	const struct binder binder = binder_of(reading, "a key");
	struct key_keys keys = {0};
	const struct node *sha256 = node_find(node, "sha256"), *scopes = node_find(node, "scopes");

	if (node->kind != NODE_MAP) {
		diagnostics_error(reading->diagnostics, node, "a key is a map such as { name: loader, sha256: ..., scopes: [\"ingest:*\"] }");
		return;
	}
	if (options_check_keys(&binder, node, (const struct option *const[]){keys_of_key, NULL}) < 0 ||
		options_bind(&binder, node, keys_of_key, &keys) < 0)
		return;
	if (!keys.name[0] || strlen(keys.name) >= SERVE_NAME_MAX ||
		keys.name[strspn(keys.name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")])
		diagnostics_error(reading->diagnostics, node_find(node, "name"),
			"the name of a key has 1 to %d letters, digits, dashes, dots and underscores", SERVE_NAME_MAX - 1);
	if (strlen(keys.sha256) != SHA256_HEX_SIZE - 1 || keys.sha256[strspn(keys.sha256, "0123456789abcdefABCDEF")])
		diagnostics_error(reading->diagnostics, sha256,
			"sha256 is the SHA-256 of a key in 64 hexadecimal digits, as `penstock keys new` prints it; the key itself does not belong here");
	else
		for (size_t i = 0; i < SHA256_HEX_SIZE; i++)
			key->sha256[i] = (char)tolower((unsigned char)keys.sha256[i]);
	if (keys.scopes.count > SERVE_SCOPES_MAX)
		diagnostics_error(reading->diagnostics, scopes, "a key has at most %d scopes", SERVE_SCOPES_MAX);
	for (size_t i = 0; i < keys.scopes.count; i++)
		check_scope(reading, scopes, keys.scopes.items[i]);
	key->name = keys.name;
	key->scopes = keys.scopes.items;
	key->scope_count = keys.scopes.count;
	key->node = scopes;
}

static void read_keys(const struct reading *reading, const struct node *node)
{
	struct serve_file *file = &reading->loaded->file;
	struct serve_key *keys;

	if (!node)
		return;
	if (node->kind != NODE_SEQUENCE || node->count > SERVE_KEYS_MAX) {
		diagnostics_error(reading->diagnostics, node, "keys is a list of at most %d maps of name, sha256 and scopes", SERVE_KEYS_MAX);
		return;
	}
	keys = stash_array(&reading->loaded->stash, node->count + 1, sizeof(*keys));
	for (size_t i = 0; keys && i < node->count; i++) {
		read_key(reading, node->items[i], &keys[i]);
		for (size_t k = 0; k < i; k++)
			if (keys[k].name && keys[i].name && strcmp(keys[k].name, keys[i].name) == 0)
				diagnostics_error(reading->diagnostics, node->items[i], "there is a key named \"%s\" already", keys[i].name);
			else if (keys[i].sha256[0] && strcmp(keys[k].sha256, keys[i].sha256) == 0)
				diagnostics_error(reading->diagnostics, node->items[i], "this key stands in the file already, as \"%s\"",
					keys[k].name ? keys[k].name : "");
	}
	file->keys = keys;
	file->key_count = keys ? node->count : 0;
}

/* --- pipelines --- */

static const char *beside(const struct reading *reading, const struct node *node)
{
	const char *slash = strrchr(node->file, '/');
	size_t folder = slash && node->text[0] != '/' ? (size_t)(slash - node->file) + 1 : 0, length = strlen(node->text);
	char *path = stash_take(&reading->loaded->stash, folder + length + 1);

	if (path) {
		memcpy(path, node->file, folder);
		memcpy(path + folder, node->text, length + 1);
	}
	return path;
}

static void read_pipelines(const struct reading *reading, const struct node *root)
{
	const struct node *node = node_find(root, "pipelines");
	struct serve_file *file = &reading->loaded->file;
	struct serve_pipeline *pipelines;

	if (!node || node->kind != NODE_SEQUENCE || node->count == 0 || node->count > SERVE_PIPELINES_MAX) {
		diagnostics_error(reading->diagnostics, node ? node : root, "pipelines is a list of 1 to %d pipeline files, relative to the serve file",
			SERVE_PIPELINES_MAX);
		return;
	}
	pipelines = stash_array(&reading->loaded->stash, node->count, sizeof(*pipelines));
	for (size_t i = 0; pipelines && i < node->count; i++) {
		if (!node_text(node->items[i]) || !node->items[i]->text[0])
			diagnostics_error(reading->diagnostics, node->items[i], "pipelines holds the paths of pipeline files");
		else
			pipelines[i] = (struct serve_pipeline){beside(reading, node->items[i]), node->items[i]};
	}
	file->pipelines = pipelines;
	file->pipeline_count = pipelines ? node->count : 0;
}

/* --- all --- */

static void read_map(const struct reading *reading, const struct node *root, const char *name, const struct option *table, void *into)
{
	const struct binder binder = binder_of(reading, name);
	const struct node none = {.kind = NODE_MAP};
	const struct node *map = node_find(root, name);

	if (map && map->kind != NODE_MAP) {
		diagnostics_error(reading->diagnostics, map, "%s is a map such as { %s: %s }", name, table->name, table->fallback ? table->fallback : "...");
		return;
	}
	/* What goes wrong is reported, and then there is no file. */
	if (map)
		(void)options_check_keys(&binder, map, (const struct option *const[]){table, NULL});
	(void)options_bind(&binder, map ? map : &none, table, into);
}

/* "Name: value"; NULL out of memory, which the stash knows. */
static const char *header_of(const struct reading *reading, const char *name, const char *before, const char *value)
{
	size_t size = strlen(name) + strlen(before) + strlen(value) + 3;
	char *text = stash_take(&reading->loaded->stash, size);

	if (text)
		snprintf(text, size, "%s: %s%s", name, before, value);
	return text;
}

static void read_lineage(const struct reading *reading, const struct node *root)
{
	struct lineage_target *lineage = &reading->loaded->file.lineage;
	const struct node *map = node_find(root, "lineage");
	struct lineage_keys keys = {.url = NULL};
	size_t errors = reading->diagnostics->errors, count = 0;
	struct error error = ERROR_INIT;

	if (!map)
		return;
	read_map(reading, root, "lineage", keys_of_lineage, &keys);
	if (reading->diagnostics->errors > errors)
		return;
	const char **headers = stash_array(&reading->loaded->stash, keys.headers.count + 2, sizeof *headers);
	if (!headers)
		return;
	if (keys.api_key)
		headers[count++] = header_of(reading, "Authorization", "Bearer ", keys.api_key);
	for (size_t i = 0; i < keys.headers.count; i++)
		headers[count++] = header_of(reading, keys.headers.keys[i], "", keys.headers.values[i]);
	*lineage = (struct lineage_target){.url = keys.url, .file = keys.file, .job_namespace = keys.space, .headers = headers, .timeout_ms = keys.timeout_ms};
	if (lineage_target_check(lineage, &error) < 0)
		diagnostics_error(reading->diagnostics, map, "%s", error.message);
	else if (lineage->file && count > 0)
		diagnostics_error(reading->diagnostics, map, "lineage goes to a file, to which api_key and headers cannot be sent");
}

static void check_safety(const struct reading *reading, const struct node *root)
{
	const struct serve_file *file = &reading->loaded->file;
	const struct node *listen = node_find(root, "listen");

	if (file->behind_proxy && file->key_count == 0)
		diagnostics_warning(reading->diagnostics, node_find(root, "behind_proxy"),
			"behind_proxy without keys: whatever a proxy forwards is refused with 403 (make a key with `penstock keys new NAME`)");
	if (file->loopback)
		return;
	if (file->key_count == 0)
		diagnostics_error(reading->diagnostics, listen,
			"listening beyond loopback needs keys: make one with `penstock keys new NAME`, or listen on 127.0.0.1");
	if (!file->behind_proxy && !file->plaintext)
		diagnostics_error(reading->diagnostics, listen,
			"listening beyond loopback without TLS: put a proxy in front and say behind_proxy: true, or say plaintext: true where keys and data "
			"may be read on the network");
}

static void read_file(const struct reading *reading, struct node *root)
{
	const struct scope scope = {.run_id = "", .diagnostics = reading->diagnostics};
	const struct binder binder = binder_of(reading, "a serve file");
	struct serve_file *file = &reading->loaded->file;
	struct top_keys top = {0};
	size_t errors;

	check_top(reading, root);
	if (interpolate_tree(root, &scope) < 0)
		return;
	read_pipelines(reading, root);
	read_keys(reading, node_find(root, "keys"));
	read_map(reading, root, "limits", keys_of_service_limits, &file->limits);
	read_map(reading, root, "rates", keys_of_rates, &file->rates);
	read_lineage(reading, root);
	errors = reading->diagnostics->errors;
	if (options_bind(&binder, root, keys_of_serve, &top) < 0 || reading->diagnostics->errors > errors)
		return;
	file->behind_proxy = top.behind_proxy;
	file->plaintext = top.plaintext;
	file->console = top.console;
	read_hosts(reading, node_find(root, "hosts"), &top.hosts);
	read_listen(reading, node_find(root, "listen"), top.listen);
	if (reading->diagnostics->errors == errors)
		check_safety(reading, root);
	if (file->limits.body > file->limits.bodies)
		diagnostics_error(reading->diagnostics, node_find(root, "limits"), "limits.bodies, of all requests, must not be less than limits.body, of one");
}

const struct serve_file *serve_file_load(const char *file, struct diagnostics *diagnostics)
{
	struct reading reading = {calloc(1, sizeof(struct loaded)), diagnostics};
	struct error error = ERROR_INIT;
	struct loaded *loaded = reading.loaded;

	if (!loaded) {
		diagnostics_memory(diagnostics);
		return NULL;
	}
	stash_init(&loaded->stash);
	loaded->root = document_parse(file, &error);
	diagnostics_take(diagnostics, &error);
	if (loaded->root && loaded->root->kind != NODE_MAP)
		diagnostics_error(diagnostics, loaded->root, "a serve file is a map that begins with version: 1");
	else if (loaded->root)
		read_file(&reading, loaded->root);
	if (loaded->stash.failed)
		diagnostics_memory(diagnostics);
	diagnostics_sort(diagnostics);
	if (diagnostics->errors > 0) {
		serve_file_free(&loaded->file);
		return NULL;
	}
	return &loaded->file;
}

void serve_file_free(const struct serve_file *file)
{
	/* file is the first member. */
	struct loaded *loaded = (struct loaded *)(uintptr_t)(const void *)file;

	if (!loaded)
		return;
	node_free(loaded->root);
	stash_fini(&loaded->stash);
	free(loaded);
}
