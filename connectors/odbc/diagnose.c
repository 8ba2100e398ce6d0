/* diagnose.c - what a driver said when it refused something: in words, and whose fault it is.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/session.h"

enum { DIAGNOSTIC_MAX = 2048, DIAGNOSTICS_READ = 16 };

/* The byte that U+0080 to U+00FF stands for, in its two bytes of UTF-8. */
static unsigned char folded(const unsigned char *p)
{
	return (unsigned char)(((p[0] & 0x03) << 6) | (p[1] & 0x3f));
}

/* sqliteodbc's messages pass through the driver manager byte by byte: under a UTF-8 locale each byte of a UTF-8 sequence comes out
 * encoded once more. Undone where the result is what such a message must be, UTF-8; text that was right stays as it is. */
static void undo_double_encoding(char *text)
{
	unsigned char *to = (unsigned char *)text;
	int pending = 0;

	for (const unsigned char *p = to; *p; p++) {
		unsigned char byte = *p;

		if (byte >= 0x80) {
			if ((byte != 0xc2 && byte != 0xc3) || (p[1] & 0xc0) != 0x80)
				return;
			byte = folded(p++);
		}
		if (((byte & 0xc0) == 0x80) != (pending > 0))
			return;
		if (pending > 0)
			pending--;
		else if (byte >= 0x80)
			pending = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
	}
	if (pending)
		return;
	for (const unsigned char *p = to; *p; p++)
		*to++ = *p < 0x80 ? *p : folded(p++);
	*to = '\0';
}

static void cut(char *text, const char *from)
{
	char *at = strstr(text, from);

	if (at)
		*at = '\0';
}

/* sqliteodbc writes its native code behind the words, " (19)". */
static void cut_code(char *text, int native)
{
	char code[24];
	size_t length = strlen(text), cut_length = (size_t)snprintf(code, sizeof code, " (%d)", native);

	if (length > cut_length && strcmp(text + length - cut_length, code) == 0)
		text[length - cut_length] = '\0';
}

/* "[unixODBC][Driver Manager]words", "[SQLite]words (19)", "ERROR: words;\nError while executing the query" -> words */
static void tidy(char *text, int native, bool discreet)
{
	char *p = text, *to = text;
	size_t length;

	while (*p == '[' && strchr(p, ']'))
		p = strchr(p, ']') + 1;
	while (*p == ' ')
		p++;
	if (strncmp(p, "ERROR: ", 7) == 0)
		p += 7;
	memmove(text, p, strlen(p) + 1);
	cut(text, ";\nError while");
	cut(text, ";\nCould not ");
	/* Details quote the values of the row. */
	if (discreet)
		cut(text, "\nDETAIL:");
	for (p = text; *p; p++) {
		if (*p == '\n' || *p == '\r' || *p == '\t') {
			if (to > text && to[-1] != ' ')
				*to++ = ' ';
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
	for (length = strlen(text); length && strchr(" ;\n", text[length - 1]); length--)
		text[length - 1] = '\0';
	cut_code(text, native);
	undo_double_encoding(text);
}

static bool connection_is_dead(struct session *session)
{
	SQLUINTEGER dead = SQL_CD_FALSE;

	return session->connection &&
		SQL_SUCCEEDED(SQLGetConnectAttr(session->connection, SQL_ATTR_CONNECTION_DEAD, &dead, 0, NULL)) &&
		dead == SQL_CD_TRUE;
}

/* What a diagnostic means when no dialect knows better: by the classes of the SQL standard and of ODBC. */
static struct trouble classify_plain(const char *state)
{
	if (strncmp(state, "08", 2) == 0)
		return (struct trouble){ TROUBLE_LOST, NULL };
	if (strncmp(state, "HYT", 3) == 0)
		return (struct trouble){ TROUBLE_LOST, NULL };
	return (struct trouble){ TROUBLE_OURS, NULL };
}

static enum fault_class class_of(enum trouble_kind kind)
{
	switch (kind) {
	case TROUBLE_UNIQUE:
	case TROUBLE_FOREIGN:
	case TROUBLE_ROW:
		return FAULT_OF_ROW;
	case TROUBLE_OURS:
		return FAULT_OF_OURS;
	default:
		return FAULT_OF_WORLD;
	}
}

/* What state and words of out mean, for the session too. */
static enum fault_class judge(struct session *session, bool lost, struct diagnosis *out)
{
	out->trouble = session->dialect ? session->dialect->classify(out->state, out->native, out->words)
					: classify_plain(out->state);
	if (out->trouble.kind != TROUBLE_LOST && (lost || (session->dialect && connection_is_dead(session))))
		out->trouble = (struct trouble){ TROUBLE_LOST, NULL };
	if (out->trouble.kind == TROUBLE_LOST)
		session->lost = true;
	if (session->in_transaction)
		session->broken = true;
	return class_of(out->trouble.kind);
}

enum fault_class session_diagnose_coded(struct session *session, const char *state, int native, const char *words, bool lost,
	struct diagnosis *out)
{
	char text[DIAGNOSTIC_MAX];

	memset(out, 0, sizeof *out);
	out->at = out->near = DIAGNOSIS_NOWHERE;
	out->native = native;
	snprintf(out->state, sizeof out->state, "%s", state);
	snprintf(text, sizeof text, "%s", words);
	tidy(text, native, session->discreet);
	snprintf(out->words, sizeof out->words, "%.*s", (int)sizeof out->words - 1, text);
	if (native && session->dialect && session->dialect->refused_row)
		out->at = session->dialect->refused_row(native, out->words);
	return judge(session, lost, out);
}

enum fault_class session_diagnose_words(struct session *session, const char *state, const char *words, bool lost, struct diagnosis *out)
{
	return session_diagnose_coded(session, state, 0, words, lost, out);
}

enum fault_class session_diagnose_native(struct session *session, int native, const char *words, struct diagnosis *out)
{
	char text[DIAGNOSTIC_MAX];

	memset(out, 0, sizeof *out);
	out->at = DIAGNOSIS_NOWHERE;
	memcpy(out->state, "HY000", sizeof out->state);
	out->native = native;
	snprintf(text, sizeof text, "%s", words);
	tidy(text, native, session->discreet);
	snprintf(out->words, sizeof out->words, "%.*s", (int)sizeof out->words - 1, text);
	return judge(session, false, out);
}

enum fault_class session_diagnose(struct session *session, SQLSMALLINT handle_type, SQLHANDLE handle,
	struct diagnosis *out)
{
	char text[DIAGNOSTIC_MAX];
	size_t used = 0;

	memset(out, 0, sizeof *out);
	out->at = out->near = DIAGNOSIS_NOWHERE;
	for (SQLSMALLINT i = 1; i <= DIAGNOSTICS_READ; i++) {
		SQLCHAR state[6] = "";
		SQLINTEGER native = 0;
		SQLSMALLINT length = 0;
		int written;

		text[0] = '\0';
		if (!SQL_SUCCEEDED(SQLGetDiagRec(handle_type, handle, i, state, &native, (SQLCHAR *)text, sizeof text, &length)))
			break;
		/* The first record that is no warning says what failed. */
		if (!out->state[0] || strncmp(out->state, "01", 2) == 0) {
			memcpy(out->state, state, sizeof out->state);
			out->native = (int)native;
		}
		tidy(text, (int)native, session->discreet);
		if (!text[0] || strstr(out->words, text))
			continue;
		written = snprintf(out->words + used, sizeof out->words - used, "%s%s", used ? "; " : "", text);
		if (written < 0 || (size_t)written >= sizeof out->words - used)
			break;
		used += (size_t)written;
	}
	if (session->dialect && session->dialect->refused_row)
		out->at = session->dialect->refused_row(out->native, out->words);
	return judge(session, false, out);
}

void diagnosis_dropped(struct diagnosis *out)
{
	memset(out, 0, sizeof *out);
	out->at = out->near = DIAGNOSIS_NOWHERE;
	out->trouble.kind = TROUBLE_ROW;
	snprintf(out->words, sizeof out->words, "the statement succeeded, but a trigger or rule dropped the row");
}

const char *diagnosis_code(const struct diagnosis *diagnosis, char *out, size_t size)
{
	/* HY000 says nothing: the database's own code does, where there is one. */
	if (strcmp(diagnosis->state, "HY000") == 0 && diagnosis->native)
		snprintf(out, size, " (code %d)", diagnosis->native);
	else if (diagnosis->state[0])
		snprintf(out, size, " (SQLSTATE %s)", diagnosis->state);
	else
		out[0] = '\0';
	return out;
}

void diagnosis_error(const struct session *session, const struct diagnosis *diagnosis, const char *what, struct error *error)
{
	const char *advice = diagnosis->trouble.advice;
	char code[32];

	if (error_is_set(error))
		return;
	/* The guard had it ended. */
	if (strcmp(diagnosis->state, "57014") == 0 && cancel_requested(session->cancel)) {
		error_set(error, ERROR_CANCELLED, NULL, "cancelled");
		return;
	}
	error_set(error, ERROR_SINK, session->place, "%s: %s%s%s%s", what,
		diagnosis->words[0] ? diagnosis->words : "the driver gave no reason", diagnosis_code(diagnosis, code, sizeof code),
		advice ? ": " : "", advice ? advice : "");
	error->retry = diagnosis->trouble.kind == TROUBLE_LOST || diagnosis->trouble.kind == TROUBLE_CONFLICT;
	memcpy(error->sqlstate, diagnosis->state, sizeof error->sqlstate);
	/* Drivers that have no state for it leave the waiting to be told from their words. */
	if (diagnosis->trouble.kind == TROUBLE_BUSY && strcmp(error->sqlstate, "HY000") == 0)
		memcpy(error->sqlstate, "HYT00", sizeof error->sqlstate); /* timeout expired */
}

enum fault_class session_fail(struct session *session, SQLSMALLINT handle_type, SQLHANDLE handle, const char *what,
	struct error *error)
{
	struct diagnosis diagnosis;
	enum fault_class class = session_diagnose(session, handle_type, handle, &diagnosis);

	diagnosis_error(session, &diagnosis, what, error);
	return class;
}
