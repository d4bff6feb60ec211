/* The horses of one stable, by the numbers that it knows them by: all that were asked for and are not
 * reaped. */
#ifndef CQ_WORKER_RUNTIMES_HORSE_TABLE_H
#define CQ_WORKER_RUNTIMES_HORSE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct cq_horse;

enum { CQ_HORSE_TABLE_LISTS = 64 }; /* a power of two */

struct cq_horse_table {
    struct cq_horse *lists[CQ_HORSE_TABLE_LISTS]; /* borrowed, linked by table_next */
    size_t len;
};

void cq_horse_table_add(struct cq_horse_table *table, struct cq_horse *horse);
void cq_horse_table_remove(struct cq_horse_table *table, const struct cq_horse *horse);
struct cq_horse *cq_horse_table_find(const struct cq_horse_table *table, int64_t number); /* NULL: none */

/* Their stable is dead, and so are they: tell those they ran for. */
void cq_horse_table_end(struct cq_horse_table *table);

#endif
