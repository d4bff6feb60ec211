#include "base/process/title.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/process/proc.h"

/* Kept for the life of the process, as the memory itself is. */
static struct {
    char *start;
    size_t size;                  /* bytes, with the last NUL; 0: not taken over */
    size_t title_len, detail_len; /* bytes in use; the rest is NUL */
    char **environment;           /* the copy; environ alone is cleared by valgrind's look at leaks */
    char *texts; /* of it and of argv, one behind the other: some may be taken out of the environment later */
} area;

enum { TITLE_MAX = 512 };

/* The kernel lays all argument texts, then all environment texts, without gaps. Others may have moved some:
 * stop there. */
static char *end_of_run(char **texts, char *end)
{
    for (size_t i = 0; texts[i] && (!end || texts[i] == end); i++)
        end = texts[i] + strlen(texts[i]) + 1;
    return end;
}

/* Into one block. */
static char *copy_texts(char *const *first, size_t first_count, char *const *second, size_t second_count)
{
    size_t size = 1, len = 0;
    for (size_t i = 0; i < first_count + second_count; i++)
        size += strlen(i < first_count ? first[i] : second[i - first_count]) + 1;
    char *texts = cq_alloc(size);
    for (size_t i = 0; i < first_count + second_count; i++) {
        const char *text = i < first_count ? first[i] : second[i - first_count];
        memcpy(texts + len, text, strlen(text) + 1);
        len += strlen(text) + 1;
    }
    return texts;
}

void cq_title_init(int argc, char **argv)
{
    /* The kernel puts the array of environment pointers right after argv's: anything else is not main()'s own
     * argv. */
    if (argc < 1 || area.size || environ != argv + argc + 1)
        return;
    char *start = argv[0];
    char *end = end_of_run(argv, NULL);
    char *end_of_environment = end_of_run(environ, end);
    size_t count = 0;
    while (environ[count])
        count++;
    char **copy = cq_calloc(count + 1, sizeof(char *));
    char *at = area.texts = copy_texts(argv, (size_t)argc, environ, count);
    for (int i = 0; i < argc; i++, at += strlen(at) + 1)
        argv[i] = at;
    for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
        copy[i] = at;
    environ = copy;
    area.environment = copy;
    area.start = start;
    area.size = (size_t)(end_of_environment - start);
}

void cq_title_adopt(void)
{
    /* Fields are separated by blanks, after the process' name in parentheses, which may hold anything. */
    enum { STATE_FIELD = 3, ARG_START_FIELD = 48 };
    char text[2048];
    unsigned long start, end;
    if (area.size || !cq_proc_read(0, "stat", text, sizeof(text)))
        return;
    char *at = strrchr(text, ')');
    for (int field = STATE_FIELD; at && field <= ARG_START_FIELD; field++)
        at = strchr(at + 1, ' ');
    if (!at || sscanf(at, " %lu %lu", &start, &end) != 2 || start == 0 || end <= start)
        return;
    area.start = (char *)start;
    area.size = end - start;
}

void cq_title_set(const char *format, ...)
{
    char title[TITLE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(title, sizeof(title), format, args);
    va_end(args);
    cq_title_put(title);
}

void cq_title_put(const char *title)
{
    prctl(PR_SET_NAME, title, 0, 0, 0);
    if (!area.size)
        return;
    size_t len = strlen(title);
    if (len > area.size - 1)
        len = area.size - 1;
    memcpy(area.start, title, len);
    memset(area.start + len, 0, area.size - len);
    area.title_len = len;
    area.detail_len = 0;
}

void cq_title_detail(struct cq_str detail)
{
    static const char separator[] = ": ";
    if (!area.size)
        return;
    char *at = area.start + area.title_len, *end = area.start + area.size - 1;
    memset(at, 0, area.detail_len);
    area.detail_len = 0;
    if (!detail.len || (size_t)(end - at) <= strlen(separator))
        return;
    memcpy(at, separator, strlen(separator));
    at += strlen(separator);
    size_t len = detail.len < (size_t)(end - at) ? detail.len : (size_t)(end - at);
    memcpy(at, detail.data, len);
    area.detail_len = strlen(separator) + len;
}
