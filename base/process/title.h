/*
 * The process title: what `ps` and `top` show of a process. The arguments (and with them any password) are
 * written over, which needs the memory that the kernel laid them out in.
 */
#ifndef CQ_BASE_PROCESS_TITLE_H
#define CQ_BASE_PROCESS_TITLE_H

#include "base/attr.h"
#include "base/str.h"

/*
 * Take over the memory of argv and of the environment; the environment is moved away first. Call it once,
 * first thing in main(), with main()'s own argv (another one is left alone). argv's texts are copied and
 * argv[i] point to the copies afterwards, so that they stay readable. A forked child keeps the title area of
 * its parent.
 */
void cq_title_init(int argc, char **argv);

/*
 * The same in a process whose main() is somebody else's, such as an interpreter that has loaded us: the
 * kernel says where the arguments are. They are not copied: a later reader finds the title. The
 * environment stays as it is.
 */
void cq_title_adopt(void);

/* Show this title, cut to the room there is. Before one of these two only the 15 bytes of the thread's name
 * are set. */
void cq_title_set(const char *format, ...) CQ_PRINTF(1, 2);
void cq_title_put(
    const char *title); /* the same, as it is: a forked child has printf's pages still to fault in */

/* Show `: detail` after the title, in place of the detail before; none takes it away. Cheap enough for every
 * job. */
void cq_title_detail(struct cq_str detail);

#endif
