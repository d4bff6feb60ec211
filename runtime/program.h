/*
 * Programs as job functions: the [programs] section maps a function's name to a command. A command never
 * comes out of a job, and no shell is between.
 *
 * The command is split into words at blanks; '...' and "..." keep blanks, a backslash (not inside '...')
 * takes the next character as it is. In a word stand for the call's arguments: {0} {1} ...  a positional
 * argument       {key}   a keyword argument {args}       all positional arguments, one word each (alone in
 * its word) {json}       the whole call: {"args": [...], "kwargs": {...}}
 *     {{ and }}    a brace
 * A str goes in as it is, anything else as JSON. A command without any of these gets the call's JSON on
 * standard input; else standard input is /dev/null. A text that begins with `-` is an option to most
 * programs: write -- before placeholders where the program knows it.
 */
#ifndef CQ_RUNTIME_PROGRAM_H
#define CQ_RUNTIME_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"

enum {
    CQ_PROGRAM_OUTPUT_MAX = 16 * 1024 *
                            1024, /* bytes of standard output; a program that writes more is killed */
    CQ_PROGRAM_ARGV_MAX = 4096,   /* words after the placeholders are filled in */
    CQ_PROGRAM_STDERR_LINES = 20, /* last lines of standard error in a failure text */
};

struct cq_program_entry {
    char *name;           /* owned: the function name that jobs use */
    struct cq_strv words; /* of the command, quotes resolved, placeholders as they are */
    bool uses_arguments;  /* a placeholder is in it: nothing on standard input */
};

struct cq_programs {
    struct cq_program_entry *items; /* owned */
    size_t len;
};

#define CQ_PROGRAMS_INIT ((struct cq_programs){NULL, 0})

/* Append the words of a command, quotes resolved, braces as in placeholders. False: a quote is not closed. */
CQ_MUST_CHECK bool cq_program_split(const char *command, struct cq_strv *words);

void cq_programs_release(struct cq_programs *programs);

/*
 * Add a program, replacing one of the same name.
 * Errors: CQ_ERR_CONFIG, naming the program: no command, an open quote, an unknown or unclosed placeholder.
 */
CQ_MUST_CHECK enum cq_code cq_programs_add(struct cq_programs *programs, const char *name,
                                           const char *command, struct cq_error *err);

const struct cq_program_entry *cq_programs_find(const struct cq_programs *programs,
                                                struct cq_str name); /* NULL: none */

struct cq_context;

/*
 * The words with the placeholders filled in.
 *   argv  appended to
 * Returns CQ_DONE, or CQ_FAILED with the job's failure text set: no such argument, an argument that is not
 * text.
 */
int cq_program_expand(const struct cq_program_entry *program, struct cq_context *job, struct cq_strv *argv);

/* The call as JSON, what {json} and standard input give. CQ_FAILED: with the job's failure text. */
int cq_program_call_json(struct cq_context *job, struct cq_buf *out);

/*
 * Run the program for a job: standard output becomes the result (as JSON when it is JSON, else as text
 * without its last newline). Returns CQ_DONE, or CQ_FAILED with the job's failure text set. Blocks; the child
 * dies with the horse.
 */
int cq_program_run(const struct cq_program_entry *program, struct cq_context *job);

#endif
