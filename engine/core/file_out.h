/* file_out.h - writing a file that appears complete or not at all, and standard output, which does not.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   a path      written to ".NAME.xxxxxx.tmp" beside it; publish: flushed to the disk, renamed, the folder flushed
 *   a stream    standard output: what was given out cannot be taken back; publish: the rest is given out
 *
 * Closed without having been published, a file is removed again. All writing is buffered, in 64 KiB.
 */
#ifndef PENSTOCK_CORE_FILE_OUT_H
#define PENSTOCK_CORE_FILE_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/core/cancel.h"
#include "engine/core/error.h"
#include "engine/core/shared.h"

struct file_out;

/* A file whose folder exists, of these permissions less the process's umask. NULL and error: ERROR_CONFIG where path names none or is too long,
 * ERROR_SINK, ERROR_RESOURCE. */
struct file_out *file_out_open(const char *path, unsigned permissions, struct error *error) MUST_CHECK;

/* Before anything is written: the permissions of the file that it takes the place of, where there is one (folder_keep_permissions). */
void file_out_keep_permissions(struct file_out *out);

/* Standard output. It never waits for a slow reader without looking at cancel (borrowed, may be NULL): ERROR_CANCELLED. */
struct file_out *file_out_standard(struct cancel *cancel, struct error *error) MUST_CHECK;

/* Returns 0, or -1 and ERROR_SINK: disk full, no reader any more. Of the type that text writers take, so that self is untyped. */
int file_out_write(void *self, const char *data, size_t length, struct error *error) MUST_CHECK;

/* Everything that was written is in its place when it returns 0. Once, then only close. */
int file_out_publish(struct file_out *out, struct error *error) MUST_CHECK;

/* True once bytes have left the buffer of a stream. */
bool file_out_begun(const struct file_out *out);

/* Frees it; out may be NULL. */
void file_out_close(struct file_out *out);

/* A small file of its own with this content in a folder, as open, write and publish do it. */
int file_out_whole(const char *folder, const char *name, const char *data, size_t length, struct error *error) MUST_CHECK;

/* Who writes a file, or standard output, in a run; lives as long as the run. */
struct file_claim {
	bool begun;  /* a stream: rows of this run went out in a try that failed */
	char step[]; /* its name */
};

/* Sees to it that no two steps of a run write the same file, whatever its path looks like; one step may claim it again. path NULL:
 * standard output. *out is borrowed, NULL where shared is. ERROR_CONFIG names the other step. */
int file_claim(struct shared *shared, const char *path, const char *step, struct file_claim **out, struct error *error) MUST_CHECK;

#endif
