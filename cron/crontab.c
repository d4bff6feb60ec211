#include "cron/crontab.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "base/zone.h"
#include "cron/schedule_parse.h"

enum { LINE_MAX_BYTES = 64 * 1024, WHERE_MAX = 120 };

struct reading {
    const char *file;
    int line;
    char *zone; /* of CRON_TZ=; NULL: the local one */
    struct cq_cron_table *table;
    struct cq_error *err;
};

static enum cq_code wrong(struct reading *reading, const char *why)
{
    return cq_error_set(reading->err, CQ_ERR_CONFIG, "%.*s:%d: %s", WHERE_MAX, reading->file, reading->line,
                        why);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static size_t skip_spaces(struct cq_str line, size_t at)
{
    while (at < line.len && is_space(line.data[at]))
        at++;
    return at;
}

static size_t skip_word(struct cq_str line, size_t at)
{
    while (at < line.len && !is_space(line.data[at]))
        at++;
    return at;
}

/* One word from *at on, appended to word without its quotes. */
static enum cq_code read_word(struct reading *reading, struct cq_str line, size_t *at, struct cq_buf *word)
{
    char quote = '\0';
    size_t i = *at;
    for (; i < line.len && (quote || !is_space(line.data[i])); i++) {
        char c = line.data[i];
        if (quote == '\'' ? c == '\'' : quote == '"' ? c == '"' : c == '\'' || c == '"') {
            quote = quote ? '\0' : c;
        } else if (c == '\\' && quote != '\'' &&
                   (!quote || (i + 1 < line.len && strchr("\"\\", line.data[i + 1])))) {
            if (++i == line.len)
                return wrong(reading, "the line ends with a \\; each line stands for itself");
            cq_buf_char(word, line.data[i]);
        } else {
            cq_buf_char(word, c);
        }
    }
    *at = i;
    return quote ? wrong(reading, quote == '"' ? "a \" is not closed"
                                               : "a ' is not closed; an apostrophe is written \\'")
                 : CQ_OK;
}

static enum cq_code read_words(struct reading *reading, struct cq_str line, size_t at, struct cq_strv *words)
{
    struct cq_buf word = CQ_BUF_INIT(LINE_MAX_BYTES);
    enum cq_code code = CQ_OK;
    while (code == CQ_OK && (at = skip_spaces(line, at)) < line.len) {
        if (line.data[at] == '#') {
            code = wrong(
                reading,
                "a comment stands on a line of its own; an argument that begins with # is written '#...'");
            break;
        }
        cq_buf_clear(&word);
        code = read_word(reading, line, &at, &word);
        if (code == CQ_OK)
            cq_strv_push(words, cq_buf_view(&word));
    }
    cq_buf_release(&word);
    return code;
}

/* NAME=value, as crontabs have it. True: it is such a line. */
static bool read_setting(struct reading *reading, struct cq_str line, enum cq_code *ret_code)
{
    size_t name = 0;
    struct cq_buf value = CQ_BUF_INIT(LINE_MAX_BYTES);
    struct cq_error why;
    while (name < line.len && (isalnum((unsigned char)line.data[name]) || line.data[name] == '_'))
        name++;
    size_t at = skip_spaces(line, name);
    if (!name || isdigit((unsigned char)line.data[0]) || at == line.len || line.data[at] != '=')
        return false;
    at = skip_spaces(line, at + 1);
    *ret_code = read_word(reading, line, &at, &value);
    if (*ret_code != CQ_OK) {
        cq_buf_release(&value);
        return true;
    }
    struct cq_str word = cq_str_n(line.data, name);
    if (!cq_str_is(word, "CRON_TZ") && !cq_str_is(word, "TZ"))
        *ret_code = wrong(reading, "the only setting here is CRON_TZ=ZONE, for the lines below it");
    else if (skip_spaces(line, at) != line.len)
        *ret_code = wrong(reading, "CRON_TZ= takes one zone, and the line ends there");
    else if (cq_zone_check(value.data, &why) != CQ_OK)
        *ret_code = wrong(reading, why.text);
    free(reading->zone);
    reading->zone = value.len ? cq_strdup(value.data) : NULL;
    cq_buf_release(&value);
    return true;
}

/* The schedule's words: one that begins with @, two for @every, else five. */
static size_t schedule_end(struct cq_str line)
{
    size_t at = skip_word(line, 0);
    int more = line.data[0] != '@' ? 4 : at == strlen("@every") && strncasecmp(line.data, "@every", at) == 0;
    for (size_t next; more > 0 && (next = skip_spaces(line, at)) < line.len; more--)
        at = skip_word(line, next);
    return at;
}

static enum cq_code read_line(struct reading *reading, struct cq_str line)
{
    struct cq_schedule schedule;
    struct cq_error why;
    struct cq_buf where = CQ_BUF_INIT(4096);
    enum cq_code code;
    if (memchr(line.data, '\0', line.len) || !cq_utf8_valid(line))
        return wrong(reading, "the line is not UTF-8 text");
    if (line.len > LINE_MAX_BYTES)
        return wrong(reading, "the line has more than 64 KiB");
    if (read_setting(reading, line, &code))
        return code;
    size_t end = schedule_end(line);
    struct cq_str text = cq_str_n(line.data, end);
    if (cq_schedule_parse(text, CQ_SCHEDULE_CRONTAB, &schedule, &why) != CQ_OK)
        return wrong(reading, why.text);
    struct cq_cron_job *job = cq_cron_table_add(reading->table);
    cq_buf_printf(&where, "%.*s:%d", WHERE_MAX, reading->file, reading->line);
    job->where = cq_buf_steal(&where);
    job->text = cq_strndup(text.data, text.len);
    job->schedule = schedule;
    job->zone = cq_strdup(reading->zone);
    /* An interval's run has no date that it is for: one is made up for. */
    job->missed = schedule.every_s > 0 ? CQ_CRON_ONCE : CQ_CRON_SKIP;
    return read_words(reading, line, end, &job->words);
}

enum cq_code cq_crontab_parse(struct cq_str text, const char *file, struct cq_cron_table *table,
                              struct cq_error *err)
{
    struct reading reading = {.file = file, .table = table, .err = err};
    enum cq_code code = CQ_OK;
    if (cq_str_starts(text, "\xef\xbb\xbf")) /* some editors begin UTF-8 with it */
        text = cq_str_n(text.data + 3, text.len - 3);
    while (code == CQ_OK && text.len) {
        const char *newline = memchr(text.data, '\n', text.len);
        size_t len = newline ? (size_t)(newline - text.data) : text.len;
        struct cq_str line = cq_str_n(text.data, len);
        len += newline != NULL;
        text = cq_str_n(text.data + len, text.len - len);
        reading.line++;
        while (line.len && (is_space(line.data[line.len - 1]) || line.data[line.len - 1] == '\r'))
            line.len--;
        size_t start = skip_spaces(line, 0);
        line = cq_str_n(line.data + start, line.len - start);
        if (line.len && line.data[0] != '#')
            code = read_line(&reading, line);
    }
    free(reading.zone);
    return code;
}
