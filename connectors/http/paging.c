/* paging.c - link, cursor, page, offset: from one page to the next.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/paging.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/http/link.h"
#include "engine/core/digest.h"

static int base_again(struct paging *paging, struct error *error)
{
	url_fini(&paging->next);
	return url_init(&paging->next, paging->base->text, NULL, ERROR_SOURCE, paging->base->shown, error);
}

static int add_number(struct paging *paging, const char *name, uint64_t number, struct error *error)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, number);
	return url_add(&paging->next, name, text, error);
}

/* The parameters of page number paging->page in next, which is the base so far. */
static int add_place(struct paging *paging, struct error *error)
{
	const struct http_options *options = paging->options;

	if (options->size_parameter && add_number(paging, options->size_parameter, (uint64_t)options->page_size, error) < 0)
		return -1;
	if (options->paging == PAGING_PAGE)
		return add_number(paging, options->page_parameter, (uint64_t)options->first_page + paging->page - 1, error);
	if (options->paging == PAGING_OFFSET)
		return add_number(paging, options->offset_parameter, paging->records, error);
	return 0;
}

static int check_base(const struct paging *paging, struct error *error)
{
	const struct http_options *options = paging->options;
	const char *names[] = {
		options->paging == PAGING_PAGE ? options->page_parameter : options->paging == PAGING_OFFSET ? options->offset_parameter : NULL,
		options->cursor_parameter, options->size_parameter,
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i] && url_has(paging->base, names[i]))
			return error_set(error, ERROR_CONFIG, paging->base->shown, "url or parameters have \"%s\" already, which paging sets", names[i]);
	return 0;
}

int paging_init(struct paging *paging, const struct http_options *options, const struct url *base, struct error *error)
{
	*paging = (struct paging){ .options = options, .base = base, .page = 1, .power = 1 };
	return check_base(paging, error) < 0 || base_again(paging, error) < 0 ? -1 : add_place(paging, error);
}

void paging_fini(struct paging *paging)
{
	url_fini(&paging->next);
}

/* ERROR_SOURCE where this address or cursor has led in a circle. */
static int check_loop(struct paging *paging, const char *key, const char *place, struct error *error)
{
	char hash[SHA256_HEX_SIZE];

	digest_of(key, strlen(key), hash);
	if (strcmp(hash, paging->seen) == 0)
		return error_set(error, ERROR_SOURCE, place, "the next page is one that was there before: the pages lead in a circle");
	if (++paging->steps == paging->power) {
		paging->power *= 2;
		memcpy(paging->seen, hash, sizeof hash);
	}
	return 0;
}

/* next becomes an address that the server has given. */
static int lead(struct paging *paging, const char *address, const struct url *from, const char *place, struct error *error)
{
	url_fini(&paging->next);
	if (url_init(&paging->next, address, from, ERROR_SOURCE, place, error) < 0)
		return -1;
	if (!url_may_lead(paging->base, &paging->options->allow_hosts, &paging->next))
		return error_set(error, ERROR_SOURCE, place, "the next page is at %s; list its host in allow_hosts if that is right%s", paging->next.shown,
			paging->base->tls && !paging->next.tls ? " (from https never to http)" : "");
	return check_loop(paging, paging->next.text, place, error) < 0 ? -1 : 1;
}

static int by_link(struct paging *paging, const struct page_facts *facts, const char *place, struct error *error)
{
	const char *begin;
	size_t length;
	int found = link_next(facts->link, &begin, &length);

	if (found < 0)
		return error_set(error, ERROR_SOURCE, place, "its Link header cannot be read, so that nobody knows whether a page follows");
	if (found == 0)
		return 0;
	char *address = strndup(begin, length);
	if (!address)
		return error_memory(error, "an address");
	int result = lead(paging, address, facts->from, place, error);
	free(address);
	return result;
}

static int by_cursor(struct paging *paging, const struct page_facts *facts, const char *place, struct error *error)
{
	if (!facts->cursor)
		return 0;
	if (!paging->options->cursor_parameter)
		return lead(paging, facts->cursor, facts->from, place, error);
	if (check_loop(paging, facts->cursor, place, error) < 0 || base_again(paging, error) < 0 ||
	    url_add(&paging->next, paging->options->cursor_parameter, facts->cursor, error) < 0)
		return -1;
	return add_place(paging, error) < 0 ? -1 : 1;
}

static int by_number(struct paging *paging, const struct page_facts *facts, const char *place, struct error *error)
{
	enum http_page_end end = (enum http_page_end)paging->options->page_end;

	if (facts->records == 0 || (end == END_SHORT && facts->records < paging->first_records))
		return 0;
	if (strcmp(facts->hash, paging->last_hash) == 0)
		return error_set(error, ERROR_SOURCE, place, "has the same bytes as the page before it: the server seems not to know the parameter \"%s\"",
			paging->options->paging == PAGING_PAGE ? paging->options->page_parameter : paging->options->offset_parameter);
	return base_again(paging, error) < 0 || add_place(paging, error) < 0 ? -1 : 1;
}

int paging_go_on(struct paging *paging, const struct page_facts *facts, const char *place, struct error *error)
{
	int result = 0;

	if (paging->page == 1)
		paging->first_records = facts->records;
	paging->page++;
	paging->records += facts->records;
	switch ((enum http_paging)paging->options->paging) {
	case PAGING_NONE:
		break;
	case PAGING_LINK:
		result = by_link(paging, facts, place, error);
		break;
	case PAGING_CURSOR:
		result = by_cursor(paging, facts, place, error);
		break;
	case PAGING_PAGE:
	case PAGING_OFFSET:
		result = by_number(paging, facts, place, error);
		break;
	}
	snprintf(paging->last_hash, sizeof paging->last_hash, "%s", facts->hash);
	if (result > 0 && paging->page > (uint64_t)paging->options->max_pages)
		return error_set(error, ERROR_SOURCE, place, "more pages follow than max_pages (%" PRId64 ") allows", paging->options->max_pages);
	return result;
}
