/* uploads.c - PUT /v1/pipelines/{pipeline}/files/{param}: the file that a param names is replaced by the body.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where the file is says the pipeline: the value of the param as the service has loaded it, never the request.
 */
#include "engine/http/uploads.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "engine/config/params.h"
#include "engine/core/digest.h"
#include "engine/core/file_out.h"
#include "engine/core/folder.h"
#include "engine/http/json_put.h"

enum { COPY_BYTES = 64 * 1024, UPLOAD_PERMISSIONS = 0640 };

/* NULL after the answer said why. */
static const struct param *param_of(const struct service *service, const struct http_request *request, struct http_answer *answer)
{
	size_t index = service_find_pipeline(service, request->values[0]);
	const struct param *param;

	if (index == SIZE_MAX) {
		answer_problem(answer, 404, "there is no pipeline \"%.64s\" here", request->values[0]);
		return NULL;
	}
	param = params_find(pipeline_params(service_pipeline(service, index)), request->values[1]);
	if (!param || !param->upload) {
		answer_problem(answer, 404, "pipeline \"%.64s\" has no param \"%.64s\" whose file may be uploaded", request->values[0],
			request->values[1]);
		return NULL;
	}
	if (param->value && param->value[0] && strcmp(param->value, "-") != 0)
		return param;
	answer_problem(answer, 422, "param \"%.64s\" has no default, so it names no file", param->name);
	return NULL;
}

static int copy(int from, struct file_out *out, struct digest *digest, uint64_t *bytes, struct cancel *cancel, struct error *error)
{
	char piece[COPY_BYTES];
	ssize_t got;

	while ((got = read(from, piece, sizeof piece)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(error, ERROR_RESOURCE, "upload", errno, "cannot be read back");
		if (cancel_requested(cancel))
			return error_set(error, ERROR_CANCELLED, "upload", "the service is stopping");
		digest_add(digest, piece, (size_t)got);
		*bytes += (uint64_t)got;
		if (file_out_write(out, piece, (size_t)got, error) < 0)
			return -1;
	}
	return 0;
}

static int place(const struct http_request *request, const char *path, uint64_t *bytes, char sha256[SHA256_HEX_SIZE], struct error *error)
{
	char folder[FOLDER_PATH_MAX];
	struct digest *digest = NULL;
	struct file_out *out = NULL;
	int result = -1;

	if (folder_of(path, folder, error) == 0 && folder_make(folder, error) == 0)
		out = file_out_open(path, UPLOAD_PERMISSIONS, error);
	if (out)
		digest = digest_new(error);
	if (digest && copy(request->upload, out, digest, bytes, request->cancel, error) == 0)
		result = file_out_publish(out, error);
	if (result == 0)
		digest_hex(digest, sha256);
	digest_free(digest);
	file_out_close(out);
	return result;
}

int uploads_put(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	char sha256[SHA256_HEX_SIZE];
	const struct param *param;
	uint64_t bytes = 0;
	json_t *object;

	if (!request->key_name) {
		answer_problem(answer, 401, "an upload needs an API key even where other requests do not");
		return answer_header(answer, error, "WWW-Authenticate", "Bearer realm=\"penstock\"");
	}
	param = param_of(service, request, answer);
	if (!param)
		return 0;
	if (place(request, param->value, &bytes, sha256, error) < 0)
		return -1;
	object = json_object();
	int failed = put_string(object, "pipeline", request->values[0]);
	failed |= put_string(object, "param", param->name);
	failed |= put_number(object, "bytes", bytes);
	failed |= put_string(object, "sha256", sha256);
	return answer_json(answer, 200, object, failed, error);
}
