#include "serializers/datetime.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/number.h"

enum {
    TEXT_MAX = 256, /* bytes of the longest text: a datetime with a zone is some 150 */
    DAYS_MAX = 999999999,
    DAY_SECONDS = 86400,
    SECOND_MICROS = 1000000,
    FOLD_BIT = 0x80, /* in the month of a datetime, in the hour of a time; Python's _getstate */
};

static const char *const type_names[] = {
    [CQ_MOMENT_DATETIME] = "datetime",   [CQ_MOMENT_DATE] = "date",         [CQ_MOMENT_TIME] = "time",
    [CQ_MOMENT_TIMEDELTA] = "timedelta", [CQ_MOMENT_TIMEZONE] = "timezone",
};

static bool between(int64_t number, int64_t least, int64_t most)
{
    return number >= least && number <= most;
}

static bool leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t month_days(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap(year) ? 1 : 0);
}

static bool delta_valid(const struct cq_moment_delta *delta)
{
    return between(delta->days, -DAYS_MAX, DAYS_MAX) && between(delta->seconds, 0, DAY_SECONDS - 1) &&
           between(delta->micros, 0, SECOND_MICROS - 1);
}

/* Python: strictly between -24 and 24 hours. */
static bool offset_valid(const struct cq_moment_delta *delta)
{
    return delta_valid(delta) &&
           (delta->days == 0 || (delta->days == -1 && (delta->seconds || delta->micros)));
}

bool cq_moment_valid(const struct cq_moment *moment)
{
    bool date = moment->type == CQ_MOMENT_DATETIME || moment->type == CQ_MOMENT_DATE;
    bool clock = moment->type == CQ_MOMENT_DATETIME || moment->type == CQ_MOMENT_TIME;
    if (date && (!between(moment->year, 1, 9999) || !between(moment->month, 1, 12) ||
                 !between(moment->day, 1, 31) || moment->day > month_days(moment->year, moment->month)))
        return false;
    if (clock && (!between(moment->hour, 0, 23) || !between(moment->minute, 0, 59) ||
                  !between(moment->second, 0, 59) || !between(moment->micros, 0, SECOND_MICROS - 1) ||
                  !between(moment->fold, 0, 1)))
        return false;
    if (moment->type == CQ_MOMENT_TIMEDELTA)
        return delta_valid(&moment->delta);
    return !(moment->type == CQ_MOMENT_TIMEZONE || (clock && moment->has_zone)) ||
           offset_valid(&moment->delta);
}

/* --- Text --- */

struct repr_writer {
    char text[TEXT_MAX];
    size_t len;
    bool first; /* no argument written yet */
};

static void put(struct repr_writer *out, const char *text)
{
    size_t len = strlen(text);
    memcpy(out->text + out->len, text, len);
    out->len += len;
}

static void put_argument(struct repr_writer *out, const char *name, int64_t number)
{
    char text[48];
    snprintf(text, sizeof(text), "%s%s%" PRId64, out->first ? "" : ", ", name, number);
    put(out, text);
    out->first = false;
}

static void put_delta(struct repr_writer *out, const struct cq_moment_delta *delta)
{
    put(out, "datetime.timedelta(");
    out->first = true;
    if (delta->days)
        put_argument(out, "days=", delta->days);
    if (delta->seconds)
        put_argument(out, "seconds=", delta->seconds);
    if (delta->micros)
        put_argument(out, "microseconds=", delta->micros);
    if (out->first)
        put_argument(out, "", 0);
    put(out, ")");
}

static void put_zone(struct repr_writer *out, const struct cq_moment_delta *offset)
{
    if (!offset->days && !offset->seconds && !offset->micros) {
        put(out, "datetime.timezone.utc");
        return;
    }
    put(out, "datetime.timezone(");
    put_delta(out, offset);
    put(out, ")");
}

struct cq_value cq_moment_value(const struct cq_moment *moment, struct cq_arena *arena)
{
    struct repr_writer out = {.len = 0, .first = true};
    if (moment->type == CQ_MOMENT_TIMEDELTA) {
        put_delta(&out, &moment->delta);
    } else if (moment->type == CQ_MOMENT_TIMEZONE) {
        put_zone(&out, &moment->delta);
    } else {
        put(&out, "datetime.");
        put(&out, type_names[moment->type]);
        put(&out, "(");
        if (moment->type != CQ_MOMENT_TIME) {
            put_argument(&out, "", moment->year);
            put_argument(&out, "", moment->month);
            put_argument(&out, "", moment->day);
        }
        if (moment->type != CQ_MOMENT_DATE) {
            put_argument(&out, "", moment->hour);
            put_argument(&out, "", moment->minute);
            if (moment->second || moment->micros)
                put_argument(&out, "", moment->second);
            if (moment->micros)
                put_argument(&out, "", moment->micros);
            /* Python puts the fold first in a datetime and last in a time. */
            if (moment->fold && moment->type == CQ_MOMENT_DATETIME)
                put_argument(&out, "fold=", moment->fold);
            if (moment->has_zone) {
                put(&out, ", tzinfo=");
                put_zone(&out, &moment->delta);
            }
            if (moment->fold && moment->type == CQ_MOMENT_TIME)
                put(&out, ", fold=1");
        }
        put(&out, ")");
    }
    return (struct cq_value){.kind = CQ_VALUE_DATETIME,
                             .as.text = cq_arena_str(arena, cq_str_n(out.text, out.len))};
}

/* Cut `prefix` off the front of *text. */
static bool skip(struct cq_str *text, const char *prefix)
{
    if (!cq_str_starts(*text, prefix))
        return false;
    size_t len = strlen(prefix);
    *text = cq_str_n(text->data + len, text->len - len);
    return true;
}

static bool take_number(struct cq_str *text, int64_t *ret_number)
{
    size_t len = text->len && text->data[0] == '-' ? 1 : 0;
    while (len < text->len && text->data[len] >= '0' && text->data[len] <= '9')
        len++;
    if (!cq_number_int(cq_str_n(text->data, len), INT32_MIN, INT32_MAX, ret_number))
        return false;
    *text = cq_str_n(text->data + len, text->len - len);
    return true;
}

static bool take_delta(struct cq_str *text, struct cq_moment_delta *ret_delta)
{
    *ret_delta = (struct cq_moment_delta){0, 0, 0};
    if (!skip(text, "datetime.timedelta("))
        return false;
    if (skip(text, "0)"))
        return true;
    do {
        int64_t *field = skip(text, "days=")           ? &ret_delta->days
                         : skip(text, "seconds=")      ? &ret_delta->seconds
                         : skip(text, "microseconds=") ? &ret_delta->micros
                                                       : NULL;
        if (!field || !take_number(text, field))
            return false;
    } while (skip(text, ", "));
    return skip(text, ")");
}

static bool take_zone(struct cq_str *text, struct cq_moment_delta *ret_offset)
{
    *ret_offset = (struct cq_moment_delta){0, 0, 0};
    if (skip(text, "datetime.timezone.utc"))
        return true;
    return skip(text, "datetime.timezone(") && take_delta(text, ret_offset) && skip(text, ")");
}

/* The arguments of datetime(, date( and time(, up to the closing parenthesis. */
static bool take_arguments(struct cq_str *text, struct cq_moment *moment)
{
    int64_t *fields[] = {&moment->year,   &moment->month,  &moment->day,   &moment->hour,
                         &moment->minute, &moment->second, &moment->micros};
    size_t at = moment->type == CQ_MOMENT_TIME ? 3 : 0;
    size_t end = moment->type == CQ_MOMENT_DATE ? 3 : CQ_ARRAY_LEN(fields);
    size_t least = moment->type == CQ_MOMENT_DATE ? 3 : 5;
    do {
        if (at >= least && moment->type != CQ_MOMENT_DATE && skip(text, "fold=")) {
            if (!take_number(text, &moment->fold))
                return false;
        } else if (at >= least && moment->type != CQ_MOMENT_DATE && skip(text, "tzinfo=")) {
            moment->has_zone = true;
            if (!take_zone(text, &moment->delta))
                return false;
        } else if (at == end || !take_number(text, fields[at++])) {
            return false;
        }
    } while (skip(text, ", "));
    return at >= least && skip(text, ")");
}

bool cq_moment_parse(struct cq_str text, struct cq_moment *ret_moment)
{
    struct cq_moment moment = {.type = CQ_MOMENT_DATETIME};
    bool read;
    if (cq_str_starts(text, "datetime.timedelta")) {
        moment.type = CQ_MOMENT_TIMEDELTA;
        read = take_delta(&text, &moment.delta);
    } else if (cq_str_starts(text, "datetime.timezone")) {
        moment.type = CQ_MOMENT_TIMEZONE;
        read = take_zone(&text, &moment.delta);
    } else {
        if (skip(&text, "datetime.date("))
            moment.type = CQ_MOMENT_DATE;
        else if (skip(&text, "datetime.time("))
            moment.type = CQ_MOMENT_TIME;
        else if (!skip(&text, "datetime.datetime("))
            return false;
        read = take_arguments(&text, &moment);
    }
    if (!read || text.len || !cq_moment_valid(&moment))
        return false;
    *ret_moment = moment;
    return true;
}

/* --- Pickle's state --- */

bool cq_moment_from_state(enum cq_moment_type type, struct cq_str state, struct cq_moment *ret_moment)
{
    struct cq_moment moment = {.type = type};
    const unsigned char *p = (const unsigned char *)state.data;
    size_t len = type == CQ_MOMENT_DATETIME ? 10 : type == CQ_MOMENT_DATE ? 4 : 6;
    if (type > CQ_MOMENT_TIME || state.len != len)
        return false;
    if (type != CQ_MOMENT_TIME) {
        moment.year = p[0] << 8 | p[1];
        moment.month = p[2];
        moment.day = p[3];
        p += 4;
    }
    if (type != CQ_MOMENT_DATE) {
        moment.hour = p[0];
        moment.minute = p[1];
        moment.second = p[2];
        moment.micros = p[3] << 16 | p[4] << 8 | p[5];
        int64_t *folded = type == CQ_MOMENT_DATETIME ? &moment.month : &moment.hour;
        moment.fold = *folded & FOLD_BIT ? 1 : 0;
        *folded &= ~(int64_t)FOLD_BIT;
    }
    if (!cq_moment_valid(&moment))
        return false;
    *ret_moment = moment;
    return true;
}

size_t cq_moment_to_state(const struct cq_moment *moment, unsigned char ret_state[10])
{
    size_t len = 0;
    unsigned fold = moment->fold ? FOLD_BIT : 0;
    if (moment->type != CQ_MOMENT_TIME) {
        ret_state[len++] = (unsigned char)(moment->year >> 8);
        ret_state[len++] = (unsigned char)moment->year;
        ret_state[len++] = (unsigned char)((unsigned)moment->month |
                                           (moment->type == CQ_MOMENT_DATETIME ? fold : 0));
        ret_state[len++] = (unsigned char)moment->day;
    }
    if (moment->type != CQ_MOMENT_DATE) {
        ret_state[len++] = (unsigned char)((unsigned)moment->hour |
                                           (moment->type == CQ_MOMENT_TIME ? fold : 0));
        ret_state[len++] = (unsigned char)moment->minute;
        ret_state[len++] = (unsigned char)moment->second;
        ret_state[len++] = (unsigned char)(moment->micros >> 16);
        ret_state[len++] = (unsigned char)(moment->micros >> 8);
        ret_state[len++] = (unsigned char)moment->micros;
    }
    return len;
}

/* --- Epoch --- */

int64_t cq_moment_seconds(const struct cq_moment *moment)
{
    struct tm parts = {.tm_year = (int)moment->year - 1900,
                       .tm_mon = (int)moment->month - 1,
                       .tm_mday = (int)moment->day,
                       .tm_hour = (int)moment->hour,
                       .tm_min = (int)moment->minute,
                       .tm_sec = (int)moment->second};
    return (int64_t)timegm(&parts);
}

bool cq_moment_from_seconds(int64_t seconds, int64_t micros, struct cq_moment *ret_moment)
{
    time_t when = (time_t)seconds;
    struct tm parts;
    if (!gmtime_r(&when, &parts))
        return false;
    struct cq_moment moment = {.type = CQ_MOMENT_DATETIME,
                               .year = (int64_t)parts.tm_year + 1900,
                               .month = parts.tm_mon + 1,
                               .day = parts.tm_mday,
                               .hour = parts.tm_hour,
                               .minute = parts.tm_min,
                               .second = parts.tm_sec,
                               .micros = micros,
                               .has_zone = true};
    if (!cq_moment_valid(&moment))
        return false;
    *ret_moment = moment;
    return true;
}
