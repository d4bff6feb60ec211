/*
 * The table of settings. A row, in settings_*.def, is
 *
 *     CQ_SETTING(section, C type of the field, field, type without CQ_SETTING_, members of struct cq_setting
 * ...)
 *
 * The rows make the fields of struct cq_settings and this table, through which everything goes that knows a
 * setting by name, reads, checks, shows or documents it.
 */
#ifndef CQ_CONFIG_TABLE_H
#define CQ_CONFIG_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

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

/* The headings of --help under which options of settings are listed. */
enum cq_setting_group {
    CQ_GROUP_NONE,
    CQ_GROUP_RUN,
    CQ_GROUP_WORKER,
    CQ_GROUP_POOL,
    CQ_GROUP_HORSES,
    CQ_GROUP_PYTHON,
    CQ_GROUP_LOG
};

/* How a setting is written on the command line. */
struct cq_setting_option {
    enum cq_setting_group group; /* commands list all options of a group; NONE: they name them one by one */
    const char *name;            /* long, without dashes; NULL: it has no option */
    char letter;                 /* short; 0: none */
    const char *alias;           /* another long name that RQ uses; NULL: none */
    const char *short_word;      /* several letters after one dash, as RQ's -ds; NULL: none */
    const char *argument;        /* what --help calls the value; NULL: takes none */
    const char *value;           /* without an argument: what the option sets it to */
};

struct cq_setting {
    const char *section; /* of the ini file: redis, worker; NULL: of the command line alone */
    const char *key;
    const char *env[2]; /* environment variables, the first one that is set counts; NULL: none */
    enum cq_setting_type type;
    size_t offset, size; /* of the field in struct cq_settings */
    int64_t min, max;    /* INT, SECONDS, SIZE; TIMEOUT in milliseconds; NAMES: min parts of a name */
    const char *initial; /* the default, as it would be written; NULL: none, 0 or false */
    const struct cq_setting_choice *choices;
    struct cq_setting_option option;
    const char *help; /* one sentence, the unit in it: what the option does, when it has one */
};

/* All settings, in the order of config.example.ini. */
const struct cq_setting *cq_settings_table(size_t *ret_count);

/* The setting of `worker.results_ttl`, or `burst` for one of the command line alone; NULL: there is none. */
const struct cq_setting *cq_setting_named(const char *name);

/* The setting of a section and key of the ini file; NULL: there is none. */
const struct cq_setting *cq_setting_find(struct cq_str section, struct cq_str key);

#endif
