/* layer.c - the buffer in front of a layer.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/layer.h"

#include <assert.h>
#include <string.h>

int feed_more(struct feed *feed, struct error *error)
{
	size_t left = feed_left(feed);
	ssize_t got;

	assert(!feed->eof && left < feed->room);
	if (left > 0)
		memmove(feed->data, feed->data + feed->begin, left);
	feed->begin = 0;
	feed->end = left;
	got = feed->read(feed->from, feed->data + left, feed->room - left, error);
	if (got < 0)
		return -1;
	feed->end += (size_t)got;
	feed->eof = got == 0;
	return 0;
}
