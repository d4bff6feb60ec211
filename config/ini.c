#include "config/ini.h"

#include <ini.h>
#include <stdbool.h>
#include <string.h>

/*
 * Debian's inih has its limits in variables, upstream's as constants of its build. Where they are variables
 * the lines may be long; else they are as long as inih was built for, and a longer one is refused with that
 * number.
 */
extern bool ini_use_stack __attribute__((weak));
extern int ini_initial_alloc __attribute__((weak));
extern int ini_max_line __attribute__((weak));

/* inih's limits as they were, which other users of it in the process may count on. */
struct limits {
    bool use_stack;
    int initial_alloc, max_line;
};

static bool limits_are_variables(void)
{
    return &ini_use_stack && &ini_initial_alloc && &ini_max_line;
}

static struct limits set_limits(struct limits limits)
{
    struct limits before = {ini_use_stack, ini_initial_alloc, ini_max_line};
    ini_use_stack = limits.use_stack;
    ini_initial_alloc = limits.initial_alloc;
    ini_max_line = limits.max_line;
    return before;
}

struct ini_reading {
    const char *at, *end; /* what inih has not been given yet */
    const char *name;
    cq_ini_fn *fn;
    void *data;
    struct cq_error *err;
    int line;          /* of the line that inih has now, from 1 */
    enum cq_code code; /* of the first error; the rest of the file is not read then */
};

static const char blanks[] = " \t\r\n";

/* What inih would take in silence, though it is not what its writer meant. */
static enum cq_code check_line(struct ini_reading *reading, struct cq_str line, int room)
{
    if (memchr(line.data, '\0', line.len))
        return cq_error_set(reading->err, CQ_ERR_CONFIG,
                            "%s:%d: the line holds a NUL byte: is this a text file?", reading->name,
                            reading->line);
    /* inih needs room for a line end and a NUL */
    if (line.len > CQ_INI_LINE_MAX || line.len + 3 > (size_t)room)
        return cq_error_set(reading->err, CQ_ERR_CONFIG, "%s:%d: the line is longer than %d bytes",
                            reading->name, reading->line,
                            room - 3 < CQ_INI_LINE_MAX ? room - 3 : CQ_INI_LINE_MAX);
    struct cq_str text = cq_str_trim(line, blanks);
    if (text.len && text.data[0] == '[') {
        const char *close = memchr(text.data, ']', text.len);
        if (!close)
            return cq_error_set(reading->err, CQ_ERR_CONFIG, "%s:%d: a section ends with `]`, as in [worker]",
                                reading->name, reading->line);
        struct cq_str rest = cq_str_trim(cq_str_n(close + 1, (size_t)(text.data + text.len - close - 1)),
                                         blanks);
        if (rest.len && rest.data[0] != ';' && rest.data[0] != '#')
            return cq_error_set(reading->err, CQ_ERR_CONFIG,
                                "%s:%d: after a section's `]` nothing may follow", reading->name,
                                reading->line);
        if (close - text.data > 48)
            return cq_error_set(reading->err, CQ_ERR_CONFIG, "%s:%d: the name of the section is too long",
                                reading->name, reading->line);
    }
    return CQ_OK;
}

/* inih's source of lines, like fgets. Leading spaces are cut, for inih takes them for a continuation of a
 * value. */
static char *next_line(char *room, int size, void *stream)
{
    struct ini_reading *reading = stream;
    if (reading->at == reading->end || reading->code != CQ_OK)
        return NULL;
    const char *newline = memchr(reading->at, '\n', (size_t)(reading->end - reading->at));
    const char *stop = newline ? newline : reading->end;
    struct cq_str line = cq_str_n(reading->at, (size_t)(stop - reading->at));
    reading->at = newline ? newline + 1 : reading->end;
    reading->line++;
    if (reading->line == 1 && cq_str_starts(line, "\xEF\xBB\xBF"))
        line = cq_str_n(line.data + 3, line.len - 3);
    reading->code = check_line(reading, line, size);
    if (reading->code != CQ_OK)
        return NULL;
    line = cq_str_trim(line, blanks);
    memcpy(room, line.data, line.len);
    room[line.len] = '\n';
    room[line.len + 1] = '\0';
    return room;
}

static int on_setting(void *user, const char *section, const char *key, const char *value)
{
    struct ini_reading *reading = user;
    if (reading->code == CQ_OK && !*key)
        reading->code = cq_error_set(reading->err, CQ_ERR_CONFIG, "%s:%d: there is no key before the `=`",
                                     reading->name, reading->line);
    else if (reading->code == CQ_OK)
        reading->code = reading->fn(section, key, value ? value : "", reading->line, reading->data,
                                    reading->err);
    return 1;
}

enum cq_code cq_ini_parse(struct cq_str text, const char *name, cq_ini_fn *fn, void *data,
                          struct cq_error *err)
{
    struct ini_reading reading = {
        .at = text.data, .end = text.data + text.len, .name = name, .fn = fn, .data = data, .err = err};
    bool variables = limits_are_variables();
    struct limits before;
    if (variables)
        before = set_limits((struct limits){false, CQ_INI_LINE_MAX + 8, CQ_INI_LINE_MAX + 8});
    int first_bad = ini_parse_stream(next_line, &reading, on_setting, &reading);
    if (variables)
        set_limits(before);
    /* inih continues after a broken line. The number of that line may be below that of our error. */
    if (first_bad > 0 && (reading.code == CQ_OK || first_bad < reading.line))
        return cq_error_set(err, CQ_ERR_CONFIG, "%s:%d: neither a [section] nor a `key = value`", name,
                            first_bad);
    if (first_bad < 0 && reading.code == CQ_OK)
        return cq_error_set(err, CQ_ERR_SYSTEM, "%s: inih cannot read it: out of memory", name);
    return reading.code;
}
