/* cq worker-pool --resize: have a pool that runs change its size. */
#ifndef CQ_CMD_POOL_RESIZE_H
#define CQ_CMD_POOL_RESIZE_H

#include "cmd/line/session.h"

/*
 * Tell a pool to have so many workers. The argument of the run, if there is one, names the pool.
 *   workers  1 to CQ_SLOTS_MAX
 */
enum cq_exit cq_pool_resize_command(const struct cq_run *run, int workers);

#endif
