/*
 * The children of a stable: its horses, and what their jobs left behind.
 *
 * A horse leads its own process group, which is killed before the horse is reaped, so that its number cannot
 * have become that of another process. What has left the group (setsid, a daemon) is re-parented to the
 * stable, a subreaper, when its horse dies: a child of the stable that is not a horse is a leftover and is
 * killed.
 */
#ifndef CQ_RUNTIME_STABLE_CHILDREN_H
#define CQ_RUNTIME_STABLE_CHILDREN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cq_children_horse {
    pid_t pid;
    int64_t number; /* the worker's */
};

struct cq_children {
    struct cq_children_horse *horses; /* owned; no order */
    size_t len;
    size_t cap;
    int list_fd;       /* /proc's list of our children; -1: this kernel has none */
    pid_t helper;      /* a child that is neither horse nor leftover; 0: none, or it was reaped */
    int helper_status; /* of the last one that was reaped, as of waitpid */
};

struct cq_horse_exit {
    pid_t pid;
    int64_t number;
    int status; /* as of waitpid */
    int64_t maxrss_kb;
    int64_t utime_us;
    int64_t stime_us;
};

void cq_children_init(struct cq_children *children);
void cq_children_release(struct cq_children *children);

void cq_children_add(struct cq_children *children, pid_t pid, int64_t number);

/* A child that works for the stable: left alone until it exits by itself, then reaped, its group and its
 * orphans killed. */
void cq_children_set_helper(struct cq_children *children, pid_t pid);

/* Kill and reap the helper, if it is there still. Returns its wait status in any case. */
int cq_children_end_helper(struct cq_children *children);

/* Reap all that has exited; tell of each horse, after everything of its job was sent SIGKILL. */
void cq_children_reap(struct cq_children *children,
                      void (*tell)(void *context, const struct cq_horse_exit *gone), void *context);

/* SIGKILL for all children and what they leave behind, until none is left. For the stable, which has one
 * thread. */
void cq_children_kill_all(struct cq_children *children);

/* The same in a horse, for the children of all its threads, as far as a second or two go. */
void cq_children_kill_of_horse(void);

#endif
