/* exchange.c - one transfer of libcurl, watched: where it connects to, how much it brings, whether somebody cancels.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/exchange.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "connectors/http/gate.h"
#include "connectors/http/unzip.h"
#include "engine/core/digest.h"
#include "engine/core/version.h"

enum {
	HEADERS_MAX = 256 * 1024, /* bytes of the headers of one answer */
	LINK_MAX = 64 * 1024,
	WAIT_MS = 100, /* how soon a transfer that gives nothing notices that it was cancelled */
};

struct client {
	const struct http_options *options;
	const struct url *own;
	struct cancel *cancel;
	CURL *easy;
	CURLM *multi;
	struct curl_slist *own_headers, *plain_headers; /* for the configured host; for all others */
	int fd;
	struct digest *digest;
	struct gate gate;
	char said[CURL_ERROR_SIZE];

	/* of the exchange at hand */
	struct reply *reply;
	struct error *error;
	const char *place;
	uint64_t room;
	size_t header_bytes;
	bool probe;
	enum unzip_kind encoding;
	struct unzip *unzip; /* NULL: the body stays as it comes */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin_library(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

void client_begin(void)
{
	pthread_once(&once, begin_library);
}

/* --- what libcurl calls ------------------------------------------------------------------------- */

/* Bytes of the body as they are to be read. */
static int keep(void *arg, const char *data, size_t length, struct error *error)
{
	struct client *client = arg;

	if (length > client->room - client->reply->bytes)
		return error_set(error, ERROR_SOURCE, client->place, "the answer is larger than max_page or max_bytes allows (%" PRIu64 " bytes, decompressed)",
			client->room);
	digest_add(client->digest, data, length);
	for (size_t done = 0; done < length;) {
		ssize_t wrote = write(client->fd, data + done, length - done);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return error_errno(error, ERROR_RESOURCE, client->place, wrote < 0 ? errno : ENOSPC,
				"cannot keep the page in its temporary file (TMPDIR)");
		done += (size_t)wrote;
	}
	client->reply->bytes += length;
	return 0;
}

static size_t on_body(char *data, size_t one, size_t length, void *arg)
{
	struct client *client = arg;
	long status = 0;

	(void)one;
	curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200 || client->probe)
		return 0; /* ends the transfer: the status is all that is wanted */
	if (client->encoding != UNZIP_NOTHING && !client->unzip) {
		client->unzip = unzip_new(client->encoding, keep, client, client->error);
		if (!client->unzip)
			return 0;
	}
	if (client->unzip ? unzip_feed(client->unzip, data, length, client->place, client->error) < 0 : keep(client, data, length, client->error) < 0)
		return 0;
	return length;
}

/* The value of a header line of this name, without spaces around it, or NULL. */
static const char *value_of(const char *line, size_t length, const char *name, size_t *value_length)
{
	size_t size = strlen(name);

	if (length <= size || strncasecmp(line, name, size) != 0 || line[size] != ':')
		return NULL;
	const char *value = line + size + 1;
	size_t left = length - size - 1;
	while (left > 0 && (*value == ' ' || *value == '\t')) {
		value++;
		left--;
	}
	while (left > 0 && strchr(" \t\r\n", value[left - 1]))
		left--;
	*value_length = left;
	return value;
}

static int take_header(struct client *client, const char *line, size_t length)
{
	struct reply *reply = client->reply;
	const char *value;
	size_t size;

	if ((value = value_of(line, length, "Link", &size))) {
		if (memchr(value, '\0', size))
			return error_set(client->error, ERROR_SOURCE, client->place, "the Link header holds a NUL");
		return reply->link.length > 0 && buffer_puts(&reply->link, ",", client->error) < 0 ? -1 :
			buffer_append(&reply->link, value, size, client->error);
	}
	if (value_of(line, length, "Content-Length", &size))
		reply->bounded = true;
	if ((value = value_of(line, length, "Transfer-Encoding", &size)) && size == 7 && strncasecmp(value, "chunked", 7) == 0)
		reply->bounded = true;
	if ((value = value_of(line, length, "Content-Encoding", &size))) {
		enum unzip_kind kind = unzip_kind_of(value, size);
		if (kind == UNZIP_UNKNOWN || client->encoding != UNZIP_NOTHING)
			return error_set(client->error, ERROR_SOURCE, client->place, "the answer is encoded as %.*s, which was not asked for",
				(int)(size < 64 ? size : 64), value);
		client->encoding = kind;
	}
	return 0;
}

static size_t on_header(char *line, size_t one, size_t length, void *arg)
{
	struct client *client = arg;

	(void)one;
	if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		/* Another answer behind an interim one. */
		buffer_clear(&client->reply->link);
		client->reply->bounded = strncmp(line, "HTTP/1", 6) != 0;
		client->encoding = UNZIP_NOTHING;
	}
	client->header_bytes += length;
	if (client->header_bytes > HEADERS_MAX) {
		error_set(client->error, ERROR_SOURCE, client->place, "the headers of the answer have more than %d bytes", HEADERS_MAX);
		return 0;
	}
	return take_header(client, line, length) < 0 ? 0 : length;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct client *client = arg;

	if (purpose == CURLSOCKTYPE_IPCXN && !gate_lets(&client->gate, &address->addr, (socklen_t)address->addrlen))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* --- setting up --------------------------------------------------------------------------------- */

static int add_line(struct curl_slist **list, struct error *error, const char *name, const char *value)
{
	char *line = NULL;
	struct curl_slist *longer = NULL;

	/* An empty value would tell libcurl to leave the header out. */
	if (asprintf(&line, *value ? "%s: %s" : "%s;", name, value) < 0)
		line = NULL;
	if (line)
		longer = curl_slist_append(*list, line);
	free(line);
	if (!longer)
		return error_memory(error, "the headers of a request");
	*list = longer;
	return 0;
}

static bool has_header(const struct http_options *options, const char *name)
{
	for (size_t i = 0; i < options->headers.count; i++)
		if (strcasecmp(options->headers.keys[i], name) == 0)
			return true;
	return false;
}

static int make_headers(struct client *client, const char *accept, struct error *error)
{
	const struct http_options *options = client->options;

	if (add_line(&client->plain_headers, error, "Accept", accept) < 0 ||
	    add_line(&client->plain_headers, error, "Accept-Encoding", unzip_encodings()) < 0 ||
	    add_line(&client->own_headers, error, "Accept-Encoding", unzip_encodings()) < 0 ||
	    (!has_header(options, "Accept") && add_line(&client->own_headers, error, "Accept", accept) < 0) ||
	    (options->method == HTTP_POST && !has_header(options, "Content-Type") && add_line(&client->own_headers, error, "Content-Type", "application/json") < 0) ||
	    (options->api_key && add_line(&client->own_headers, error, options->api_key_header, options->api_key) < 0))
		return -1;
	/* Never waited for: a body is small, and some servers do not answer to it. */
	struct curl_slist *longer = curl_slist_append(client->own_headers, "Expect:");
	if (!longer)
		return error_memory(error, "the headers of a request");
	client->own_headers = longer;
	if (options->token) {
		char *bearer = NULL;
		int added = asprintf(&bearer, "Bearer %s", options->token) < 0 ? error_memory(error, "the headers of a request")
									       : add_line(&client->own_headers, error, "Authorization", bearer);
		free(bearer);
		if (added < 0)
			return -1;
	}
	for (size_t i = 0; i < options->headers.count; i++)
		if (add_line(&client->own_headers, error, options->headers.keys[i], options->headers.values[i]) < 0)
			return -1;
	return 0;
}

static bool set_up(CURL *easy, const struct http_options *options, struct client *client)
{
	bool bad = false;

	bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) != CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075500
	bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK;
#else
	bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS)) != CURLE_OK;
#endif
	bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) != CURLE_OK;
	if (options->ca_file) {
		bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file) != CURLE_OK;
		bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) != CURLE_OK;
	}
	bad |= curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "penstock/" PENSTOCK_VERSION) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)options->min_speed) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(options->stall_ms / 1000)) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, client->said) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, client) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, client) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, client) != CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Whoever cancels does not wait for a name server. */
	bad |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) != CURLE_OK;
#endif
	return !bad;
}

struct client *client_new(const struct http_options *options, const struct url *own, const char *accept, int fd, struct cancel *cancel,
	struct error *error)
{
	client_begin();
	struct client *client = calloc(1, sizeof *client);
	if (!client) {
		error_memory(error, "an HTTP client");
		return NULL;
	}
	*client = (struct client){ .options = options, .own = own, .fd = fd, .cancel = cancel };
	gate_init(&client->gate, options->allow_private);
	client->easy = curl_easy_init();
	client->multi = curl_multi_init();
	client->digest = digest_new(error);
	if (!client->easy || !client->multi || !client->digest || !set_up(client->easy, options, client)) {
		error_memory(error, "an HTTP client");
	} else if (make_headers(client, accept, error) == 0) {
		return client;
	}
	client_free(client);
	return NULL;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	if (client->easy)
		curl_easy_cleanup(client->easy);
	if (client->multi)
		curl_multi_cleanup(client->multi);
	curl_slist_free_all(client->own_headers);
	curl_slist_free_all(client->plain_headers);
	digest_free(client->digest);
	unzip_free(client->unzip);
	free(client);
}

void reply_fini(struct reply *reply)
{
	buffer_fini(&reply->link);
	free(reply->location);
	*reply = (struct reply){ .location = NULL };
}

/* --- one exchange ------------------------------------------------------------------------------- */

static bool set_request(struct client *client, const struct url *target, enum exchange_way way, bool own)
{
	const struct http_options *options = client->options;
	CURL *easy = client->easy;
	bool post = own && options->method == HTTP_POST && way == EXCHANGE_ASK, bad = false;

	bad |= curl_easy_setopt(easy, CURLOPT_URL, target->text) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, own ? client->own_headers : client->plain_headers) != CURLE_OK;
	/* USERNAME set to NULL forgets it: nothing of a request to our own host is left for another one. */
	bad |= curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_USERNAME, own ? options->user : NULL) != CURLE_OK;
	bad |= curl_easy_setopt(easy, CURLOPT_PASSWORD, own && options->user ? options->password ? options->password : "" : NULL) != CURLE_OK;
	if (post) {
		const char *body = options->body ? options->body : "";
		bad |= curl_easy_setopt(easy, CURLOPT_POST, 1L) != CURLE_OK;
		bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body)) != CURLE_OK;
		bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body) != CURLE_OK;
	} else {
		bad |= curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) != CURLE_OK;
	}
	return !bad;
}

/* Runs the transfer to its end. -1 and error where it was cancelled, or libcurl itself fails. */
static int transfer(struct client *client, CURLcode *code, struct error *error)
{
	int running = 1, result = 0, left;
	CURLMcode trouble = curl_multi_add_handle(client->multi, client->easy);

	*code = CURLE_OK;
	while (trouble == CURLM_OK && running && result == 0) {
		if (cancel_requested(client->cancel))
			result = error_set(error, ERROR_CANCELLED, NULL, "cancelled");
		else if ((trouble = curl_multi_perform(client->multi, &running)) == CURLM_OK && running)
			trouble = curl_multi_poll(client->multi, NULL, 0, WAIT_MS, NULL);
	}
	for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left)) != NULL;)
		if (message->msg == CURLMSG_DONE)
			*code = message->data.result;
	curl_multi_remove_handle(client->multi, client->easy);
	if (trouble != CURLM_OK)
		return error_set(error, ERROR_RESOURCE, client->place, "libcurl: %s", curl_multi_strerror(trouble));
	return result;
}

static bool may_pass(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return true;
	default:
		return false;
	}
}

static int failed(struct client *client, CURLcode code, struct error *error)
{
	const char *said = client->said[0] ? client->said : curl_easy_strerror(code);

	if (client->gate.refused[0])
		return gate_say(&client->gate, client->place, error);
	if (code == CURLE_OUT_OF_MEMORY)
		return error_memory(error, "an HTTP answer");
	if (code == CURLE_PARTIAL_FILE)
		error_set(error, ERROR_SOURCE, client->place, "the answer was cut off: %s", said);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		error_set(error, ERROR_SOURCE, client->place, "too slow: %s", said);
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		error_set(error, ERROR_SOURCE, client->place, "the server's certificate is not trusted: %s (ca_file names others)", said);
	else if (code == CURLE_SSL_CACERT_BADFILE)
		error_set(error, ERROR_CONFIG, client->place, client->options->ca_file ? "ca_file cannot be used: %s"
			: "there are no certificates to trust (install ca-certificates, or name some in ca_file): %s", said);
	else
		error_set(error, ERROR_SOURCE, client->place, "no answer: %s", said);
	error->retry = may_pass(code);
	return -1;
}

/* What can be known once the status is there. */
static int take_reply(struct client *client, struct error *error)
{
	struct reply *reply = client->reply;
	curl_off_t after = 0;
	char *location = NULL;

	curl_easy_getinfo(client->easy, CURLINFO_RETRY_AFTER, &after);
	reply->retry_after_ms = after > 0 && after < 1000000000 ? (int64_t)after * 1000 : after > 0 ? INT64_MAX / 2 : 0;
	curl_easy_getinfo(client->easy, CURLINFO_REDIRECT_URL, &location);
	if (location && !(reply->location = strdup(location)))
		return error_memory(error, "an address");
	digest_hex(client->digest, reply->hash);
	return 0;
}

int client_exchange(struct client *client, const struct url *target, enum exchange_way way, uint64_t room, const char *place,
	struct reply *reply, struct error *error)
{
	bool own = url_same_origin(client->own, target);
	CURLcode code;

	reply_fini(reply);
	buffer_init(&reply->link, LINK_MAX);
	client->reply = reply;
	client->error = error;
	client->place = place;
	client->room = room;
	client->header_bytes = 0;
	client->probe = way == EXCHANGE_PROBE;
	client->encoding = UNZIP_NOTHING;
	unzip_free(client->unzip);
	client->unzip = NULL;
	client->said[0] = '\0';
	digest_reset(client->digest);
	if (gate_prepare(&client->gate, target, own, place, error) < 0)
		return -1;
	if (lseek(client->fd, 0, SEEK_SET) < 0 || ftruncate(client->fd, 0) < 0)
		return error_errno(error, ERROR_RESOURCE, place, errno, "cannot empty the temporary file of a page");
	if (!set_request(client, target, way, own))
		return error_memory(error, "an HTTP request");
	if (transfer(client, &code, error) < 0 || error_is_set(error))
		return -1;
	curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &reply->status);
	/* A status that is not 200 is an answer, and its body is left where it is. */
	if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && reply->status > 0))
		return failed(client, code, error);
	if (client->unzip && unzip_end(client->unzip, place, error) < 0)
		return -1;
	return take_reply(client, error);
}
