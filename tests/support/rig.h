/*
 * What the runtime's tests share: sockets with frames, job frames, and waiting for what should come, with a
 * generous end. A test's executable exports the functions of cq.h, as cq does.
 */
#ifndef CQ_TESTS_RIG_H
#define CQ_TESTS_RIG_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/frame.h"
#include "runtime/native_stable.h"
#include "tests/support/wait.h"

enum { LINK_MAX = 513 * 1024 * 1024 + 4 };

/* One end of a socket and what came in through it. */
struct link {
    int fd;
    struct cq_buf in;
    size_t taken; /* bytes of the frame given last, dropped at the next call */
};

const char *build_folder(const char *below);

const char *module_folder(void);

/* The next frame, or false at end of file. */
bool next_frame(struct link *link, struct cq_frame *ret_frame);

/* The next frame has to be of this type. */
struct cq_frame expect(struct link *link, const char *type);

int64_t int_of(const struct cq_frame *frame, const char *key);

void ck_contains(struct cq_str text, const char *part);

void ck_text(struct cq_str text, const char *want);

void send_bytes(int fd, const struct cq_buf *bytes, const int *fds, int fd_count);

void send_plain(int fd, const char *type);

void end_link(struct link *link);

struct job_text {
    const char *call;         /* `data`: JSON of (function, None, args, kwargs); NULL: no such field */
    size_t call_len;          /* 0: up to its NUL */
    const char *meta;         /* NULL: none */
    const char *retries_left; /* NULL: none */
    bool reuse;
};

void write_job(struct cq_buf *out, const struct job_text *job);

#endif
