/* The sections of the ini file whose keys the user names: [programs] and [runtime.NAME]. */
#ifndef CQ_CONFIG_SECTIONS_H
#define CQ_CONFIG_SECTIONS_H

#include "base/error.h"
#include "base/strv.h"

struct cq_settings;

/* One line of [programs]: the function name that jobs use, and the command as written. */
struct cq_settings_program {
    char *name;
    char *command;
};

/* One section [runtime.NAME]: a program that speaks the stable protocol (docs/RUNTIME.md). */
struct cq_settings_runtime {
    char *name;
    char *command;            /* always there; split into words as a [programs] command is */
    struct cq_strv functions; /* dotted prefixes of what it runs, one or more; the longest that fits counts */
    int line;                 /* of the file, of its first setting */
};

/* One line of such a section, as cq_settings_load finds it. */
struct cq_section_line {
    const char *file;
    int line;
    const char *key, *value;
};

/* `name = command` of [programs]. Errors: CQ_ERR_CONFIG, `FILE:LINE: ...`. */
CQ_MUST_CHECK enum cq_code cq_section_program(struct cq_settings *settings, const struct cq_section_line *at,
                                              struct cq_error *err);

/* `command = ...` or `functions = ...` of [runtime.NAME]. Errors: as above. */
CQ_MUST_CHECK enum cq_code cq_section_runtime(struct cq_settings *settings, const char *name,
                                              const struct cq_section_line *at, struct cq_error *err);

/* After the last line: every runtime has both, and no prefix leads to two of them. Errors: as above. */
CQ_MUST_CHECK enum cq_code cq_section_runtimes_check(const struct cq_settings *settings, const char *file,
                                                     struct cq_error *err);

#endif
