/* parse.c - reads a CSV file with libcsv and empty callbacks: the least that any reader on libcsv can take.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <csv.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned long cells, records;

static void cell(void *data, size_t size, void *arg)
{
	(void)data, (void)size, (void)arg;
	cells++;
}

static void record(int end, void *arg)
{
	(void)end, (void)arg;
	records++;
}

int main(int argc, char **argv)
{
	static char block[1 << 18];
	struct csv_parser parser;
	FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
	if (!file || csv_init(&parser, CSV_EMPTY_IS_NULL) != 0)
		return 2;
	size_t size;
	while ((size = fread(block, 1, sizeof(block), file)) > 0)
		if (csv_parse(&parser, block, size, cell, record, NULL) != size)
			return 1;
	csv_fini(&parser, cell, record, NULL);
	csv_free(&parser);
	fclose(file);
	printf("%lu %lu\n", records, cells);
	return 0;
}
