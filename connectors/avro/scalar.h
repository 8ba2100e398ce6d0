/* scalar.h - one value that is no list, map or record, between the bytes of a block and a cell.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_AVRO_SCALAR_H
#define PENSTOCK_AVRO_SCALAR_H

#include "connectors/avro/decimal.h"
#include "connectors/avro/type.h"
#include "connectors/avro/wire.h"
#include "engine/core/schema.h"

enum scalar_class {
	CLASS_NULL = 1,
	CLASS_BOOLEAN,
	CLASS_INTEGER,  /* int, long */
	CLASS_DOUBLE,   /* float, double */
	CLASS_STRING,   /* string, enum */
	CLASS_BYTES,    /* bytes, fixed */
	CLASS_DECIMAL,
	CLASS_DATE,
	CLASS_TIME,
	CLASS_DATETIME,
	CLASS_UUID_TEXT,
	CLASS_UUID_BYTES,
	CLASS_DURATION,
	CLASS_NESTED,   /* array, map, record, union: no scalar */
};

struct scalar {
	enum scalar_class class;
	const struct avro_type *type;
	bool bad;          /* none of our values: NaN, a year beyond 9999, a fraction of a microsecond; integer and number are as in the file */
	int64_t integer;   /* boolean, integer; date in days, time and datetime in microseconds */
	double number;     /* CLASS_DOUBLE */
	struct text bytes; /* string, bytes, decimal, uuid, duration: borrowed from the block or the type */
};

enum { SCALAR_TEXT_MAX = AVRO_DECIMAL_TEXT };

enum scalar_class scalar_class_of(const struct avro_type *type);

/* Whether a value of this class may be one of a field of this type: else the file and the dictionary disagree. */
bool scalar_fits(enum scalar_class class, enum value_type type);

/* Reads a value of the type, which is not CLASS_NESTED. 0, or -1 and ERROR_SOURCE without a place: the block is damaged. */
int scalar_read(struct wire *wire, const struct avro_type *type, struct scalar *out, struct error *error) MUST_CHECK;

/* Its canonical text, terminated, in out, or, of a string and a uuid in text, the bytes themselves (neither terminated nor checked).
 * Of bytes: themselves. A bad one gives what a person should see. */
struct text scalar_text(const struct scalar *scalar, char out[SCALAR_TEXT_MAX]);

/* Nearest double of an integer that is that integer; false where there is none. */
bool scalar_exact_double(int64_t value, double *out);

/* Conversions of the units of times: into *micros, false where it is none of our values. */
bool scalar_timestamp(enum avro_logical logical, int64_t value, int64_t *micros);
bool scalar_time(enum avro_logical logical, int64_t value, int64_t *micros);
bool scalar_date(int64_t days);

#endif
