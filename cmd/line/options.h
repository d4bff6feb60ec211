/*
 * Options: one declarative table per command, read by the parser, --help, shell completion and the man page.
 *
 * A row says how the option is written, what its value is and into which field of the command's own struct it
 * goes. Parsing is GNU style: --opt=value, --opt value, -abc, -nVALUE, options after positional arguments,
 * `--` ends options. A field whose option was not given keeps what cq_options_defaults wrote. Texts are
 * borrowed from argv.
 */
#ifndef CQ_CMD_OPTIONS_H
#define CQ_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"
#include "config/table.h"

#define CQ_OPTION_UNSET INT64_MIN /* of INT and DURATION fields without a default that were not given */

enum cq_option_kind {
    CQ_OPTION_END,       /* last row of a table */
    CQ_OPTION_HEADING,   /* starts a section of --help; only `help` is used */
    CQ_OPTION_FLAG,      /* bool; takes no value */
    CQ_OPTION_TEXT,      /* const char *, NULL when not given */
    CQ_OPTION_INT,       /* int64_t from min to max */
    CQ_OPTION_DURATION,  /* int64_t seconds from min to max, as 90, 90s, 5m, 2h, 1d */
    CQ_OPTION_NUMBER,    /* double above 0 and at most max; 0 when not given */
    CQ_OPTION_CHOICE,    /* int: the value's place in `words`; -1 when not given */
    CQ_OPTION_TEXTS,     /* struct cq_strv; may be repeated */
    CQ_OPTION_DURATIONS, /* struct cq_strv of such seconds, as digits; may be repeated */
    /* a setting: its row in config/ has spelling, type, bounds, default and help; kept in the set's `given`
     */
    CQ_OPTION_SETTING,
    CQ_OPTION_SETTINGS, /* all settings of a group, in the order of their table */
    CQ_OPTION_MISSING, /* an option of rq that this version does not have: refused, and not shown in --help */
};

struct cq_option {
    enum cq_option_kind kind;
    const char *name;       /* long, without dashes; NULL: short only */
    char letter;            /* short; 0: none */
    const char *alias;      /* another long name that RQ uses; NULL: none */
    const char *short_word; /* a name of several letters after one dash, as RQ's -ds; NULL: none */
    const char *argument;   /* how --help calls the value; NULL: takes none */
    size_t field;           /* offsetof in the command's struct; not of SETTING and MISSING */
    const char *key; /* SETTING: `worker.results_ttl`, `burst`; what the option does not say is the row's */
    const struct cq_setting *setting; /* SETTING, once cq_options_expand has looked it up */
    enum cq_setting_group group;      /* SETTINGS */
    const char *value;                /* SETTING without an argument: what the option sets it to */
    int64_t min, max;                 /* INT, DURATION, DURATIONS, NUMBER */
    const char *words;                /* CHOICE: `default|random|round_robin` */
    const char *otherwise;            /* CHOICE: what to do when it is to be none of these; NULL: nothing */
    const char *fallback;             /* the default as one would type it; NULL: none */
    const char
        *help; /* one sentence; MISSING: what to do instead, or NULL; SETTING: NULL for the setting's own */
};

enum { CQ_OPTIONS_MAX = 100 }; /* rows of an expanded table */

/* SETTING options that were on the command line, to be put on top of file and environment once those are
 * read. */
struct cq_options_given {
    struct cq_option_given {
        const struct cq_option *option;
        const char *value; /* borrowed from argv */
    } *items; /* owned: a setting once, the last value; NAMES and LIST as often as they are given */
    size_t len;
};
void cq_options_given_release(struct cq_options_given *given);

/*
 * Copy a command's table, with every setting of its SETTINGS rows, and SETTING rows filled from the settings.
 *   table     NULL: an empty one
 *   ret_rows  room for CQ_OPTIONS_MAX, the END row with them
 */
void cq_options_expand(const struct cq_option *table, struct cq_option *ret_rows);

/* A table and the struct that its rows point into. */
struct cq_option_set {
    const struct cq_option *options;
    void *target;
    struct cq_options_given *given; /* NULL: the table has no SETTING */
};

/* Fill every field: from `fallback`, else with the kind's "not given". */
void cq_options_defaults(const struct cq_option_set *set);
void cq_options_release(const struct cq_option_set *set); /* frees lists */

/*
 * Parse argv[0] ... argv[argc - 1], without program and command name.
 *   sets       looked through in order
 *   ret_args   room for argc pointers: the positional arguments, in order
 * Errors: CQ_ERR_USAGE names the option and what is wrong, with the nearest right one for an unknown option.
 */
CQ_MUST_CHECK enum cq_code cq_options_parse(const struct cq_option_set *sets, size_t set_count, int argc,
                                            char **argv, const char **ret_args, size_t *ret_count,
                                            struct cq_error *err);

/* Does the table name it itself? Then the row of a table that is looked through later does not count. */
bool cq_options_name(const struct cq_option *table, const struct cq_option *option);

/* How an option is written in a message: `--name`, or `-n` for one without a long name. Returns text. */
const char *cq_options_spelling(const struct cq_option *option, char *text, size_t size);

/*
 * Overwrite what is secret in a text when it is a URL: user and password before the last `@`, and the value
 * of `password=`. For the copies of arguments that `ps` shows.
 */
void cq_options_mask_url(char *url);

#endif
