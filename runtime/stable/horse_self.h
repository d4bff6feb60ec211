/*
 * What every horse is to its stable and its worker, in any runtime: its descriptors, signals and title,
 * frames that come and the answer that goes, and the end of what a job left behind. For single-threaded
 * children of a stable.
 */
#ifndef CQ_RUNTIME_STABLE_HORSE_SELF_H
#define CQ_RUNTIME_STABLE_HORSE_SELF_H

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/frame.h"
#include "runtime/stable/server.h"

/* What a horse may keep open beside its standard descriptors, its socket and CQ_STABLE_LEARN. */
enum cq_horse_self_keep {
    CQ_HORSE_KEEP_NOTHING, /* everything else is closed */
    /* what modules opened as they were loaded stays: a log file's number must not become a job's */
    CQ_HORSE_KEEP_FOREIGN,
};

/*
 * In the child, right after cq_stable_server_serve said CQ_STABLE_HORSE: a group of its own, dies with the
 * stable, signals as RQ's horses have them, descriptors, title `cq: horse NAME`. Exits with status 0 when the
 * stable is gone already.
 */
void cq_horse_self_set_up(const struct cq_stable_server *stable, const struct cq_fork_request *request,
                          enum cq_horse_self_keep keep);

/* The same for a child that tries something for the stable: no socket, the stable's own outputs. */
void cq_horse_self_set_up_probe(const struct cq_stable_server *stable);

/*
 * Block until in holds a whole frame. False: end of file, before any of it.
 * A broken frame, or end of file inside of one, ends the process with CQ_STABLE_EXIT_BROKEN after a line on
 * standard error.
 */
bool cq_horse_self_receive(struct cq_buf *in, struct cq_frame *ret_frame, size_t *ret_size);

/* The inode of a socket, 0 when fd is none: a job that closed it may have something else under its number
 * since. */
ino_t cq_horse_self_inode(int fd);

/* Flush C's streams and send an answer. Ends the process with CQ_STABLE_EXIT_ANSWER_LOST when the socket is
 * not its own. */
void cq_horse_self_answer(const struct cq_buf *answer, ino_t socket_inode);

/* Drop the first size bytes of a buffer, and its memory too when nothing is left in it and it is large. */
void cq_horse_self_drop(struct cq_buf *buf, size_t size);

/*
 * Between two jobs of a reused horse: end what the job started and left running, set signals as a new horse
 * has them, take the job's id from the title.
 */
void cq_horse_self_clean_up(void);

/* Resident size now, in KiB. Below an older peak it is what it was then, which costs a tenth. */
int64_t cq_horse_self_rss_kb(void);

/* Threads of this process, as the kernel counts them; 1 when it cannot be asked. */
int cq_horse_self_threads(void);

#endif
