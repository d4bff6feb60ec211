/* The horses of one stable, by the numbers that it knows them by: all that were asked for and are not
 * reaped. */
#ifndef CQ_WORKER_RUNTIMES_TEAM_H
#define CQ_WORKER_RUNTIMES_TEAM_H

#include <stddef.h>
#include <stdint.h>

struct cq_horse;

enum { CQ_TEAM_LISTS = 64 }; /* a power of two */

struct cq_team {
    struct cq_horse *lists[CQ_TEAM_LISTS]; /* borrowed, linked by team_next */
    size_t len;
};

void cq_team_add(struct cq_team *team, struct cq_horse *horse);
void cq_team_remove(struct cq_team *team, const struct cq_horse *horse);
struct cq_horse *cq_team_find(const struct cq_team *team, int64_t number); /* NULL: none */

/* Their stable is dead, and so are they: say so to their riders. */
void cq_team_end(struct cq_team *team);

#endif
