/* format.h - what reads records out of a file that somebody else has opened: the formats of pages that come over a network.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rooms of connectors do not know each other: a room that has bytes asks the registry (connector_format) for who reads them.
 * The caller allocates size zeroed bytes and calls open. After a failed open only close is called; close may be called twice.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_FORMAT_H
#define PENSTOCK_CONNECTORS_FILE_FORMAT_H

#include "engine/core/source.h"

struct format_input {
	int fd;              /* a regular file, read from its first byte; stays the caller's */
	const char *name;    /* stands for a path in messages; outlives the reading */
	const char *pointer; /* JSON pointer to the array of records, "" for the document; formats without pointers are not given one */
};

struct format_ops {
	const char *name;
	size_t size;    /* of an instance */
	bool delimited; /* a text that was cut off somewhere is never taken for a whole one */

	/* Required. As open of a source: ERROR_SOURCE for what is none of this format. */
	int (*open)(void *self, const struct format_input *input, const struct source_context *context, struct error *error);

	/* Required. As read of a source, into an empty batch. */
	enum source_result (*read)(void *self, struct batch *batch, struct error *error);

	/* Optional (NULL: no document to look into). The text of the string or number that a pointer names in the whole document, appended to out.
	 * Returns 1; 0 where there is nothing, null, false or an empty string; -1 and error. */
	int (*find)(const struct format_input *document, const char *pointer, struct buffer *out, struct cancel *cancel, struct error *error);

	/* Optional. ERROR_CONFIG naming what is no pointer. */
	int (*check_pointer)(const char *pointer, struct error *error);

	/* Required. */
	void (*close)(void *self);
};

#endif
