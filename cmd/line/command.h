/*
 * A command of the command line: its syntax (what the parser, --help, completion and the man page need) and
 * its function.
 *
 * The table cq_commands[] in cmd/commands.c names them all. A file of the command's folder defines both
 * halves: cmd/cron/, cmd/enqueue/, cmd/job/, cmd/pool/, cmd/queue/ or cmd/worker/, by its subject, or
 * cmd/line/.
 */
#ifndef CQ_CMD_COMMAND_H
#define CQ_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/line/exit.h"
#include "cmd/line/options.h"

/* Options that every command takes, as rq's shared options. */
struct cq_shared {
    const char *config;   /* path of the ini file; NULL: CQ_CONFIG, RQ_CONFIG or none */
    struct cq_strv paths; /* -P */
    bool help;
};

struct cq_syntax {
    const char *arguments; /* as in the usage line: `FUNCTION [ARGUMENTS]...`; "" when there are none */
    const char *first;     /* the argument that must be there: `FUNCTION`; NULL: none must */
    size_t max_args;       /* most positional arguments */
    size_t options_size;   /* of the struct that `options` fills; 0: none */
    const struct cq_option *options; /* NULL: only the shared ones */
    /* another command's, into the same struct: those that options does not name itself; may be NULL */
    const struct cq_option *inherited;
    bool local; /* talks to no Redis: takes no shared options but --help */
    const char *const
        *notes; /* paragraphs under the options in --help and the man page, NULL-terminated; may be NULL */
};

/* One command being run. Everything is borrowed for the time of the call. */
struct cq_run {
    const char *name;
    const struct cq_shared *shared;
    const void *options;                  /* the command's own struct, filled */
    const struct cq_options_given *given; /* settings on the command line */
    const char **args;                    /* positional arguments */
    size_t arg_count;
};

/* A command's function prints its own complaints and answers and returns the exit status; it never exits. */
typedef enum cq_exit cq_command_fn(const struct cq_run *run);

struct cq_cmd {
    const char *name;
    cq_command_fn *run;
    const char *summary;
    const char *group; /* heading in `cq help` */
    const struct cq_syntax *syntax;
};

/* The table, its end marked by a NULL name, and the options that all commands share, or all that are
 * local. */
extern const struct cq_cmd cq_commands[];
extern const struct cq_option cq_shared_options[], cq_local_options[];

/* A word of rq that is not a command here, and what to add to the complaint about it. The end is marked by a
 * NULL name. */
struct cq_cmd_missing {
    const char *name;
    const char *instead; /* "; ..." or "" */
};
extern const struct cq_cmd_missing cq_commands_missing[];

/* The commands themselves. */
#define CQ_DECLARE_COMMAND(word)       \
    cq_command_fn cq_##word##_command; \
    extern const struct cq_syntax cq_##word##_syntax
CQ_DECLARE_COMMAND(worker);
CQ_DECLARE_COMMAND(worker_pool);
CQ_DECLARE_COMMAND(enqueue);
CQ_DECLARE_COMMAND(cron);
CQ_DECLARE_COMMAND(info);
CQ_DECLARE_COMMAND(requeue);
CQ_DECLARE_COMMAND(cancel);
CQ_DECLARE_COMMAND(stop);
CQ_DECLARE_COMMAND(delete);
CQ_DECLARE_COMMAND(empty);
CQ_DECLARE_COMMAND(suspend);
CQ_DECLARE_COMMAND(resume);
CQ_DECLARE_COMMAND(limit);
CQ_DECLARE_COMMAND(reload);
CQ_DECLARE_COMMAND(result);
CQ_DECLARE_COMMAND(group);
CQ_DECLARE_COMMAND(help);
CQ_DECLARE_COMMAND(version);
#undef CQ_DECLARE_COMMAND

#endif
