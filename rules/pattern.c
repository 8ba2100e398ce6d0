/* pattern.c - compiling and matching with PCRE2, under limits.
 * SPDX-License-Identifier: Apache-2.0
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "rules/pattern.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PATTERN_TEXT_MAX = 16 * 1024,
	MATCH_STEPS = 1000000, /* for one value, and some more for each of its bytes */
	MATCH_STEPS_A_BYTE = 16,
	MATCH_HEAP_KIB = 16 * 1024,
	JIT_STACK_MIN = 32 * 1024,
	JIT_STACK_MAX = 4 * 1024 * 1024, /* of addresses; memory as far as a match needs it */
};

struct pattern {
	pcre2_code *code;
};

struct matcher {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack; /* NULL where this build of PCRE2 has no JIT */
};

struct pattern *pattern_new(const char *text, char reason[PATTERN_REASON_MAX], size_t *at)
{
	int code = 0;
	PCRE2_SIZE offset = 0;
	*at = 0;
	if (strlen(text) > PATTERN_TEXT_MAX) {
		snprintf(reason, PATTERN_REASON_MAX, "it is longer than %d bytes", PATTERN_TEXT_MAX);
		return NULL;
	}
	reason[0] = '\0';
	struct pattern *pattern = calloc(1, sizeof *pattern);
	if (!pattern)
		return NULL;
	pattern->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
				      PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED | PCRE2_ENDANCHORED |
					      PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C,
				      &code, &offset, NULL);
	if (!pattern->code) {
		if (code != PCRE2_ERROR_NOMEMORY)
			pcre2_get_error_message(code, (PCRE2_UCHAR *)reason, PATTERN_REASON_MAX);
		*at = offset;
		free(pattern);
		return NULL;
	}
	pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE); /* without it matching is slower, no more */
	return pattern;
}

void pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_code_free(pattern->code);
	free(pattern);
}

struct matcher *matcher_new(struct error *error)
{
	struct matcher *matcher = calloc(1, sizeof *matcher);
	if (matcher) {
		matcher->data = pcre2_match_data_create(1, NULL);
		matcher->context = pcre2_match_context_create(NULL);
		matcher->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
	}
	if (!matcher || !matcher->data || !matcher->context) {
		matcher_free(matcher);
		error_memory(error, "matching patterns");
		return NULL;
	}
	pcre2_set_heap_limit(matcher->context, MATCH_HEAP_KIB);
	if (matcher->stack)
		pcre2_jit_stack_assign(matcher->context, NULL, matcher->stack);
	return matcher;
}

void matcher_free(struct matcher *matcher)
{
	if (!matcher)
		return;
	pcre2_match_data_free(matcher->data);
	pcre2_match_context_free(matcher->context);
	pcre2_jit_stack_free(matcher->stack);
	free(matcher);
}

enum pattern_result pattern_match(const struct pattern *pattern, struct matcher *matcher, const char *text,
				  size_t length)
{
	size_t steps = MATCH_STEPS + MATCH_STEPS_A_BYTE * length;
	pcre2_set_match_limit(matcher->context, steps < UINT32_MAX ? (uint32_t)steps : UINT32_MAX);
	pcre2_set_depth_limit(matcher->context, steps < UINT32_MAX ? (uint32_t)steps : UINT32_MAX);
	int code = pcre2_match(pattern->code, (PCRE2_SPTR)text, length, 0, PCRE2_NO_UTF_CHECK, matcher->data,
			       matcher->context);
	if (code == PCRE2_ERROR_JIT_STACKLIMIT)
		code = pcre2_match(pattern->code, (PCRE2_SPTR)text, length, 0, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
				   matcher->data, matcher->context);
	if (code >= 0)
		return PATTERN_MATCHES;
	return code == PCRE2_ERROR_NOMATCH ? PATTERN_DIFFERS : PATTERN_GIVES_UP;
}
