/*
 * The one table of exit statuses: the enum, the documentation in `cq help` and the man page, and what each
 * error code of the layers below means to a shell. docs/CLI.md lists the same numbers
 * (tests/cmd/test_commands.c compares).
 */
#ifndef CQ_CMD_EXIT_H
#define CQ_CMD_EXIT_H

#include "base/error.h"

#define CQ_EXIT_STATUSES(X)                                                                            \
    X(CQ_EXIT_OK, 0, "done")                                                                           \
    X(CQ_EXIT_FAILED, 1,                                                                               \
      "the request failed: no such job, a live worker has that name, the awaited job failed")          \
    X(CQ_EXIT_USAGE, 2, "the command line is wrong; nothing was done")                                 \
    X(CQ_EXIT_CONFIG, 3, "a config file, an environment variable or a URL is wrong; nothing was done") \
    X(CQ_EXIT_REDIS, 4, "Redis cannot be reached, or refuses")                                         \
    X(CQ_EXIT_PENDING, 5, "cq result: the job has not ended yet")                                      \
    X(CQ_EXIT_ABSENT, 6, "cq result: there is no such job, or no longer")                              \
    X(CQ_EXIT_INTERNAL, 70, "out of memory, or a fault in cq itself")                                  \
    X(CQ_EXIT_SYSTEM, 71, "a system call failed, or the output could not be written")

enum cq_exit {
#define CQ_EXIT_ENUM(name, status, text) name = status,
    CQ_EXIT_STATUSES(CQ_EXIT_ENUM)
#undef CQ_EXIT_ENUM
};

/* The status with which a command ends on this error. */
enum cq_exit cq_exit_of(enum cq_code code);

#endif
