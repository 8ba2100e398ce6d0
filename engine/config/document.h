/* document.h - from the bytes of a YAML or JSON file to a tree of nodes, within limits that hold against hostile files.
 * SPDX-License-Identifier: Apache-2.0
 *
 * text -> scan (UTF-8, control characters) -> JSON strings respelled for YAML, where it is JSON -> libyaml -> tree.
 * Whatever the file holds, the work is bounded: bytes, depth, nodes and text below count what aliases add, too.
 */
#ifndef PENSTOCK_CONFIG_DOCUMENT_H
#define PENSTOCK_CONFIG_DOCUMENT_H

#include "engine/core/buffer.h"
#include "engine/core/error.h"
#include "engine/core/node.h"

enum {
	DOCUMENT_BYTES_MAX = 1 << 20, /* of a file */
	DOCUMENT_DEPTH_MAX = 64,      /* maps and sequences within each other */
	DOCUMENT_NODES_MAX = 100000,  /* keys, values, maps and sequences, aliases expanded */
	DOCUMENT_TEXT_MAX = 4 << 20,  /* bytes of all keys and values, aliases expanded */
	DOCUMENT_ANCHORS_MAX = 1000,
	DOCUMENT_DIRECTIVES_MAX = 8,  /* lines beginning with %; libyaml's time grows with their square */
};

/* Parses text. file is named in messages and borrowed by the nodes. json: its strings are JSON's, not YAML's. NULL and
 * ERROR_CONFIG with file:line:column, or ERROR_RESOURCE. */
struct node *document_parse_text(const char *file, const char *text, size_t length, bool json, struct error *error)
	MUST_CHECK;

/* Reads a file of at most limit bytes (what: "a pipeline or dictionary", for the message) into out, whose ceiling must allow
 * it. Returns 0, or -1 and ERROR_CONFIG. */
int file_read(const char *path, size_t limit, const char *what, struct buffer *out, struct error *error) MUST_CHECK;

/* What libyaml needs: strict UTF-8 (a byte order mark is skipped by the caller) without control characters; of JSON those that it allows may be
 * there, which json_respell spells in another way. */
int document_scan(const char *file, const char *text, size_t length, bool json, struct error *error) MUST_CHECK;

/* Appends the JSON text to out with its strings spelled so that a YAML parser reads the same characters: surrogate pairs,
 * and characters that YAML takes for line ends or does not take at all. Lines stay; columns stay outside of the strings that were changed. */
int json_respell(const char *file, const char *text, size_t length, struct buffer *out, struct error *error) MUST_CHECK;

/* Parses scanned text with libyaml. */
struct node *yaml_parse(const char *file, const char *text, size_t length, struct error *error) MUST_CHECK;

#endif
