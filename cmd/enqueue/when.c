#include "cmd/enqueue/when.h"

#include <string.h>

#include "base/number.h"
#include "base/zone.h"

enum { OFFSET_MAX_S = 24 * 3600 - 60, DAY_S = 24 * 3600 };

/* Take a number of least to most digits off the text. */
static bool take_number(const char **text, size_t least, size_t most, int *ret_number)
{
    size_t len = strspn(*text, "0123456789");
    int64_t number;
    if (len < least || len > most || !cq_number_int(cq_str_n(*text, len), 0, 9999, &number))
        return false;
    *text += len;
    *ret_number = (int)number;
    return true;
}

static bool take_char(const char **text, const char *any)
{
    if (!**text || !strchr(any, **text))
        return false;
    (*text)++;
    return true;
}

static bool take_date(const char **text, struct cq_civil *civil)
{
    return take_number(text, 4, 4, &civil->year) && take_char(text, "-") &&
           take_number(text, 1, 2, &civil->month) && take_char(text, "-") &&
           take_number(text, 1, 2, &civil->day);
}

/* A fraction is dropped: rq:scheduled has whole seconds. */
static bool take_clock(const char **text, struct cq_civil *civil)
{
    civil->second = 0;
    if (!take_number(text, 1, 2, &civil->hour) || !take_char(text, ":") ||
        !take_number(text, 2, 2, &civil->minute))
        return false;
    if (!take_char(text, ":"))
        return true;
    if (!take_number(text, 1, 2, &civil->second))
        return false;
    if (take_char(text, ".")) {
        size_t len = strspn(*text, "0123456789");
        *text += len;
        return len > 0;
    }
    return true;
}

/* +02:00, +0200, +02 */
static bool take_offset(const char **text, int *ret_offset_s)
{
    bool west = **text == '-';
    int hours, minutes = 0;
    (*text)++;
    size_t digits = strspn(*text, "0123456789");
    if (!take_number(text, 2, 4, &hours) || digits == 3)
        return false;
    if (digits == 4) {
        minutes = hours % 100;
        hours /= 100;
    } else if (take_char(text, ":") && !take_number(text, 2, 2, &minutes)) {
        return false;
    }
    int offset_s = hours * 3600 + minutes * 60;
    *ret_offset_s = west ? -offset_s : offset_s;
    return minutes < 60 && offset_s <= OFFSET_MAX_S;
}

/* What is behind the time: which zone, or how far east of Greenwich. */
struct when_zone {
    const char *zone; /* NULL: local */
    int offset_s;     /* to be taken off the zone's time */
};

static bool take_place(const char **text, struct when_zone *ret_place)
{
    *ret_place = (struct when_zone){NULL, 0};
    if (!**text)
        return true;
    if (**text == '+' || **text == '-') {
        ret_place->zone = "UTC";
        return take_offset(text, &ret_place->offset_s) && !**text;
    }
    if (take_char(text, "Zz")) {
        ret_place->zone = "UTC";
        return !**text;
    }
    if (!take_char(text, " "))
        return false;
    ret_place->zone = *text;
    return **text != '\0';
}

static cq_time instant(const struct when_zone *place, const struct cq_civil *civil)
{
    return cq_zone_instant(place->zone, civil) - place->offset_s * CQ_SECOND;
}

static enum cq_code no_time(const char *text, struct cq_error *err)
{
    return cq_error_set(err, CQ_ERR_USAGE,
                        "--schedule-at: '%.60s' is not a time; write 2026-11-21T10:00:00 or 10:00, with Z, "
                        "+02:00 or ' Europe/Berlin' "
                        "behind it where it is not local",
                        text);
}

/* The next time that clocks there show this: today, or tomorrow by the calendar. */
static cq_time next_instant(const struct when_zone *place, struct cq_civil civil, cq_time now)
{
    struct cq_civil today;
    for (int day = 0; day < 3; day++) {
        cq_zone_civil(place->zone, now + (place->offset_s + day * DAY_S) * CQ_SECOND, &today, NULL, NULL);
        civil.year = today.year;
        civil.month = today.month;
        civil.day = today.day;
        if (instant(place, &civil) > now)
            break;
    }
    return instant(place, &civil);
}

enum cq_code cq_when_parse(const char *text, cq_time now, cq_time *ret_when, struct cq_error *err)
{
    struct cq_civil civil = {.year = 2000, .month = 1, .day = 1};
    struct when_zone place;
    struct cq_error zone_err;
    const char *at = text;
    bool dated = take_date(&at, &civil);
    if (dated ? !take_char(&at, "Tt ") : false)
        return no_time(text, err);
    if (!dated) {
        at = text;
        civil = (struct cq_civil){.year = 2000, .month = 1, .day = 1};
    }
    if (!take_clock(&at, &civil) || !take_place(&at, &place) || !cq_civil_valid(&civil))
        return no_time(text, err);
    if (cq_zone_check(place.zone, &zone_err) != CQ_OK)
        return cq_error_set(err, CQ_ERR_USAGE, "--schedule-at: %s", zone_err.text);
    *ret_when = dated ? instant(&place, &civil) : next_instant(&place, civil, now);
    return CQ_OK;
}
