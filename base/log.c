#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

/* Escaped, a byte is six at most: eight times LINE_LIMIT holds a message, three fields, and what stands
 * around them. */
enum { LINE_LIMIT = 64 * 1024, FIELD_LIMIT = 4096, HELD_MAX = 256 * 1024 };

static const struct {
    const char *name;
    int number; /* of Python's logging module */
    const char *color;
} levels[] = {
    [CQ_LOG_DEBUG] = {"DEBUG", 10, "\033[2m"},        [CQ_LOG_INFO] = {"INFO", 20, ""},
    [CQ_LOG_WARNING] = {"WARNING", 30, "\033[33m"},   [CQ_LOG_ERROR] = {"ERROR", 40, "\033[31m"},
    [CQ_LOG_CRITICAL] = {"CRITICAL", 50, "\033[31m"},
};

void cq_log_init(struct cq_log *log, int fd, enum cq_log_level level, enum cq_log_format format)
{
    *log = (struct cq_log){.fd = fd, .level = level, .format = format, .name = "cq"};
}

bool cq_log_parse_level(const char *text, enum cq_log_level *ret_level)
{
    for (size_t i = 0; i < CQ_ARRAY_LEN(levels); i++) {
        char number[8];
        snprintf(number, sizeof(number), "%d", levels[i].number);
        if (strcasecmp(text, levels[i].name) == 0 || strcmp(text, number) == 0) {
            *ret_level = (enum cq_log_level)i;
            return true;
        }
    }
    if (strcasecmp(text, "WARN") == 0) {
        *ret_level = CQ_LOG_WARNING;
        return true;
    }
    return false;
}

/* Returns how many bytes were written. A pipe that polls writable takes PIPE_BUF bytes without waiting. */
static size_t write_now(const struct cq_log *log, const char *text, size_t len)
{
    struct pollfd ready = {.fd = log->fd, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
        return 0;
    ssize_t n;
    do
        n = write(log->fd, text, len);
    while (n < 0 && errno == EINTR);
    return n > 0 ? (size_t)n : 0;
}

/* The longest run of whole lines that a pipe takes at once; a line that is longer than that goes in
 * pieces. */
static size_t next_piece(const char *text, size_t len)
{
    if (len <= PIPE_BUF)
        return len;
    const char *end = memrchr(text, '\n', PIPE_BUF);
    return end ? (size_t)(end + 1 - text) : PIPE_BUF;
}

static void start_json(const struct cq_log *log, struct cq_buf *line, enum cq_log_level level)
{
    char when[CQ_TIME_ISO_SIZE];
    cq_time_iso(cq_clock_now(), when);
    cq_buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"logger\":\"%s\"", when, levels[level].name,
                  log->name);
}

/* Say how many lines were dropped, when there is room again. */
static void put_note(struct cq_log *log)
{
    struct cq_buf note = CQ_BUF_INIT(LINE_LIMIT);
    if (log->cut)
        cq_buf_char(&note, '\n');
    if (log->format == CQ_LOG_JSON) {
        start_json(log, &note, CQ_LOG_WARNING);
        cq_buf_printf(&note, ",\"message\":\"%lu log lines were dropped, standard error was full\"}\n",
                      log->dropped);
    } else {
        cq_buf_printf(&note, "cq: %lu log lines were dropped, standard error was full\n", log->dropped);
    }
    size_t done = write_now(log, note.data, note.len);
    if (done > 0)
        log->cut = note.data[done - 1] != '\n';
    if (done == note.len)
        log->dropped = 0;
    cq_buf_release(&note);
}

/* Write lines as far as that is possible without waiting; the rest is dropped and counted. */
static void put_text(struct cq_log *log, const struct cq_buf *lines)
{
    if (log->dropped)
        put_note(log);
    size_t done = 0, n = 1;
    while (done < lines->len && n > 0 && !log->dropped) {
        n = write_now(log, lines->data + done, next_piece(lines->data + done, lines->len - done));
        done += n;
    }
    if (done > 0)
        log->cut = lines->data[done - 1] != '\n';
    for (size_t at = done; at < lines->len; at++)
        log->dropped += lines->data[at] == '\n';
}

static void put_line(struct cq_log *log, const struct cq_buf *line)
{
    if (log->holding && cq_buf_append(&log->held, line->data, line->len))
        return;
    cq_log_flush(log); /* no room: first what came before */
    put_text(log, line);
}

void cq_log_hold(struct cq_log *log)
{
    if (log->holding)
        return;
    log->holding = true;
    cq_buf_init(&log->held, HELD_MAX);
}

void cq_log_flush(struct cq_log *log)
{
    if (!log->holding || !log->held.len)
        return;
    put_text(log, &log->held);
    cq_buf_clear(&log->held);
}

void cq_log_release(struct cq_log *log)
{
    if (!log->holding)
        return;
    cq_log_flush(log);
    cq_buf_release(&log->held);
    log->holding = false;
}

static void start_text(const struct cq_log *log, struct cq_buf *line, enum cq_log_level level)
{
    cq_time now = cq_clock_now();
    time_t seconds = (time_t)cq_time_seconds(now);
    struct tm parts;
    localtime_r(&seconds, &parts);
    if (log->color)
        cq_buf_text(line, levels[level].color);
    cq_buf_printf(line, "%02d:%02d:%02d.%03d ", parts.tm_hour, parts.tm_min, parts.tm_sec,
                  (int)(now % CQ_SECOND / 1000));
    if (level >= CQ_LOG_WARNING)
        cq_buf_printf(line, "%s ", levels[level].name);
}

/* Ids come out of Redis, where anybody may have put what would look like a line of ours. */
static void text_field(struct cq_buf *line, const char *text)
{
    if (!text)
        return;
    cq_utf8_escape_line(line, cq_str_n(text, strnlen(text, FIELD_LIMIT)));
    cq_buf_text(line, ": ");
}

static void json_field(struct cq_buf *line, const char *name, const char *text)
{
    cq_buf_printf(line, ",\"%s\":\"", name);
    cq_utf8_escape_json(line, cq_str_n(text, strnlen(text, FIELD_LIMIT)));
    cq_buf_char(line, '"');
}

static void write_event(struct cq_log *log, enum cq_log_level level, const char *worker, const char *job_id,
                        const char *stream, struct cq_str message)
{
    struct cq_buf line = CQ_BUF_INIT(LINE_LIMIT * 8);
    if (log->format == CQ_LOG_JSON) {
        start_json(log, &line, level);
        if (worker)
            json_field(&line, "worker", worker);
        if (job_id)
            json_field(&line, "job_id", job_id);
        if (stream)
            json_field(&line, "stream", stream);
        cq_buf_text(&line, ",\"message\":\"");
        cq_utf8_escape_json(&line, message);
        cq_buf_text(&line, "\"}\n");
    } else {
        start_text(log, &line, level);
        text_field(&line, worker);
        text_field(&line, job_id);
        text_field(&line, stream);
        cq_utf8_escape_line(&line, message);
        if (log->color)
            cq_buf_text(&line, "\033[0m");
        cq_buf_char(&line, '\n');
    }
    put_line(log, &line);
    cq_buf_release(&line);
}

void cq_log(struct cq_log *log, enum cq_log_level level, const char *worker, const char *job_id,
            const char *format, ...)
{
    if (!cq_log_enabled(log, level))
        return;
    va_list args;
    va_start(args, format);
    char *message = NULL;
    int len = vasprintf(&message, format, args);
    va_end(args);
    if (len < 0)
        return;
    write_event(log, level, worker, job_id, NULL,
                cq_str_n(message, (size_t)(len > LINE_LIMIT ? LINE_LIMIT : len)));
    free(message);
}

void cq_log_lines(struct cq_log *log, enum cq_log_level level, const char *worker, const char *job_id,
                  struct cq_str text)
{
    if (!cq_log_enabled(log, level))
        return;
    while (text.len && text.data[text.len - 1] == '\n')
        text.len--;
    if (text.len > LINE_LIMIT)
        text.len = LINE_LIMIT;
    const char *end;
    while (log->format == CQ_LOG_TEXT && text.len && (end = memchr(text.data, '\n', text.len))) {
        size_t len = (size_t)(end - text.data);
        write_event(log, level, worker, job_id, NULL, cq_str_n(text.data, len));
        text = cq_str_n(end + 1, text.len - len - 1);
    }
    write_event(log, level, worker, job_id, NULL, text);
}

void cq_log_output(struct cq_log *log, const char *worker, const char *job_id, const char *stream,
                   struct cq_str text)
{
    if (!cq_log_enabled(log, CQ_LOG_INFO))
        return;
    if (text.len > LINE_LIMIT)
        text.len = LINE_LIMIT;
    write_event(log, CQ_LOG_INFO, worker, job_id, stream, text);
}
