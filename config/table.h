/*
 * The table of settings: of each its place in the ini file, its environment variables, type, bounds, default
 * and meaning. Everything that knows a setting by name, reads, checks or documents it goes through this
 * table.
 */
#ifndef CQ_CONFIG_TABLE_H
#define CQ_CONFIG_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"

struct cq_settings;

enum cq_setting_type {
    CQ_SETTING_TEXT,   /* char *; NULL: none */
    CQ_SETTING_SECRET, /* char *, wiped on release, never shown */
    CQ_SETTING_URL,    /* the same, and cq_address_parse takes it */
    /* int or int64_t between min and max, which must fit into the field */
    CQ_SETTING_INT,
    CQ_SETTING_SECONDS, /* `90`, `90s`, `5m`, `2h`, `1d` */
    CQ_SETTING_SIZE,    /* KiB; `512M`, `2G`, `64K`; a number alone is KiB */
    CQ_SETTING_TIMEOUT, /* milliseconds; written in seconds, also with a fraction */
    CQ_SETTING_BOOL,    /* bool; true yes on 1 y t, false no off 0 n f, in either case */
    CQ_SETTING_CHOICE,  /* an enum: the value of one of the choices */
    CQ_SETTING_LEVEL,   /* enum cq_log_level, by Python's names or numbers */
    CQ_SETTING_LIST,    /* struct cq_strv, never empty; written with commas between the items */
    CQ_SETTING_NAMES,   /* struct cq_strv of dotted names, may be empty; written with commas between them */
    CQ_SETTING_CLASS,   /* char *: the dotted name of a Python class; NULL: none */
    CQ_SETTING_SERIALIZER,  /* struct cq_serializer_setting: pickle, json, msgpack or a dotted name */
    CQ_SETTING_INTERPRETER, /* char *; `none` is NULL */
};

/* Where a setting's value came from; a higher one replaces a lower one. */
enum cq_setting_source { CQ_FROM_DEFAULT, CQ_FROM_FILE, CQ_FROM_ENVIRONMENT, CQ_FROM_COMMAND_LINE };

struct cq_setting_choice {
    const char *name; /* NULL ends the list */
    int value;
};

struct cq_setting {
    const char *section; /* of the ini file: redis, worker */
    const char *key;
    const char *env[2]; /* environment variables, the first one that is set counts; NULL: none */
    enum cq_setting_type type;
    size_t offset, size; /* of the field in struct cq_settings */
    int64_t min, max;    /* INT, SECONDS; TIMEOUT in milliseconds; NAMES: min parts of a name */
    const char *initial; /* the default, as it would be written; "" for none */
    const struct cq_setting_choice *choices;
    const char *help; /* one line for humans, the unit in it */
};

enum { CQ_SETTINGS_MAX = 96 }; /* of the table; the build fails when it grows above */

/* All settings, in the order of config.example.ini. */
const struct cq_setting *cq_settings_table(size_t *ret_count);

/* The setting of a section and key; NULL: there is none. */
const struct cq_setting *cq_setting_find(struct cq_str section, struct cq_str key);

/*
 * Check value and put it into the setting's field of settings.
 *   where  starts the message
 * Errors: CQ_ERR_CONFIG; the field is untouched then.
 */
CQ_MUST_CHECK enum cq_code cq_setting_store(const struct cq_setting *setting, struct cq_settings *settings,
                                            const char *value, const char *where, struct cq_error *err);

/*
 * Dotted names with commas between them, as a setting of type NAMES is written; "" is none.
 *   parts  of each name, at least
 * Errors: CQ_ERR_CONFIG for an empty item or one that is not a dotted name; *ret_names is untouched then, and
 * else the caller's.
 */
CQ_MUST_CHECK enum cq_code cq_setting_names(const char *value, int parts, const char *where,
                                            struct cq_strv *ret_names, struct cq_error *err);

/* Free what the field owns; secrets are wiped. */
void cq_setting_release(const struct cq_setting *setting, struct cq_settings *settings);

#endif
