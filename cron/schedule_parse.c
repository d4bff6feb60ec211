#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "cron/schedule_parse.h"

enum { FIELDS_MAX = 6, FIELD_SIZE = 256, EVERY_MAX_S = 10 * 365 * 86400 };
enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, SECOND };

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                          "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

static const struct {
    const char *name;
    int low, high;
    const char *const *words; /* the first one stands for `low`; NULL: none */
} kinds[FIELDS_MAX] = {
    {"minute", 0, 59, NULL},
    {"hour", 0, 23, NULL},
    {"day of the month", 1, 31, NULL},
    {"month", 1, 12, month_names},
    {"day of the week", 0, 6, weekday_names},
    {"second", 0, 59, NULL},
};

/* What one field says. */
struct schedule_field {
    int kind;
    const char *text;
    enum cq_schedule_reading reading;
    uint64_t values;
    bool has_star; /* one of its items is `*` or `?` alone */
    bool last_day;
    uint32_t nearest;
    uint8_t nth[7];
};

static enum cq_code wrong(const struct schedule_field *field, const char *item, struct cq_error *err)
{
    static const char *const extra[] = {
        "", "", ", L or 15W", " or a name such as JAN", " or a name such as MON, MON#2 or L5", ""};
    return cq_error_set(
        err, CQ_ERR_CONFIG,
        "'%.40s' is not a valid %s: write %d to %d%s, a range a-b, a list a,b, or a step such as */5", item,
        kinds[field->kind].name, kinds[field->kind].low, field->kind == WEEKDAY ? 7 : kinds[field->kind].high,
        extra[field->kind]);
}

/* A number or a name at *at; moves past it. 7 is still 7 here. */
static bool read_value(const struct schedule_field *field, const char **at, int *ret_value)
{
    const char *const *words = kinds[field->kind].words;
    int value = 0, digits = 0;
    for (int i = 0; words && words[i]; i++) {
        if (strncasecmp(*at, words[i], 3) == 0 && !isalnum((unsigned char)(*at)[3])) {
            *at += 3;
            *ret_value = kinds[field->kind].low + i;
            return true;
        }
    }
    for (; isdigit((unsigned char)**at) && digits < 4; (*at)++, digits++)
        value = value * 10 + (**at - '0');
    *ret_value = value;
    return digits && value >= kinds[field->kind].low &&
           value <= kinds[field->kind].high + (field->kind == WEEKDAY);
}

static void add(struct schedule_field *field, int low, int high, int step, int nth)
{
    int least = kinds[field->kind].low, count = kinds[field->kind].high - least + 1;
    bool through_sunday = field->kind == WEEKDAY && low <= high; /* 5-7 */
    if (high < low)
        high += count; /* fri-mon, 22-4: on past the end */
    for (int at = low; at <= high; at += step) {
        int value = through_sunday ? at % 7 : least + (at - least) % count;
        if (nth)
            field->nth[value] |= (uint8_t)(1u << (nth == 6 ? 0 : nth));
        else
            field->values |= UINT64_C(1) << value;
    }
}

/* L, 15W, W15 in the days of the month, L5 in those of the week. */
static bool read_special(struct schedule_field *field, const char *item)
{
    int value;
    bool leading = *item && strchr("lLwW", *item);
    const char *at = item + leading;
    if (field->kind == DAY && strcasecmp(item, "l") == 0) {
        field->last_day = true;
        return true;
    }
    if (!read_value(field, &at, &value))
        return false;
    if (field->kind == DAY && !strchr(field->text, ',') &&
        (leading ? tolower((unsigned char)item[0]) == 'w' && !*at : strcasecmp(at, "w") == 0)) {
        field->nearest |= UINT32_C(1) << value;
        return true;
    }
    /* No name behind L: croniter refuses it, and with it RQ's monitoring all of our schedules. */
    if (field->kind == WEEKDAY && tolower((unsigned char)item[0]) == 'l' && isdigit((unsigned char)item[1]) &&
        !*at) {
        add(field, value, value, 1, 6);
        return true;
    }
    return false;
}

static enum cq_code read_item(struct schedule_field *field, const char *item, struct cq_error *err)
{
    const char *at = item;
    int low = kinds[field->kind].low, high = kinds[field->kind].high, step = 1, nth = 0;
    bool whole = *at == '*' || (*at == '?' && (field->kind == DAY || field->kind == WEEKDAY)), range = false;
    if ((field->kind == DAY || field->kind == WEEKDAY) && read_special(field, item))
        return CQ_OK;
    if (whole) {
        at++;
        field->has_star |= !*at;
        if (*item == '?' && strcmp(field->text, "?") !=
                                0) /* croniter refuses it in a list, and RQ's tools read our schedules */
            return wrong(field, item, err);
    } else {
        if (!read_value(field, &at, &low))
            return wrong(field, item, err);
        high = low;
        if (*at == '-') {
            at++;
            range = true;
            if (field->kind == DAY && strcasecmp(at, "l") == 0) {
                high = kinds[DAY].high;
                at++;
            } else if (!read_value(field, &at, &high)) {
                return wrong(field, item, err);
            }
        }
    }
    if (*at == '#' && field->kind == WEEKDAY && !whole && at[1] >= '1' && at[1] <= '5') {
        nth = at[1] - '0';
        at += 2;
    }
    if (*at == '/') {
        int64_t value;
        if (nth || !cq_number_int(cq_str(at + 1), 1, 999, &value))
            return wrong(field, item, err);
        step = (int)value;
        at += strlen(at);
        if (!whole && !range) { /* 10/5: from 10 on */
            low = low > kinds[field->kind].high ? 0 : low;
            high = kinds[field->kind].high;
        }
    }
    if (*at)
        return wrong(field, item, err);
    if (range && low == high && field->reading == CQ_SCHEDULE_RQ) { /* croniter's mon-mon is the whole week */
        low = kinds[field->kind].low;
        high = kinds[field->kind].high;
    }
    add(field, low, high, step, nth);
    return CQ_OK;
}

static enum cq_code read_field(struct schedule_field *field, struct cq_error *err)
{
    char copy[FIELD_SIZE];
    const char *at = field->text;
    for (;;) {
        size_t len = strcspn(at, ",");
        memcpy(copy, at, len);
        copy[len] = '\0';
        enum cq_code code = read_item(field, copy, err);
        if (code != CQ_OK || !at[len])
            return code;
        at += len + 1;
    }
}

/* Does the field leave the day to the other one? croniter also says so of a range that is everything, beside
 * another `*`. */
static bool leaves_the_day(const struct schedule_field *field, const struct schedule_field *other)
{
    uint64_t all = field->kind == DAY ? UINT64_C(0xfffffffe) : UINT64_C(0x7f);
    if (field->reading == CQ_SCHEDULE_CRONTAB)
        return field->text[0] == '*' || field->text[0] == '?';
    return field->has_star || (field->values == all && strchr(other->text, '*'));
}

static bool has_weekday(const struct schedule_field *field)
{
    for (int i = 0; i < 7; i++)
        if (field->nth[i])
            return true;
    return false;
}

static enum cq_code combine(const struct schedule_field fields[FIELDS_MAX], struct cq_str text,
                            struct cq_schedule *ret_schedule, struct cq_error *err)
{
    const struct schedule_field *day = &fields[DAY], *weekday = &fields[WEEKDAY];
    struct cq_schedule schedule = {
        .minutes = fields[MINUTE].values,
        .hours = (uint32_t)fields[HOUR].values,
        .days = (uint32_t)day->values,
        .months = (uint32_t)fields[MONTH].values,
        .weekdays = (uint8_t)weekday->values,
        .seconds = fields[SECOND].values,
        .last_day = day->last_day,
        .nearest = day->nearest,
        .by_the_clock = fields[MINUTE].text[0] == '*' || fields[HOUR].text[0] == '*',
    };
    memcpy(schedule.nth, weekday->nth, sizeof(schedule.nth));
    schedule.either_day = !leaves_the_day(day, weekday) && !leaves_the_day(weekday, day);
    if (weekday->values && has_weekday(weekday))
        return cq_error_set(
            err, CQ_ERR_CONFIG,
            "'%.60s': plain days of the week and ones like MON#2 cannot be in one list; write two lines",
            weekday->text);
    if (cq_schedule_next(&schedule, "UTC", INT64_C(946684800) * CQ_SECOND) == CQ_TIME_NEVER)
        return cq_error_set(err, CQ_ERR_CONFIG, "'%.*s' is never due: no such month has such a day",
                            (int)(text.len < 80 ? text.len : 80), text.data);
    *ret_schedule = schedule;
    return CQ_OK;
}

static enum cq_code read_every(struct cq_str text, struct cq_schedule *ret_schedule, struct cq_error *err)
{
    int64_t seconds;
    size_t at = strlen("@every");
    while (at < text.len && (text.data[at] == ' ' || text.data[at] == '\t'))
        at++;
    struct cq_str duration = cq_str_n(text.data + at, text.len - at);
    if (!cq_number_duration(duration, &seconds) || seconds < 1 || seconds > EVERY_MAX_S)
        return cq_error_set(
            err, CQ_ERR_CONFIG,
            "'%.*s' is not an interval: write @every and 1 second to 10 years, as 90s, 5m, 2h, 1d",
            (int)(text.len < 60 ? text.len : 60), text.data);
    *ret_schedule = (struct cq_schedule){.every_s = seconds};
    return CQ_OK;
}

static const struct {
    const char *name, *fields;
} nicknames[] = {
    {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"},
};

/* `*text` becomes the fields that a nickname stands for. */
static enum cq_code look_up(struct cq_str *text, struct cq_error *err)
{
    for (size_t i = 0; i < CQ_ARRAY_LEN(nicknames); i++) {
        if (text->len == strlen(nicknames[i].name) &&
            strncasecmp(text->data, nicknames[i].name, text->len) == 0) {
            *text = cq_str(nicknames[i].fields);
            return CQ_OK;
        }
    }
    return cq_error_set(err, CQ_ERR_CONFIG,
                        "'%.*s' is not a schedule: there are @hourly, @daily, @midnight, @weekly, @monthly, "
                        "@yearly, @annually and @every 90s",
                        (int)(text->len < 40 ? text->len : 40), text->data);
}

enum cq_code cq_schedule_parse(struct cq_str text, enum cq_schedule_reading reading,
                               struct cq_schedule *ret_schedule, struct cq_error *err)
{
    char words[FIELDS_MAX + 1][FIELD_SIZE];
    struct schedule_field fields[FIELDS_MAX] = {{.kind = 0}};
    int count = 0, most = reading == CQ_SCHEDULE_RQ ? 6 : 5;
    if (text.len >= 6 && strncasecmp(text.data, "@every", 6) == 0)
        return read_every(text, ret_schedule, err);
    if (text.len && text.data[0] == '@') {
        enum cq_code code = look_up(&text, err);
        if (code != CQ_OK)
            return code;
    }
    for (size_t at = 0; at < text.len && count <= FIELDS_MAX;) {
        size_t from = at;
        while (at < text.len && !isspace((unsigned char)text.data[at]))
            at++;
        if (at - from >= FIELD_SIZE || memchr(text.data + from, '\0', at - from))
            return cq_error_set(err, CQ_ERR_CONFIG, "a field of the schedule has more than %d letters",
                                FIELD_SIZE - 1);
        if (at > from) {
            memcpy(words[count], text.data + from, at - from);
            words[count++][at - from] = '\0';
        }
        at++;
    }
    if (count != 5 && count != most)
        return cq_error_set(
            err, CQ_ERR_CONFIG,
            "'%.*s' is not a schedule: write minute, hour, day of the month, month, day of the week%s",
            (int)(text.len < 60 ? text.len : 60), text.data, most == 6 ? ", and seconds if need be" : "");
    for (int i = 0; i < FIELDS_MAX; i++) {
        fields[i] = (struct schedule_field){
            .kind = i, .text = i < count ? words[i] : "0", .reading = reading};
        enum cq_code code = read_field(&fields[i], err);
        if (code != CQ_OK)
            return code;
    }
    return combine(fields, text, ret_schedule, err);
}
