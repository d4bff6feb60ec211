/* A horse of the native runtime: what a child of the stable does until it exits. */
#ifndef CQ_RUNTIME_NATIVE_HORSE_H
#define CQ_RUNTIME_NATIVE_HORSE_H

#include "base/attr.h"
#include "runtime/frame.h"
#include "runtime/module.h"
#include "runtime/native_stable.h"

/*
 * The child, set up by cq_horse_self_set_up: run what the socket brings, exit.
 *   modules  what the stable had loaded when it forked
 */
CQ_NORETURN void cq_native_horse_main(const struct cq_native_options *options, struct cq_modules *modules);

/* In the stable, once: what every horse would have to allocate for its environment. */
void cq_native_prepare(void);

/*
 * In a horse that waits for its first job: read a call and write an answer, for nothing. The pages that this
 * touches are then the horse's own, and their faults are not on the way of the job that comes.
 */
void cq_native_rehearse(const struct cq_native_options *options);

/*
 * Run the job of one frame and append the answer to out: a done, failed or retry frame. It cannot fail: what
 * goes wrong becomes the answer. fd        where meta and log frames go meanwhile learn_fd  where a module
 * that had to be loaded is reported, closed before the function runs; -1: nowhere The resident size is in the
 * answer when the frame says reuse.
 */
void cq_native_run(const struct cq_native_options *options, struct cq_modules *modules,
                   const struct cq_frame *frame, int fd, int *learn_fd, struct cq_buf *out);

/* The same for a `callback` frame: the answer is done or failed. */
void cq_native_call_back(const struct cq_native_options *options, struct cq_modules *modules,
                         const struct cq_frame *frame, int fd, int *learn_fd, struct cq_buf *out);

#endif
