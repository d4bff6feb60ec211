#include "worker/runtimes/horse_table.h"

#include <signal.h>

#include "worker/runtimes/horse.h"

static size_t list_of(int64_t number)
{
    return (uint64_t)number & (CQ_HORSE_TABLE_LISTS - 1);
}

void cq_horse_table_add(struct cq_horse_table *table, struct cq_horse *horse)
{
    struct cq_horse **list = &table->lists[list_of(horse->number)];
    horse->table_next = *list;
    *list = horse;
    table->len++;
}

void cq_horse_table_remove(struct cq_horse_table *table, const struct cq_horse *horse)
{
    for (struct cq_horse **at = &table->lists[list_of(horse->number)]; *at; at = &(*at)->table_next) {
        if (*at == horse) {
            *at = horse->table_next;
            table->len--;
            return;
        }
    }
}

struct cq_horse *cq_horse_table_find(const struct cq_horse_table *table, int64_t number)
{
    struct cq_horse *horse = table->lists[list_of(number)];
    while (horse && horse->number != number)
        horse = horse->table_next;
    return horse;
}

/* One that is not at work comes first: what becomes of a job must find no dead horse to hand it to. */
static struct cq_horse *next_to_end(const struct cq_horse_table *table)
{
    struct cq_horse *working = NULL;
    for (size_t i = 0; i < CQ_HORSE_TABLE_LISTS; i++) {
        for (struct cq_horse *horse = table->lists[i]; horse; horse = horse->table_next) {
            if (horse->answers == horse->jobs)
                return horse;
            working = horse;
        }
    }
    return working;
}

void cq_horse_table_end(struct cq_horse_table *table)
{
    struct cq_horse *horse;
    while ((horse = next_to_end(table))) {
        cq_horse_kill(horse, SIGKILL);
        cq_horse_exited(horse, SIGKILL); /* takes it out of the table */
    }
}
