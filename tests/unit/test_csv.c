/* What the CSV source makes of a file: records, cells, faults, limits, headers, and files it must refuse.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "connectors/csv/csv.h"
#include "tests/support/csv_seen.h"

static struct schema *schema_of(const char *a, const char *b, const char *c)
{
	struct error error = ERROR_INIT;
	struct schema *schema = schema_new("people", &error);
	assert_non_null(schema);
	const char *names[] = { a, b, c };
	for (size_t i = 0; i < 3 && names[i]; i++)
		assert_non_null(schema_add_field(schema, names[i], VALUE_STRING, &error));
	return schema;
}

/* Reading text as a file gives an error of this kind whose "PLACE: MESSAGE" holds all the words. */
static void refused(struct csv_case how, const char *text, size_t length, enum error_kind kind, const char *const *words)
{
	char path[64];
	int fd = csv_memory_file(text, length, path);
	how.path = path;
	struct error error = ERROR_INIT;
	struct csv_seen seen;
	assert_int_equal(csv_drain(&how, NULL, false, &seen, &error), -1);
	csv_seen_fini(&seen);
	close(fd);
	char said[2200];
	error_text(&error, said, sizeof said);
	if (error.kind != kind)
		fail_msg("kind %d instead of %d: %s", (int)error.kind, (int)kind, said);
	for (; *words; words++)
		if (!strstr(said, *words))
			fail_msg("\"%s\" does not say \"%s\"", said, *words);
}
#define REFUSED(how, text, kind, ...) \
	refused((how), (text), sizeof(text) - 1, (kind), (const char *const[]){ __VA_ARGS__, NULL })

/* Reading text gives these records, in the notation of csv_seen.c. */
static void gives(struct csv_case how, const char *text, size_t length, const char *const *expected)
{
	char path[64];
	int fd = csv_memory_file(text, length, path);
	how.path = path;
	struct error error = ERROR_INIT;
	struct csv_seen seen, wanted = { .records = (char **)(uintptr_t)expected };
	while (expected[wanted.count])
		wanted.count++;
	if (csv_drain(&how, NULL, false, &seen, &error) < 0)
		fail_msg("%s: %s", error.place, error.message);
	csv_check_same(&wanted, "expected", &seen, "seen");
	csv_seen_fini(&seen);
	close(fd);
}
#define GIVES(how, text, ...) gives((how), (text), sizeof(text) - 1, (const char *const[]){ __VA_ARGS__, NULL })
#define S "\\x20" /* a space, as csv_seen.c shows it */

static void test_records(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(2);
	struct csv_case how = csv_case_of(NULL, schema, false);
	GIVES(how, "a,b\nc,d", "1" S "line" S "1" S "@0+4" S "live" S "=a" S "=b" S "<a,b>",
		"2" S "line" S "2" S "@4+3" S "live" S "=c" S "=d" S "<c,d>");
	/* Line ends of all kinds; a blank line is a record, spaces are none. */
	GIVES(how, "a,b\r\n\r\nc,d\r \n", "1" S "line" S "1" S "@0+5" S "live" S "=a" S "=b" S "<a,b>",
		"2" S "line" S "2" S "@5+2" S "blank" S "-" S "-" S "<>",
		"3" S "line" S "3" S "@7+4" S "live" S "=c" S "=d" S "<c,d>",
		"4" S "line" S "4" S "@11+2" S "live" S "=" S S "-" S "<" S ">");
	/* Short, long, empty. */
	GIVES(how, "a\na,b,c,\n,\n\"\"\n", "1" S "line" S "1" S "@0+2" S "live" S "=a" S "-" S "<a>",
		"2" S "line" S "2" S "@2+7" S "live" S "=a" S "=b" S "extra(2" S "cells" S "expected," S "4" S "found)" S "<a,b,c,>",
		"3" S "line" S "3" S "@9+2" S "live" S "=" S "=" S "<,>", "4" S "line" S "4" S "@11+3" S "live" S "=" S "-" S "<\"\">");
	/* Quotes over line ends; the next record's line is counted. Spaces stay. */
	GIVES(how, "\"a\n\r\nb\", c \nd,\"e\"\"\"", "1" S "line" S "1" S "@0+12" S "live" S "=a\\x0A\\x0D\\x0Ab" S "=" S "c" S S
		"<\"a\\x0A\\x0D\\x0Ab\"," S "c" S ">",
		"2" S "line" S "4" S "@12+7" S "live" S "=d" S "=e\"" S "<d,\"e\"\"\">");
	/* A byte order mark counts in offsets. */
	GIVES(how, "\xEF\xBB\xBF" "a,b\n", "1" S "line" S "1" S "@3+4" S "live" S "=a" S "=b" S "<a,b>");
	/* An unclosed quote costs its line. */
	GIVES(how, "a,\"b\nc,d\n", "1" S "line" S "1" S "@0+5" S "live" S "-" S "-" S "record" S "<a,\"b>",
		"2" S "line" S "2" S "@5+4" S "live" S "=c" S "=d" S "<c,d>");
	/* Bad bytes are counted in the file, also behind quotes and pairs of them. */
	GIVES(how, "\"x\"\"y\xFF\",b\nc,\"\0\"\nd,e,\x80\n",
		"1" S "line" S "1" S "@0+10" S "live" S "!x\"y\\xFF" S "=b" S "encoding(0@5)" S "<\"x\"\"y\\xFF\",b>",
		"2" S "line" S "2" S "@10+6" S "live" S "=c" S "!\\x00" S "encoding(1@13)" S "<c,\"\\x00\">",
		"3" S "line" S "3" S "@16+6" S "live" S "=d" S "=e" S "encoding(-1@20)" S "extra(2" S "cells" S "expected," S "3" S
		"found)" S "<d,e,\\x80>");
	/* A byte behind a closing quote costs the line in which its record begins, not those up to the next quote that closes. */
	GIVES(how, "\"a\"b,1\nc,d\n\"e\",f\n", "1" S "line" S "1" S "@0+7" S "live" S "-" S "-" S "record" S "<\"a\"b,1>",
		"2" S "line" S "2" S "@7+4" S "live" S "=c" S "=d" S "<c,d>",
		"3" S "line" S "3" S "@11+6" S "live" S "=e" S "=f" S "<\"e\",f>");
	GIVES(how, "a,\"b\nc\"d\ne,f\n", "1" S "line" S "1" S "@0+5" S "live" S "-" S "-" S "record" S "<a,\"b>",
		"2" S "line" S "2" S "@5+4" S "live" S "=c\"d" S "-" S "<c\"d>",
		"3" S "line" S "3" S "@9+4" S "live" S "=e" S "=f" S "<e,f>");
	GIVES(how, "\"a\" ,b\nc,d", "1" S "line" S "1" S "@0+7" S "live" S "-" S "-" S "record" S "<\"a\"" S ",b>",
		"2" S "line" S "2" S "@7+3" S "live" S "=c" S "=d" S "<c,d>");
	how.options.trim = true;
	GIVES(how, "\"a\" \"b\n\"c\" ,d\n", "1" S "line" S "1" S "@0+7" S "live" S "-" S "-" S "record" S "<\"a\"" S "\"b>",
		"2" S "line" S "2" S "@7+7" S "live" S "=c" S "=d" S "<\"c\"" S ",d>");
	GIVES(how, " a , \"b \" \n \t\n", "1" S "line" S "1" S "@0+11" S "live" S "=a" S "=b" S "<" S "a" S "," S "\"b" S "\"" S ">",
		"2" S "line" S "2" S "@11+3" S "blank" S "-" S "-" S "<" S "\\x09>");
	how.options.trim = false;
	how.options.delimiter = "\\t";
	how.options.quote = "'";
	GIVES(how, "'a\t'\t\"\n", "1" S "line" S "1" S "@0+7" S "live" S "=a\\x09" S "=\"" S "<'a\\x09'\\x09\">");
	schema_free(schema);
}

static void test_limits(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(2);
	struct csv_case how = csv_case_of(NULL, schema, false);
	how.limits.record = 8;
	how.limits.field = 4;
	how.limits.columns = 3;
	GIVES(how, "1234,567\n12345,67\n12345,678\n1,2,3\n1,2,3,4\n\"1\n2\n3\n4\"\nok,1\n",
		"1" S "line" S "1" S "@0+9" S "live" S "=1234" S "=567" S "<1234,567>",
		"2" S "line" S "2" S "@9+9" S "live" S "-" S "-" S "record" S "<12345,67>",
		"3" S "line" S "3" S "@18+10" S "live" S "-" S "-" S "record" S "<12345,67>",
		"4" S "line" S "4" S "@28+6" S "live" S "=1" S "=2" S "extra(2" S "cells" S "expected," S "3" S "found)" S "<1,2,3>",
		"5" S "line" S "5" S "@34+8" S "live" S "-" S "-" S "record" S "<1,2,3,4>",
		"6" S "line" S "6" S "@42+3" S "live" S "-" S "-" S "record" S "<\"1>",
		"7" S "line" S "7" S "@45+2" S "live" S "=2" S "-" S "<2>", "8" S "line" S "8" S "@47+2" S "live" S "=3" S "-" S "<3>",
		"9" S "line" S "9" S "@49+3" S "live" S "=4\"" S "-" S "<4\">",
		"10" S "line" S "10" S "@52+5" S "live" S "=ok" S "=1" S "<ok,1>");
	schema_free(schema);
}

/* A record over limits.field or limits.columns that goes on over line ends costs its first line only. */
static void test_limits_over_lines(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(3);
	struct csv_case how = csv_case_of(NULL, schema, false);
	how.limits.columns = 3;
	how.limits.field = 4;
	/* The cell that is too long is the quoted one, or another behind it, or its own line alone does it. */
	GIVES(how, "1,\"a\nbcd\"\n2,\"a\nb\"\n", "1" S "line" S "1" S "@0+5" S "live" S "-" S "-" S "-" S "record" S "<1,\"a>",
		"2" S "line" S "2" S "@5+5" S "live" S "=bcd\"" S "-" S "-" S "<bcd\">",
		"3" S "line" S "3" S "@10+8" S "live" S "=2" S "=a\\x0Ab" S "-" S "<2,\"a\\x0Ab\">");
	GIVES(how, "\"a\nb\",12345\n", "1" S "line" S "1" S "@0+3" S "live" S "-" S "-" S "-" S "record" S "<\"a>",
		"2" S "line" S "2" S "@3+9" S "live" S "-" S "-" S "-" S "record" S "<b\",12345>");
	GIVES(how, "12345,\"a\nb\"\n", "1" S "line" S "1" S "@0+9" S "live" S "-" S "-" S "-" S "record" S "<12345,\"a>",
		"2" S "line" S "2" S "@9+3" S "live" S "=b\"" S "-" S "-" S "<b\">");
	/* Too many cells behind the first line, and on it. */
	GIVES(how, "1,\"a\nb\",c,d\n", "1" S "line" S "1" S "@0+5" S "live" S "-" S "-" S "-" S "record" S "<1,\"a>",
		"2" S "line" S "2" S "@5+7" S "live" S "=b\"" S "=c" S "=d" S "<b\",c,d>");
	GIVES(how, "1,2,3,\"a\nb\"\n", "1" S "line" S "1" S "@0+9" S "live" S "-" S "-" S "-" S "record" S "<1,2,3,\"a>",
		"2" S "line" S "2" S "@9+3" S "live" S "=b\"" S "-" S "-" S "<b\">");
	/* The record in line 1 has cells of 3, 3, 1 and 1 bytes; the one in line 2 shares all but the first with it. */
	static const char shifted[] = "\"a\nx\",\"b\nc\",d,e\n";
	gives(how, shifted, sizeof shifted - 1, (const char *const[]){
		"1" S "line" S "1" S "@0+3" S "live" S "-" S "-" S "-" S "record" S "<\"a>",
		"2" S "line" S "2" S "@3+6" S "live" S "-" S "-" S "-" S "record" S "<x\",\"b>",
		"3" S "line" S "3" S "@9+7" S "live" S "=c\"" S "=d" S "=e" S "<c\",d,e>", NULL });
	how.limits.field = 5;
	/* Behind the first line of the second record are two pairs of quotes, a byte each. */
	GIVES(how, "\"aaaa\n\"b\n\"\"\"\"c\",x\n", "1" S "line" S "1" S "@0+6" S "live" S "-" S "-" S "-" S "record" S "<\"aaaa>",
		"2" S "line" S "2" S "@6+12" S "live" S "=b\\x0A\"\"c" S "=x" S "-" S "<\"b\\x0A\"\"\"\"c\",x>");
	/* Trimmed spaces do not count, those within do. */
	how.limits.field = 4;
	how.options.trim = true;
	GIVES(how, "  \"  a\nb    \"  \n", "1" S "line" S "1" S "@0+16" S "live" S "=a\\x0Ab" S "-" S "-" S
		"<" S S "\"" S S "a\\x0Ab" S S S S "\"" S S ">");
	GIVES(how, "\"a\nb c\"  \n", "1" S "line" S "1" S "@0+3" S "live" S "-" S "-" S "-" S "record" S "<\"a>",
		"2" S "line" S "2" S "@3+7" S "live" S "=b" S "c\"" S "-" S "-" S "<b" S "c\"" S S ">");
	schema_free(schema);
}

/* What the messages for people say, beyond what the notation above keeps of them. */
static void test_details(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(2);
	static const char text[] = "a,b\n\"open,b\nc,\"d\n\"\n1,2,3\n\xC3,1\ntoo long a line,1\n\"e\nf\",1234567\n\"g\nh\",,,,\n"
		"\"p\nq,r\ns,t\nu,v\nw,x\n\"y\" ,z\n";
	char path[64];
	int fd = csv_memory_file(text, sizeof text - 1, path);
	struct csv_case how = csv_case_of(path, schema, false);
	how.limits.record = 13;
	how.limits.field = 6;
	how.limits.columns = 4;
	struct error error = ERROR_INIT;
	void *self;
	assert_int_equal(csv_open_case(&how, &self, &error), 0);
	struct batch *batch = batch_new(schema, 100, &how.limits, &error);
	assert_non_null(batch);
	assert_int_equal(csv_source_ops.read(self, batch, &error), SOURCE_BATCH);
	static const char *const expected[] = {
		"a closing quote is followed by something else than the delimiter or the line's end, at byte 15 of the file, in the "
		"record that begins in line 2 (a quote within quotes is written twice); left out: this line, bytes 4 to 11",
		"2 cells expected, 3 found",
		"no UTF-8: 0xC3 at byte 25 of the file",
		"line 7 has more bytes than limits.record (13); left out: bytes 29 to 46",
		"a quote in line 8 joins the next lines to it, and a cell is longer than limits.field (6); left out: this line, bytes "
		"47 to 49",
		"cell 2 has 7 bytes, more than limits.field (6)",
		"a quote in line 10 joins the next lines to it, and the cells are more than limits.columns (4); left out: this line, "
		"bytes 61 to 63",
		"5 cells, more than limits.columns (4)",
		"a quote opened in line 12 makes the record longer than limits.record (13); left out: this line, bytes 71 to 73",
		"a closing quote is followed by a space, at byte 93 of the file, in the record that begins in line 17 (trim: true on "
		"the source takes it away); left out: this line, bytes 90 to 96",
	};
	assert_int_equal(batch->fault_count, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < batch->fault_count; i++) {
		struct span detail = batch->faults[i].detail;
		char said[320];
		snprintf(said, sizeof said, "%.*s", (int)detail.length, batch_bytes(batch, detail));
		assert_string_equal(said, expected[i]);
	}
	batch_free(batch);
	csv_close_case(self);
	close(fd);
	schema_free(schema);
}

static void test_header(void **state)
{
	(void)state;
	struct schema *schema = schema_of("id", "name", "hired");
	struct csv_case how = csv_case_of(NULL, schema, true);
	GIVES(how, "hired,id,name\n2021,1,Ann\n", "1" S "line" S "2" S "@14+11" S "live" S "=1" S "=Ann" S "=2021" S "<2021,1,Ann>");
	GIVES(how, "\n\r\n\"name\",id,hired\n", NULL);
	GIVES(how, "\xEF\xBB\xBF\"id\",name,hired", NULL);
	struct option_map labels = { .keys = (const char *const[]){ "hired" }, .values = (const char *const[]){ "Hire Date" },
	                             .count = 1 };
	how.labels = &labels;
	GIVES(how, "id,Hire Date,name\n1,2,3\n1\n", "1" S "line" S "2" S "@18+6" S "live" S "=1" S "=3" S "=2" S "<1,2,3>",
		"2" S "line" S "3" S "@24+2" S "live" S "=1" S "-" S "-" S "<1>");
	REFUSED(how, "id,Hire Dat,name\n", ERROR_CONFIG, ":1:4: ", "\"Hire Dat\"", "did you mean \"Hire Date\"?");
	REFUSED(how, "id,hired,name\n", ERROR_CONFIG, ":1:4: ", "label \"hired\" is that of no field", "has the label \"Hire Date\"");
	REFUSED(how, "id,name\n", ERROR_CONFIG, ":1: ", "no label \"Hire Date\" (for field hired)");
	labels.values = (const char *const[]){ "Hire\nDate" };
	REFUSED(how, "\"Hire\nDate\",id,nme\n", ERROR_CONFIG, ":2:10: ", "did you mean \"name\"?");
	how.labels = NULL;
	REFUSED(how, "id,nmae,hired\n", ERROR_CONFIG, ":1:4: ", "did you mean \"name\"?");
	REFUSED(how, "\nid,\"nmae\",hired\n", ERROR_CONFIG, ":2:4: ", "did you mean \"name\"?");
	REFUSED(how, "\n\"id\",name,\"hi\"\"red\"\n", ERROR_CONFIG, ":2:11: ", "label \"hi\"red\" is no field");
	REFUSED(how, "\"a\r\nb\nc\",name,hired\n", ERROR_CONFIG, ":1:1: ", "is no field");
	REFUSED(how, "\xEF\xBB\xBFid,\"name\",\"a\r\nb\"\n", ERROR_CONFIG, ":1:11: ", "is no field");
	REFUSED(how, "id,name,hired,id\n", ERROR_CONFIG, ":1:15: ", "twice", "1 and 4");
	REFUSED(how, "id,name,hired,\n", ERROR_CONFIG, ":1:15: ", "cell 4 of the header is empty");
	REFUSED(how, "id, name,hired\n", ERROR_CONFIG, "spaces around it", "trim: true");
	REFUSED(how, "id,na\xFFme,hired\n", ERROR_SOURCE, ":1:4: ", "encoding");
	REFUSED(how, "id,\"name\n1,2\n", ERROR_SOURCE, ":1: ", "quote that is not closed");
	REFUSED(how, "id,\"name\"x,hired\n1,2,3\n", ERROR_SOURCE, ":1: ", "closing quote", "byte 9 of the file");
	REFUSED(how, "\"id\" ,name,hired\n", ERROR_SOURCE, ":1: ", "closing quote", "trim: true");
	REFUSED(how, "", ERROR_SOURCE, "empty", "header: false");
	REFUSED(how, "\n\n", ERROR_SOURCE, "empty", "header: false");
	how.options.trim = true;
	GIVES(how, " id , name,\thired\n", NULL);
	REFUSED(how, " id , \"nme\" ,hired\n", ERROR_CONFIG, ":1:7: ", "did you mean \"name\"?");
	REFUSED(how, " id ,\"na\r\nme\", hird\n", ERROR_CONFIG, ":1:6: ", "is no field");
	how.options.trim = false;
	how.options.header = false;
	how.labels = &labels;
	REFUSED(how, "1,2,3\n", ERROR_CONFIG, "header: true");
	labels.keys = (const char *const[]){ "hird" };
	how.options.header = true;
	REFUSED(how, "id,name,hired\n", ERROR_CONFIG, "no field \"hird\"", "did you mean \"hired\"?");
	labels.keys = (const char *const[]){ "hired" };
	labels.values = (const char *const[]){ "id" };
	REFUSED(how, "id,name\n", ERROR_CONFIG, "\"id\" stands for two fields, id and hired");
	how.labels = NULL;
	how.limits.columns = 2;
	REFUSED(how, "id,name,hired\n", ERROR_SOURCE, "limits.columns (2)");
	how.limits = (struct limits)LIMITS_DEFAULT;
	how.limits.field = 4;
	REFUSED(how, "id,name,hired\n", ERROR_SOURCE, "limits.field (4)");
	how.limits.record = 5;
	REFUSED(how, "id,name,hired\n", ERROR_SOURCE, "limits.record (5)");
	schema_free(schema);
}

static void test_refused(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(2);
	struct csv_case how = csv_case_of(NULL, schema, false);
	REFUSED(how, "\x1F\x8B\x08", ERROR_SOURCE, "gzip that ends in the middle, at byte 3");
	REFUSED(how, "\x28\xB5\x2F\xFD", ERROR_SOURCE, "zstd that ends in the middle, at byte 4");
	REFUSED(how, "\xFD" "7zXZ\0 rest", ERROR_SOURCE, "xz");
	how.options.encoding = "latin-1";
	REFUSED(how, "\xFF\xFE" "a\0", ERROR_SOURCE, "the byte order mark of UTF-16LE", "said to be latin-1");
	REFUSED(how, "\xEF\xBB\xBF" "a", ERROR_SOURCE, "the byte order mark of UTF-8", "said to be latin-1");
	how.options.encoding = "utf-16be";
	REFUSED(how, "\xFF\xFE" "a\0", ERROR_SOURCE, "the byte order mark of UTF-16LE", "said to be utf-16be");
	how.options.encoding = "utf-8//IGNORE";
	REFUSED(how, "a,b\n", ERROR_CONFIG, "no encoding \"utf-8//IGNORE\"");
	how.options.encoding = NULL;
	REFUSED(how, "PK\x03\x04 rest", ERROR_SOURCE, "ZIP");
	how.options.delimiter = "\"";
	REFUSED(how, "a,b\n", ERROR_CONFIG, "\"delimiter\" and \"quote\" of the csv source are the same");
	how.options.delimiter = "\n";
	REFUSED(how, "a,b\n", ERROR_CONFIG, "delimiter of the csv source must be");
	how.options.delimiter = ",";
	how.options.quote = " ";
	REFUSED(how, "a,b\n", ERROR_CONFIG, "quote of the csv source must be");
	how.options.quote = "\"";
	how.limits.record = (uint64_t)2 << 30;
	REFUSED(how, "a,b\n", ERROR_CONFIG, "limits.record");
	schema_free(schema);
}

/* One line of a gigabyte, and one of a million cells: a record-error each, and what follows is read. */
static void test_huge(void **state)
{
	(void)state;
	const char *full = getenv("PENSTOCK_TEST_FULL");
	off_t hole = full && *full ? (off_t)1 << 30 : (off_t)64 << 20;
	struct schema *schema = csv_schema(2);
	char path[64];
	int fd = csv_memory_file("a,", 2, path);
	/* A hole reads as NUL bytes. */
	assert_int_equal(ftruncate(fd, hole), 0);
	assert_true(lseek(fd, 0, SEEK_END) == hole);
	assert_int_equal(write(fd, "\r\nb,c\n", 6), 6);
	char *commas = malloc(1000001);
	assert_non_null(commas);
	memset(commas, ',', 1000000);
	commas[1000000] = '\n';
	assert_int_equal(write(fd, commas, 1000001), 1000001);
	assert_int_equal(write(fd, "d,e\n", 4), 4);
	free(commas);

	struct csv_case how = csv_case_of(path, schema, false);
	struct error error = ERROR_INIT;
	void *self;
	assert_int_equal(csv_open_case(&how, &self, &error), 0);
	struct batch *batch = batch_new(schema, 100, &how.limits, &error);
	assert_non_null(batch);
	size_t rows = 0, faults = 0, cells = 0;
	do {
		batch_reset(batch);
		assert_int_equal(csv_source_ops.read(self, batch, &error), SOURCE_BATCH);
		for (size_t r = 0; r < batch->rows; r++)
			cells += batch->columns[0].cells[r] == CELL_TEXT;
		for (size_t f = 0; f < batch->fault_count; f++)
			assert_int_equal(batch->faults[f].kind, FAULT_RECORD);
		if (rows == 0) {
			assert_int_equal(batch->origins[0].byte_length, hole + 2);
			assert_int_equal(batch->origins[0].text.length, how.limits.record);
		}
		/* A record's text twice, and what a batch needs beside it. */
		assert_true(batch->arena.size <= batch->arena.ceiling);
		rows += batch->rows;
		faults += batch->fault_count;
	} while (!batch->last);
	assert_int_equal(rows, 4);
	assert_int_equal(faults, 2);
	assert_int_equal(cells, 2);
	batch_free(batch);
	csv_close_case(self);
	close(fd);
	schema_free(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_limits_over_lines),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_huge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
