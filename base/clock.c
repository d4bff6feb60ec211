#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static cq_time read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (cq_time)now.tv_sec * CQ_SECOND + now.tv_nsec / 1000;
}

cq_time cq_clock_now(void)
{
    return read_clock(CLOCK_REALTIME);
}

cq_time cq_clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void cq_time_iso(cq_time when, char ret_text[CQ_TIME_ISO_SIZE])
{
    time_t seconds = (time_t)cq_time_seconds(when);
    int micros = (int)((when % CQ_SECOND + CQ_SECOND) % CQ_SECOND);
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) || parts.tm_year < -1899 || parts.tm_year > 8099) {
        seconds = 0;
        micros = 0;
        gmtime_r(&seconds, &parts);
    }
    unsigned year = (unsigned)(parts.tm_year + 1900) % 10000u;
    snprintf(ret_text, CQ_TIME_ISO_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", year,
             (unsigned)(parts.tm_mon + 1) % 100u, (unsigned)parts.tm_mday % 100u,
             (unsigned)parts.tm_hour % 100u, (unsigned)parts.tm_min % 100u, (unsigned)parts.tm_sec % 100u,
             (unsigned)micros % 1000000u);
}

void cq_time_epoch(cq_time when, char ret_text[CQ_TIME_EPOCH_SIZE])
{
    uint64_t micros = when < 0 ? 0 - (uint64_t)when : (uint64_t)when; /* INT64_MIN has no positive */
    snprintf(ret_text, CQ_TIME_EPOCH_SIZE, "%s%llu.%06llu", when < 0 ? "-" : "",
             (unsigned long long)(micros / 1000000u), (unsigned long long)(micros % 1000000u));
}

/* Exactly `width` digits at *at; moves *at past them. */
static bool digits(struct cq_str text, size_t *at, int width, int *ret_value)
{
    int value = 0;
    if (text.len - *at < (size_t)width)
        return false;
    for (int i = 0; i < width; i++) {
        char c = text.data[*at + (size_t)i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *at += (size_t)width;
    *ret_value = value;
    return true;
}

static bool literal(struct cq_str text, size_t *at, char c)
{
    if (*at >= text.len || text.data[*at] != c)
        return false;
    (*at)++;
    return true;
}

/* An optional fraction of a second of 1 to 6 digits, in microseconds; a lone dot is refused. */
static bool fraction(struct cq_str text, size_t *at, int *ret_micros)
{
    int micros = 0, count = 0;
    if (*at < text.len && text.data[*at] == '.') {
        (*at)++;
        while (*at < text.len && text.data[*at] >= '0' && text.data[*at] <= '9' && count < 6) {
            micros = micros * 10 + (text.data[*at] - '0');
            (*at)++;
            count++;
        }
        if (!count)
            return false;
    }
    for (; count < 6; count++)
        micros *= 10;
    *ret_micros = micros;
    return true;
}

bool cq_time_parse_iso(struct cq_str text, cq_time *ret_when)
{
    struct tm parts = {0};
    int micros;
    size_t at = 0;
    if (!digits(text, &at, 4, &parts.tm_year) || !literal(text, &at, '-') ||
        !digits(text, &at, 2, &parts.tm_mon) || !literal(text, &at, '-') ||
        !digits(text, &at, 2, &parts.tm_mday) || (!literal(text, &at, 'T') && !literal(text, &at, ' ')) ||
        !digits(text, &at, 2, &parts.tm_hour) || !literal(text, &at, ':') ||
        !digits(text, &at, 2, &parts.tm_min) || !literal(text, &at, ':') ||
        !digits(text, &at, 2, &parts.tm_sec) || !fraction(text, &at, &micros))
        return false;
    literal(text, &at, 'Z');
    if (at != text.len || parts.tm_year < 1 || parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1 ||
        parts.tm_mday > 31 || parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 59)
        return false;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    int day = parts.tm_mday;
    time_t seconds = timegm(&parts);
    if (parts.tm_mday != day) /* 30 February became 2 March */
        return false;
    *ret_when = (cq_time)seconds * CQ_SECOND + micros;
    return true;
}
