#include "base/zone.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum { DAY_S = 86400, PATH_SIZE = 512 };

static bool is_local(const char *zone)
{
    return !zone || !*zone;
}

/* Letters, digits and `_ + - /`: no path that leaves the database. `right/` counts leap seconds, which our
 * times do not. */
static bool is_name(const char *zone)
{
    size_t len = strlen(zone);
    if (len > CQ_ZONE_NAME_MAX || zone[0] == '/' || strncmp(zone, "right/", 6) == 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)zone[i]) && !strchr("_+-/", zone[i]))
            return false;
    return true;
}

/* Needs no database, and no change of the process' zone. */
static bool is_utc(const char *zone)
{
    return zone && strcmp(zone, "UTC") == 0;
}

static bool has_file(const char *zone)
{
    const char *folder = getenv("TZDIR");
    char path[PATH_SIZE], magic[4];
    int len = snprintf(path, sizeof(path), "%s/%s", folder && *folder ? folder : "/usr/share/zoneinfo", zone);
    int fd = len < (int)sizeof(path) ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    bool good = fd >= 0 && read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
                memcmp(magic, "TZif", sizeof(magic)) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

/* There is no file for it. `what` is how the line begins, `wrong` what to say of it where other zones are
 * known. */
static enum cq_code set_unknown(struct cq_error *err, const char *what, const char *zone, const char *wrong)
{
    if (!has_file("Europe/London"))
        return cq_error_set(
            err, CQ_ERR_CONFIG,
            "%s'%.100s'%s cannot be looked up: this machine has no time zone database (Debian: apt-get "
            "install tzdata)",
            what, zone, *what ? ", which" : "");
    return cq_error_set(err, CQ_ERR_CONFIG, "%s'%.100s'%s; give a name such as Europe/Berlin, or UTC", what,
                        zone, wrong);
}

/* The C library takes what it does not know for UTC, in silence. Other forms (`CET-1CEST`, a path) are left
 * to it. */
static enum cq_code check_local(struct cq_error *err)
{
    const char *name = getenv("TZ");
    if (name && *name == ':')
        name++;
    if (!name || !strchr(name, '/') || !is_name(name) || has_file(name))
        return CQ_OK;
    return set_unknown(err, "TZ in the environment is ", name, ", which is not a time zone here");
}

enum cq_code cq_zone_check(const char *zone, struct cq_error *err)
{
    if (is_local(zone))
        return check_local(err);
    if (is_utc(zone) || (is_name(zone) && has_file(zone)))
        return CQ_OK;
    return set_unknown(err, "", zone, " is not a time zone");
}

/* The C library's zone is ours between enter and leave. */
static char *enter(const char *zone)
{
    char *before = NULL;
    if (!is_local(zone)) {
        char name[CQ_ZONE_NAME_MAX + 2];
        before = cq_strdup(getenv("TZ"));
        snprintf(name, sizeof(name), ":%.*s", CQ_ZONE_NAME_MAX, zone);
        setenv("TZ", name, 1);
    }
    tzset();
    return before;
}

static void leave(const char *zone, char *before)
{
    if (is_local(zone))
        return;
    if (before)
        setenv("TZ", before, 1);
    else
        unsetenv("TZ");
    tzset();
    free(before);
}

static int offset_at(time_t when)
{
    struct tm parts;
    return localtime_r(&when, &parts) ? (int)parts.tm_gmtoff : 0;
}

cq_time cq_zone_instant(const char *zone, const struct cq_civil *civil)
{
    struct tm parts = {.tm_year = civil->year - 1900,
                       .tm_mon = civil->month - 1,
                       .tm_mday = civil->day,
                       .tm_hour = civil->hour,
                       .tm_min = civil->minute,
                       .tm_sec = civil->second};
    time_t wall = timegm(&parts);
    if (is_utc(zone))
        return (cq_time)wall * CQ_SECOND;
    char *before = enter(zone);
    /* No zone is a day away from Greenwich: these are the offsets on the two sides of any change that
     * matters. */
    int early = offset_at(wall - DAY_S), late = offset_at(wall + DAY_S);
    time_t when = wall -
                  early; /* also right in a gap: the old offset gives the time that is later by the gap */
    if (offset_at(when) != early && offset_at(wall - late) == late)
        when = wall - late;
    leave(zone, before);
    return (cq_time)when * CQ_SECOND;
}

void cq_zone_civil(const char *zone, cq_time when, struct cq_civil *ret_civil, int *ret_offset_s,
                   int *ret_weekday)
{
    time_t seconds = (time_t)cq_time_seconds(when);
    struct tm parts;
    char *before = is_utc(zone) ? NULL : enter(zone);
    if (!(is_utc(zone) ? gmtime_r(&seconds, &parts) : localtime_r(&seconds, &parts))) {
        seconds = 0; /* a year that does not fit into an int */
        gmtime_r(&seconds, &parts);
    }
    if (!is_utc(zone))
        leave(zone, before);
    *ret_civil = (struct cq_civil){parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                                   parts.tm_hour,        parts.tm_min,     parts.tm_sec};
    if (ret_offset_s)
        *ret_offset_s = (int)parts.tm_gmtoff;
    if (ret_weekday)
        *ret_weekday = parts.tm_wday;
}

bool cq_civil_valid(const struct cq_civil *civil)
{
    if (civil->year < 1 || civil->year > 9999 || civil->month < 1 || civil->month > 12 || civil->day < 1 ||
        civil->day > 31 || civil->hour < 0 || civil->hour > 23 || civil->minute < 0 || civil->minute > 59 ||
        civil->second < 0 || civil->second > 59)
        return false;
    struct tm parts = {.tm_year = civil->year - 1900, .tm_mon = civil->month - 1, .tm_mday = civil->day};
    timegm(&parts);
    return parts.tm_mday == civil->day; /* 30 February becomes 2 March */
}
