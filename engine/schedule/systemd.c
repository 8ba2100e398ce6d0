/* systemd.c - a schedule as a service and a timer of systemd.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/schedule/systemd.h"

#include <ctype.h>
#include <string.h>

enum { UNIT_NAME_MAX = 200 };

static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

/* "*", or the values of the bits from least to most. */
static int put_list(struct buffer *out, uint64_t bits, unsigned least, unsigned most, struct error *error)
{
	uint64_t all = ((UINT64_C(1) << (most - least + 1)) - 1) << least;
	const char *comma = "";

	if ((bits & all) == all)
		return buffer_puts(out, "*", error);
	for (unsigned value = least; value <= most; value++) {
		if (!(bits >> value & 1))
			continue;
		if (buffer_printf(out, error, "%s%02u", comma, value) < 0)
			return -1;
		comma = ",";
	}
	return 0;
}

static int put_weekdays(struct buffer *out, uint32_t bits, struct error *error)
{
	const char *comma = "";

	for (unsigned value = 0; value < 7; value++) {
		if (!(bits >> value & 1))
			continue;
		if (buffer_printf(out, error, "%s%s", comma, weekdays[value]) < 0)
			return -1;
		comma = ",";
	}
	return buffer_puts(out, " ", error);
}

static int put_line(const struct plan_schedule *schedule, bool by_day, bool by_weekday, struct buffer *out, struct error *error)
{
	const struct cron *times = &schedule->times;

	if (buffer_puts(out, "OnCalendar=", error) < 0 || (by_weekday && put_weekdays(out, times->weekdays, error) < 0) ||
	    buffer_puts(out, "*-", error) < 0 || put_list(out, times->months, 1, 12, error) < 0 || buffer_puts(out, "-", error) < 0 ||
	    put_list(out, by_day ? times->days : UINT32_MAX, 1, 31, error) < 0 || buffer_puts(out, " ", error) < 0 ||
	    put_list(out, times->hours, 0, 23, error) < 0 || buffer_puts(out, ":", error) < 0 || put_list(out, times->minutes, 0, 59, error) < 0)
		return -1;
	return buffer_printf(out, error, ":00 %s\n", schedule->timezone);
}

int systemd_calendar(const struct plan_schedule *schedule, struct buffer *out, struct error *error)
{
	const struct cron *times = &schedule->times;
	bool every_weekday = (times->weekdays & 0x7f) == 0x7f;

	if (times->every_day || times->every_weekday)
		return put_line(schedule, true, !every_weekday, out, error);
	if (put_line(schedule, true, false, out, error) < 0)
		return -1;
	return put_line(schedule, false, true, out, error);
}

/* What no line of a unit can say. */
static int check_paths(const struct systemd_place *place, struct error *error)
{
	const char *const paths[] = {place->program, place->file, place->folder};

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		for (const char *at = paths[i]; *at; at++)
			if (iscntrl((unsigned char)*at))
				return error_set(error, ERROR_CONFIG, NULL, "a unit of systemd cannot name a path with a control character: %s", paths[i]);
	if (strpbrk(place->program, "\"'\\"))
		return error_set(error, ERROR_CONFIG, NULL, "systemd starts no program whose path has a quote or a backslash in it, as %s; install it elsewhere",
			place->program);
	return 0;
}

/* A word of a command line: quoted, with what systemd would replace in it doubled. In the program's own name variables are not replaced. */
static int put_word(struct buffer *out, const char *text, bool program, struct error *error)
{
	if (buffer_puts(out, "\"", error) < 0)
		return -1;
	for (; *text; text++) {
		const char *before = *text == '"' || *text == '\\' ? "\\" : *text == '%' ? "%" : *text == '$' && !program ? "$" : "";

		if (buffer_printf(out, error, "%s%c", before, *text) < 0)
			return -1;
	}
	return buffer_puts(out, "\"", error);
}

/* The rest of a line, which nothing quotes: what would end it is left out. A blank at its end would be cut, a backslash joins lines. */
static int put_rest(struct buffer *out, const char *text, struct error *error)
{
	size_t length = strlen(text);
	const char *end = length > 0 && strchr(" \t\\", text[length - 1]) ? (text[0] == '/' ? "/\n" : ".\n") : "\n";

	for (; *text; text++)
		if (buffer_printf(out, error, *text == '%' ? "%%%c" : "%c", *text == '\n' || *text == '\r' ? ' ' : *text) < 0)
			return -1;
	return buffer_puts(out, end, error);
}

static void unit_name(const char *name, char out[UNIT_NAME_MAX])
{
	size_t i;

	for (i = 0; name[i] && i < UNIT_NAME_MAX - 1; i++)
		out[i] = isalnum((unsigned char)name[i]) || strchr("-_.", name[i]) ? name[i] : '-';
	out[i] = '\0';
}

static int put_service(const struct plan *plan, const struct systemd_place *place, const char *unit, struct buffer *out, struct error *error)
{
	if (buffer_printf(out, error, "# /etc/systemd/system/penstock-%s.service\n[Unit]\nDescription=", unit) < 0 ||
	    buffer_puts(out, "penstock run of ", error) < 0 || put_rest(out, plan->name, error) < 0 ||
	    buffer_puts(out,
		"Wants=network-online.target\nAfter=network-online.target\n\n"
		"[Service]\nType=oneshot\n"
		"# What the pipeline takes from the environment (PENSTOCK_DB=...); mode 0600.\n", error) < 0 ||
	    buffer_printf(out, error, "EnvironmentFile=-/etc/penstock/%s.env\nWorkingDirectory=", unit) < 0 ||
	    put_rest(out, place->folder, error) < 0 || buffer_puts(out, "ExecStart=", error) < 0 ||
	    put_word(out, place->program, true, error) < 0 || buffer_puts(out, " run --no-progress ", error) < 0 ||
	    put_word(out, place->file, false, error) < 0)
		return -1;
	return buffer_puts(out,
		"\n"
		"NoNewPrivileges=yes\nPrivateTmp=yes\nProtectSystem=full\n\n", error);
}

static int put_timer(const struct plan *plan, const char *unit, struct buffer *out, struct error *error)
{
	if (buffer_printf(out, error, "# /etc/systemd/system/penstock-%s.timer\n[Unit]\nDescription=", unit) < 0 ||
	    buffer_puts(out, "schedule of penstock's ", error) < 0 || put_rest(out, plan->name, error) < 0 ||
	    buffer_printf(out, error, "\n[Timer]\n# cron: \"%s\"\n", plan->schedule.cron) < 0 || systemd_calendar(&plan->schedule, out, error) < 0)
		return -1;
	return buffer_printf(out, error, "AccuracySec=1s\nPersistent=%s\n\n[Install]\nWantedBy=timers.target\n",
		plan->schedule.missed == MISSED_RUN_ONCE ? "true" : "false");
}

int systemd_units(const struct plan *plan, const struct systemd_place *place, struct buffer *out, struct error *error)
{
	char unit[UNIT_NAME_MAX];

	unit_name(plan->name, unit);
	if (check_paths(place, error) < 0 || put_service(plan, place, unit, out, error) < 0)
		return -1;
	return put_timer(plan, unit, out, error);
}
