/* ddl_sqlserver.c - a dictionary's tables as Transact-SQL.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Limits are those of "Maximum capacity specifications for SQL Server".
 */
#include <string.h>

#include "connectors/odbc/ddl_sqlserver.h"
#include "connectors/odbc/dialect.h"

enum {
	CLUSTERED_BYTES_MAX = 900,
	KEY_BYTES_MAX = 1700,
	COLUMNS_MAX = 1024,
	NAME_UNITS_MAX = 128,     /* of UTF-16 */
	TEXT_UNITS_MAX = 4000,    /* nvarchar(n); beyond: nvarchar(max) */
	UNITS_OF_CHARACTER = 2,   /* a character may be a pair of surrogates */
	BYTES_OF_UNIT = 2,
	REFERENCES_DEEP_MAX = 64, /* from a column to the one it refers to, and on */
};

/* All tables of one script. */
struct script {
	const struct schema *const *schemas;
	size_t count;
	struct buffer *out;
	struct error *error;
};

static const struct schema *find(const struct script *script, const char *name)
{
	for (size_t i = 0; i < script->count; i++)
		if (strcmp(script->schemas[i]->name, name) == 0)
			return script->schemas[i];
	return NULL;
}

/* The field whose type a column has: its own or, in a foreign key, that of the column at the other end, since both must be of one length and
 * scale. A value that does not fit there is no reference. */
static const struct field *typed_as(const struct script *script, const struct schema *schema, size_t field)
{
	for (int deep = 0; deep < REFERENCES_DEEP_MAX; deep++) {
		const struct schema *parent = NULL;
		size_t referred = SCHEMA_NO_FIELD;

		for (size_t f = 0; f < schema->foreign_count && referred == SCHEMA_NO_FIELD; f++)
			for (size_t i = 0; i < schema->foreign[f].key.count; i++)
				if (schema->foreign[f].key.fields[i] == field && (parent = find(script, schema->foreign[f].resource)))
					referred = schema_find(parent, schema->foreign[f].columns[i]);
		if (referred == SCHEMA_NO_FIELD || (parent == schema && referred == field))
			break;
		schema = parent;
		field = referred;
	}
	return &schema->fields[field];
}

static bool has(const struct key *key, size_t field)
{
	for (size_t i = 0; i < key->count; i++)
		if (key->fields[i] == field)
			return true;
	return false;
}

static bool in_any_key(const struct schema *schema, size_t field)
{
	bool found = has(&schema->primary, field);

	for (size_t i = 0; i < schema->unique_count; i++)
		found = found || has(&schema->unique[i], field);
	for (size_t i = 0; i < schema->foreign_count; i++)
		found = found || has(&schema->foreign[i].key, field);
	return found;
}

/* ---- types ---- */

static unsigned decimal_bytes(unsigned precision)
{
	return precision <= 9 ? 5 : precision <= 19 ? 9 : precision <= 28 ? 13 : 17;
}

/* The most that a value of the field takes of an index. */
static uint64_t key_bytes(const struct field *field)
{
	static const unsigned char bytes[] = {
		[VALUE_INTEGER] = 8, [VALUE_DOUBLE] = 8, [VALUE_BOOLEAN] = 1, [VALUE_DATE] = 3, [VALUE_TIME] = 5, [VALUE_DATETIME] = 8,
		[VALUE_YEAR] = 2, [VALUE_YEARMONTH] = 64, [VALUE_DURATION] = 64, [VALUE_UUID] = 16,
	};

	if (field->type == VALUE_STRING)
		return field->max_length > KEY_BYTES_MAX ? KEY_BYTES_MAX + 1 : field->max_length * UNITS_OF_CHARACTER * BYTES_OF_UNIT;
	return field->type == VALUE_DECIMAL ? decimal_bytes(field->precision) : bytes[field->type];
}

static int check_key_field(const struct schema *schema, const struct field *field, struct error *error)
{
	if (field->type == VALUE_STRING && !field->max_length)
		return error_set(error, ERROR_CONFIG, NULL,
			"field %s of %s: SQL Server takes a text into a key only where it knows its length: give the field a maxLength of at most %d",
			field->name, schema->name, KEY_BYTES_MAX / (UNITS_OF_CHARACTER * BYTES_OF_UNIT));
	if (field->type == VALUE_JSON)
		return error_set(error, ERROR_CONFIG, NULL, "field %s of %s: SQL Server takes no value of this type into a key", field->name, schema->name);
	if (field->type == VALUE_BINARY)
		return error_set(error, ERROR_CONFIG, NULL,
			"field %s of %s: bytes are no key in SQL Server, for which those that differ in zeros at their end are equal", field->name, schema->name);
	return 0;
}

static int put_type(const struct script *script, const struct field *field)
{
	static const char *const names[] = {
		[VALUE_INTEGER] = "bigint", [VALUE_DOUBLE] = "float(53)", [VALUE_BOOLEAN] = "bit", [VALUE_DATE] = "date", [VALUE_TIME] = "time(6)",
		[VALUE_DATETIME] = "datetime2(6)", [VALUE_YEAR] = "smallint", [VALUE_YEARMONTH] = "varchar(64) COLLATE " SQLSERVER_COLLATION,
		[VALUE_DURATION] = "varchar(64) COLLATE " SQLSERVER_COLLATION, [VALUE_UUID] = "uniqueidentifier", [VALUE_BINARY] = "varbinary(max)",
		[VALUE_JSON] = "nvarchar(max) COLLATE " SQLSERVER_COLLATION,
	};

	if (field->type == VALUE_DECIMAL)
		return buffer_printf(script->out, script->error, "decimal(%u,%u)", field->precision, field->scale);
	if (field->type != VALUE_STRING)
		return buffer_puts(script->out, names[field->type], script->error);
	if (field->max_length && field->max_length <= TEXT_UNITS_MAX / UNITS_OF_CHARACTER)
		return buffer_printf(script->out, script->error, "nvarchar(%u) COLLATE " SQLSERVER_COLLATION,
			(unsigned)field->max_length * UNITS_OF_CHARACTER);
	return buffer_puts(script->out, "nvarchar(max) COLLATE " SQLSERVER_COLLATION, script->error);
}

/* ---- names ---- */

static int check_name(const char *name, struct error *error)
{
	size_t units = 0;

	for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
		/* A line that holds GO alone would be sqlcmd's. */
		if (*p < 0x20 || *p == 0x7f)
			return error_set(error, ERROR_CONFIG, NULL, "name \"%s\": control characters cannot stand in a name in a script for sqlcmd", name);
		units += *p >= 0xf0 ? 2 : (*p & 0xc0) != 0x80;
	}
	if (units <= NAME_UNITS_MAX)
		return 0;
	return error_set(error, ERROR_CONFIG, NULL, "name \"%s\": SQL Server takes names of at most %d characters", name, NAME_UNITS_MAX);
}

static int put_name(const struct script *script, const char *name)
{
	return dialect_quote(&dialect_sqlserver, script->out, name, script->error);
}

static int put_table_name(const struct script *script, const char *name)
{
	return dialect_quote_table(&dialect_sqlserver, script->out, name, script->error);
}

static int put_fields(const struct script *script, const struct schema *schema, const struct key *key)
{
	for (size_t i = 0; i < key->count; i++)
		if (buffer_puts(script->out, i ? ", " : "(", script->error) || put_name(script, schema->fields[key->fields[i]].name))
			return -1;
	return buffer_puts(script->out, ")", script->error);
}

/* ---- keys ---- */

/* *bytes: what a key of these fields takes at most. */
static int measure(const struct script *script, const struct schema *schema, const struct key *key, const char *what, uint64_t *bytes)
{
	*bytes = 0;
	for (size_t i = 0; i < key->count; i++)
		*bytes += key_bytes(typed_as(script, schema, key->fields[i]));
	if (*bytes > KEY_BYTES_MAX)
		return error_set(script->error, ERROR_CONFIG, NULL,
			"table %s: its %s key (first field %s) may be longer than the %d bytes that SQL Server takes: give its strings a smaller maxLength "
			"(%d bytes for each character)",
			schema->name, what, schema->fields[key->fields[0]].name, KEY_BYTES_MAX, UNITS_OF_CHARACTER * BYTES_OF_UNIT);
	return 0;
}

static bool may_be_null(const struct schema *schema, const struct key *key)
{
	for (size_t i = 0; i < key->count; i++)
		if (!schema->fields[key->fields[i]].required)
			return true;
	return false;
}

static bool is_of(const struct key *key, const struct schema *schema, const struct foreign_key *foreign)
{
	size_t found = 0;

	for (size_t i = 0; i < foreign->key.count; i++) {
		size_t field = schema_find(schema, foreign->columns[i]);

		found += field != SCHEMA_NO_FIELD && has(key, field);
	}
	return found == key->count && found == foreign->key.count;
}

/* A filtered index is none that a foreign key may refer to. */
static int check_referred(const struct script *script, const struct schema *schema, const struct foreign_key *foreign)
{
	const struct schema *parent = find(script, foreign->resource);

	if (!parent || is_of(&parent->primary, parent, foreign))
		return 0;
	for (size_t i = 0; i < parent->unique_count; i++)
		if (is_of(&parent->unique[i], parent, foreign) && may_be_null(parent, &parent->unique[i]))
			return error_set(script->error, ERROR_CONFIG, NULL,
				"table %s: its foreign key to %s refers to a unique key that may hold null, which SQL Server does not take: make field %s required",
				schema->name, parent->name, foreign->columns[0]);
	return 0;
}

static int put_foreign(const struct script *script, const struct schema *schema, const struct foreign_key *foreign)
{
	if (check_referred(script, schema, foreign) || buffer_puts(script->out, ",\n    FOREIGN KEY ", script->error) ||
	    put_fields(script, schema, &foreign->key) || buffer_puts(script->out, " REFERENCES ", script->error) ||
	    put_table_name(script, foreign->resource))
		return -1;
	for (size_t i = 0; i < foreign->key.count; i++)
		if (buffer_puts(script->out, i ? ", " : " (", script->error) || put_name(script, foreign->columns[i]))
			return -1;
	return buffer_puts(script->out, ")", script->error);
}

static int put_keys(const struct script *script, const struct schema *schema)
{
	uint64_t bytes;

	if (schema->primary.count &&
	    (measure(script, schema, &schema->primary, "primary", &bytes) ||
		    buffer_printf(script->out, script->error, ",\n    PRIMARY KEY %s", bytes > CLUSTERED_BYTES_MAX ? "NONCLUSTERED " : "") ||
		    put_fields(script, schema, &schema->primary)))
		return -1;
	for (size_t i = 0; i < schema->unique_count; i++) {
		if (measure(script, schema, &schema->unique[i], "unique", &bytes))
			return -1;
		if (!may_be_null(schema, &schema->unique[i]) &&
		    (buffer_puts(script->out, ",\n    UNIQUE ", script->error) || put_fields(script, schema, &schema->unique[i])))
			return -1;
	}
	for (size_t i = 0; i < schema->foreign_count; i++)
		if (put_foreign(script, schema, &schema->foreign[i]))
			return -1;
	return 0;
}

/* SQL Server takes two nulls for equal: rows with one are left out. The name is the table's own affair. */
static int put_filtered(const struct script *script, const struct schema *schema, size_t which)
{
	const struct key *key = &schema->unique[which];
	const char *before = " WHERE ";

	if (buffer_printf(script->out, script->error, "CREATE UNIQUE INDEX [unique_%zu] ON ", which + 1) || put_table_name(script, schema->name) ||
	    buffer_puts(script->out, " ", script->error) || put_fields(script, schema, key))
		return -1;
	for (size_t i = 0; i < key->count; i++) {
		const struct field *field = &schema->fields[key->fields[i]];

		if (field->required)
			continue;
		if (buffer_puts(script->out, before, script->error) || put_name(script, field->name) ||
		    buffer_puts(script->out, " IS NOT NULL", script->error))
			return -1;
		before = " AND ";
	}
	return buffer_puts(script->out, ";\n", script->error);
}

/* ---- tables ---- */

static int put_column(const struct script *script, const struct schema *schema, size_t field)
{
	const struct field *own = &schema->fields[field];

	if (check_name(own->name, script->error) || (in_any_key(schema, field) && check_key_field(schema, own, script->error)))
		return -1;
	/* NULL is said: what a column without it is depends on settings of the session and the database. */
	return buffer_puts(script->out, field ? ",\n    " : "\n    ", script->error) || put_name(script, own->name) ||
			       buffer_puts(script->out, " ", script->error) || put_type(script, typed_as(script, schema, field)) ||
			       buffer_puts(script->out, own->required ? " NOT NULL" : " NULL", script->error)
		? -1
		: 0;
}

static int put_table(const struct script *script, const struct schema *schema)
{
	if (check_name(schema->name, script->error))
		return -1;
	if (schema->field_count > COLUMNS_MAX)
		return error_set(script->error, ERROR_CONFIG, NULL, "table %s has %zu fields, and SQL Server takes at most %d columns", schema->name,
			schema->field_count, COLUMNS_MAX);
	if (buffer_puts(script->out, "\nCREATE TABLE ", script->error) || put_table_name(script, schema->name) ||
	    buffer_puts(script->out, " (", script->error))
		return -1;
	for (size_t i = 0; i < schema->field_count; i++)
		if (put_column(script, schema, i))
			return -1;
	if (put_keys(script, schema) || buffer_puts(script->out, "\n);\n", script->error))
		return -1;
	for (size_t i = 0; i < schema->unique_count; i++)
		if (may_be_null(schema, &schema->unique[i]) && put_filtered(script, schema, i))
			return -1;
	return 0;
}

int sqlserver_ddl(const struct schema *const *schemas, size_t count, struct buffer *out, struct error *error)
{
	const struct script script = { schemas, count, out, error };

	for (size_t i = 0; i < count; i++)
		if (put_table(&script, schemas[i]))
			return -1;
	return 0;
}
