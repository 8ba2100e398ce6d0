/* shim_malloc.c - LD_PRELOAD: counts the calls of malloc, calloc, realloc and strdup that the program itself makes, not those of its libraries.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SHIM_MALLOC_LOG=FILE   at the end of the program gets one line: the count
 */
#include "shim.h"

#include <link.h>
#include <stdint.h>

static atomic_ulong count;
static uintptr_t first, last; /* the program's code */

/* The program is the first object that the loader knows. */
static int find_code(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
			first = (uintptr_t)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
			last = first + info->dlpi_phdr[i].p_memsz;
		}
	return 1;
}

__attribute__((constructor)) static void begin(void)
{
	dl_iterate_phdr(find_code, NULL);
}

__attribute__((destructor)) static void end(void)
{
	shim_log("SHIM_MALLOC_LOG", "%lu", atomic_load(&count));
}

static void look(const void *caller)
{
	uintptr_t address = (uintptr_t)caller;
	if (address >= first && address < last)
		atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
}

/* The C library's own, under names that no shim replaces: dlsym would allocate. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t number, size_t size);
extern void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
	look(__builtin_return_address(0));
	return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	look(__builtin_return_address(0));
	return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
	look(__builtin_return_address(0));
	return __libc_realloc(old, size);
}

char *strdup(const char *text)
{
	look(__builtin_return_address(0));
	size_t size = strlen(text) + 1;
	char *copy = __libc_malloc(size);
	return copy ? memcpy(copy, text, size) : NULL;
}
