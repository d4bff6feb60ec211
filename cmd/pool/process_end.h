/* What follows when a process of a pool ends. */
#ifndef CQ_CMD_POOL_PROCESS_END_H
#define CQ_CMD_POOL_PROCESS_END_H

#include "cmd/pool/positions.h"

/* A process was reaped; one that is not the pool's changes nothing. wait_status: as of waitpid. */
void cq_pool_reaped(struct cq_pool *pool, pid_t pid, int wait_status);

#endif
