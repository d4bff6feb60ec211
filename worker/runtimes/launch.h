/* What a stable is started as: a program, its arguments, and what it inherits beside its socket. */
#ifndef CQ_WORKER_RUNTIMES_LAUNCH_H
#define CQ_WORKER_RUNTIMES_LAUNCH_H

#include <sys/types.h>

#include "base/error.h"
#include "base/strv.h"
#include "config/settings.h"
#include "redis/address.h"

enum { CQ_LAUNCH_EXTRA = 4 }; /* the descriptor that the extra one becomes */

struct cq_launch {
    char *file;          /* owned: path of the program */
    struct cq_strv argv; /* owned */
    int extra_fd;        /* owned: becomes descriptor 4; -1: none */
};

#define CQ_LAUNCH_INIT ((struct cq_launch){NULL, CQ_STRV_INIT, -1})

void cq_launch_release(struct cq_launch *launch);

/* cq itself, with what jobs may run. */
void cq_launch_native(struct cq_launch *launch, const struct cq_settings *settings);

/*
 * The interpreter, with the runtime's text and modules.
 *   fatal  names of modules that it is not to learn, each ended by a NUL byte
 * Errors: CQ_ERR_CONFIG names the interpreter; CQ_ERR_SYSTEM.
 */
CQ_MUST_CHECK enum cq_code cq_launch_python(struct cq_launch *launch, const struct cq_settings *settings,
                                            const struct cq_address *address, struct cq_str fatal,
                                            struct cq_error *err);

/* A [runtime.NAME] command. Errors: CQ_ERR_CONFIG names the runtime and what is wrong with its command. */
CQ_MUST_CHECK enum cq_code cq_launch_command(struct cq_launch *launch,
                                             const struct cq_settings_runtime *command, struct cq_error *err);

/*
 * The file that a program's name stands for: as execvp would look for it on PATH; with a slash in it, itself.
 * Errors: CQ_ERR_CONFIG: there is none, or it is not executable. *ret_file is the caller's to free.
 */
CQ_MUST_CHECK enum cq_code cq_launch_find(const char *name, char **ret_file, struct cq_error *err);

/*
 * Start it: a process group of its own, fresh signals, its socket as descriptor 3.
 *   ret_fd       our end of its socket, non-blocking, the caller's to close
 *   ret_exec_fd  non-blocking, the caller's to close: an int comes out of it, the errno, when the exec failed
 * Errors: CQ_ERR_SYSTEM.
 */
CQ_MUST_CHECK enum cq_code cq_launch_spawn(const struct cq_launch *launch, pid_t *ret_pid, int *ret_fd,
                                           int *ret_exec_fd, struct cq_error *err);

#endif
