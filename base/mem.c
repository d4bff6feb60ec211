#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_OUT_OF_MEMORY = 70 }; /* EX_SOFTWARE of sysexits.h */

static void out_of_memory(void)
{
    static const char line[] = "cq: out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)ignored;
    _exit(EXIT_OUT_OF_MEMORY);
}

void *cq_alloc(size_t size)
{
    void *block = malloc(size ? size : 1);
    if (!block)
        out_of_memory();
    return block;
}

void *cq_calloc(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size ? size : 1);
    if (!block)
        out_of_memory();
    return block;
}

void *cq_realloc(void *old, size_t size)
{
    void *block = realloc(old, size ? size : 1);
    if (!block)
        out_of_memory();
    return block;
}

char *cq_strdup(const char *text)
{
    return text ? cq_strndup(text, strlen(text)) : NULL;
}

char *cq_strndup(const char *text, size_t len)
{
    return cq_memdup(text, len);
}

void *cq_memdup(const void *data, size_t len)
{
    if (len == SIZE_MAX)
        out_of_memory();
    char *copy = cq_alloc(len + 1);
    if (len)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}
