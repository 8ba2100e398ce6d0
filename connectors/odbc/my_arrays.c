/* my_arrays.c - a statement over arrays of parameters, as one request on the driver's connection (MariaDB's bulk protocol).
 * SPDX-License-Identifier: Apache-2.0
 */
#include <mysql.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/my.h"
#include "connectors/odbc/session.h"
#include "engine/core/value.h"

static const int64_t US_PER_SECOND = 1000000, SECONDS_PER_DAY = 86400;

struct my_arrays {
	struct session *session;
	const char *what;
	MYSQL_STMT *statement;
	size_t count;
	MYSQL_BIND *binds;
	MYSQL_TIME *times; /* of all datetimes */
	MYSQL_TIME **places;
	size_t times_size;
};

/* The statement's refusal, or the connection's. */
static int refused(struct my_arrays *arrays, struct diagnosis *diagnosis, struct error *error)
{
	unsigned code = mysql_stmt_errno(arrays->statement);
	bool lost = code == 2006 || code == 2013 || code == 2055; /* CR_SERVER_GONE_ERROR, CR_SERVER_LOST, CR_SERVER_LOST_EXTENDED */

	if (session_diagnose_coded(arrays->session, mysql_stmt_sqlstate(arrays->statement), (int)code, mysql_stmt_error(arrays->statement), lost,
		    diagnosis) == FAULT_OF_ROW)
		return 1;
	diagnosis_error(arrays->session, diagnosis, arrays->what, error);
	return -1;
}

static int lost(struct session *session, struct error *error)
{
	session->lost = true;
	error_set(error, ERROR_SINK, session->place, "the connection is lost");
	error->retry = true;
	return -1;
}

void my_arrays_free(struct my_arrays *arrays)
{
	if (!arrays)
		return;
	if (arrays->statement)
		mysql_stmt_close(arrays->statement);
	free(arrays->binds);
	free(arrays->times);
	free(arrays->places);
	free(arrays);
}

struct my_arrays *my_arrays_prepare(struct session *session, const char *what, const char *sql, size_t count, struct error *error)
{
	struct my_arrays *arrays;
	struct diagnosis diagnosis;

	if (!session->my.connection || session->lost) {
		lost(session, error);
		return NULL;
	}
	arrays = calloc(1, sizeof *arrays);
	if (arrays) {
		arrays->session = session;
		arrays->what = what;
		arrays->count = count;
		arrays->binds = calloc(count ? count : 1, sizeof *arrays->binds);
		arrays->statement = mysql_stmt_init(session->my.connection);
	}
	if (!arrays || !arrays->binds || !arrays->statement) {
		error_memory(error, "a writer");
		my_arrays_free(arrays);
		return NULL;
	}
	if (mysql_stmt_prepare(arrays->statement, sql, (unsigned long)strlen(sql))) {
		if (refused(arrays, &diagnosis, error) > 0)
			diagnosis_error(session, &diagnosis, what, error);
		my_arrays_free(arrays);
		return NULL;
	}
	return arrays;
}

static void set_time(int64_t micros, MYSQL_TIME *out)
{
	int64_t seconds = micros / US_PER_SECOND, rest = micros % US_PER_SECOND, days, second;
	int year;

	if (rest < 0) {
		rest += US_PER_SECOND;
		seconds--;
	}
	days = seconds / SECONDS_PER_DAY;
	second = seconds % SECONDS_PER_DAY;
	if (second < 0) {
		second += SECONDS_PER_DAY;
		days--;
	}
	*out = (MYSQL_TIME){ .time_type = MYSQL_TIMESTAMP_DATETIME, .second_part = (unsigned long)rest };
	value_civil_from_days(days, &year, &out->month, &out->day);
	out->year = (unsigned)year;
	out->hour = (unsigned)(second / 3600);
	out->minute = (unsigned)(second / 60 % 60);
	out->second = (unsigned)(second % 60);
}

/* Room for the datetimes of so many elements. */
static int reserve_times(struct my_arrays *arrays, size_t needed, struct error *error)
{
	MYSQL_TIME *times;
	MYSQL_TIME **places;

	if (needed <= arrays->times_size)
		return 0;
	times = realloc(arrays->times, needed * sizeof *times);
	if (times)
		arrays->times = times;
	places = realloc(arrays->places, needed * sizeof *places);
	if (places)
		arrays->places = places;
	if (!times || !places)
		return error_memory(error, "a writer");
	arrays->times_size = needed;
	return 0;
}

static int bind(struct my_arrays *arrays, const struct my_parameter *parameters, size_t elements, struct error *error)
{
	size_t datetimes = 0;

	for (size_t i = 0; i < arrays->count; i++)
		datetimes += parameters[i].form == MY_DATETIME;
	if (reserve_times(arrays, datetimes * elements, error))
		return -1;
	datetimes = 0;
	memset(arrays->binds, 0, arrays->count * sizeof *arrays->binds);
	for (size_t i = 0; i < arrays->count; i++) {
		const struct my_parameter *parameter = &parameters[i];
		MYSQL_BIND *to = &arrays->binds[i];

		to->u.indicator = parameter->nulls;
		to->length = parameter->lengths;
		switch (parameter->form) {
		case MY_INTEGER:
			to->buffer_type = MYSQL_TYPE_LONGLONG;
			to->buffer = parameter->integers;
			break;
		case MY_DOUBLE:
			to->buffer_type = MYSQL_TYPE_DOUBLE;
			to->buffer = parameter->doubles;
			break;
		case MY_DATETIME:
			to->buffer_type = MYSQL_TYPE_DATETIME;
			to->buffer = &arrays->places[datetimes];
			for (size_t k = 0; k < elements; k++, datetimes++) {
				arrays->places[datetimes] = &arrays->times[datetimes];
				if (!parameter->nulls[k])
					set_time(parameter->integers[k], &arrays->times[datetimes]);
			}
			break;
		default:
			to->buffer_type = parameter->form == MY_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
			to->buffer = parameter->texts;
			break;
		}
	}
	return 0;
}

int my_arrays_execute(struct my_arrays *arrays, const struct my_parameter *parameters, size_t elements, struct diagnosis *diagnosis,
	struct error *error)
{
	unsigned size = (unsigned)elements;
	if (!arrays->session->my.connection || arrays->session->lost)
		return lost(arrays->session, error);
	if (bind(arrays, parameters, elements, error))
		return -1;
	if (mysql_stmt_attr_set(arrays->statement, STMT_ATTR_ARRAY_SIZE, &size) || mysql_stmt_bind_param(arrays->statement, arrays->binds) ||
	    mysql_stmt_execute(arrays->statement))
		return refused(arrays, diagnosis, error);
	return 0;
}
