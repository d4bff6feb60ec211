/*
 * Python's datetime module as plain data: between the bytes and numbers that its pickles hold and the text of
 * its repr, which is what a DATETIME value keeps. Time zones: none, or a fixed offset without a name.
 */
#ifndef CQ_SERIALIZERS_DATETIME_H
#define CQ_SERIALIZERS_DATETIME_H

#include "base/arena.h"
#include "serializers/value.h"

enum cq_moment_type {
    CQ_MOMENT_DATETIME,
    CQ_MOMENT_DATE,
    CQ_MOMENT_TIME,
    CQ_MOMENT_TIMEDELTA,
    CQ_MOMENT_TIMEZONE
};

/* Normalised as Python does: only days is ever negative. */
struct cq_moment_delta {
    int64_t days;    /* within 999999999 of 0 */
    int64_t seconds; /* 0 to 86399 */
    int64_t micros;  /* 0 to 999999 */
};

struct cq_moment {
    enum cq_moment_type type;
    int64_t year, month, day;             /* DATETIME, DATE */
    int64_t hour, minute, second, micros; /* DATETIME, TIME */
    int64_t fold;                         /* 0 or 1 */
    bool has_zone;                        /* DATETIME, TIME: delta is the zone's offset */
    struct cq_moment_delta delta;         /* TIMEDELTA itself; a zone's offset, within a day */
};

/* Does every field lie in the range that Python's constructors accept? */
bool cq_moment_valid(const struct cq_moment *moment);

/* The DATETIME value of a valid moment. */
struct cq_value cq_moment_value(const struct cq_moment *moment, struct cq_arena *arena);

/* Read such a text. False: not one that cq_moment_value writes. */
bool cq_moment_parse(struct cq_str text, struct cq_moment *ret_moment);

/* From pickle's state: 10 bytes of a datetime, 4 of a date, 6 of a time. False: wrong length or not valid. */
bool cq_moment_from_state(enum cq_moment_type type, struct cq_str state, struct cq_moment *ret_moment);

/* To it. Returns the number of bytes. */
size_t cq_moment_to_state(const struct cq_moment *moment, unsigned char ret_state[10]);

/* Seconds since 1970 of a DATETIME's fields, its zone left out; and the fields of such a time, in the zone
 * UTC. */
int64_t cq_moment_seconds(const struct cq_moment *moment);
bool cq_moment_from_seconds(int64_t seconds, int64_t micros, struct cq_moment *ret_moment);

#endif
