#include "worker/runtimes/team.h"

#include <signal.h>

#include "worker/runtimes/horse.h"

static size_t list_of(int64_t number)
{
    return (uint64_t)number & (CQ_TEAM_LISTS - 1);
}

void cq_team_add(struct cq_team *team, struct cq_horse *horse)
{
    struct cq_horse **list = &team->lists[list_of(horse->number)];
    horse->team_next = *list;
    *list = horse;
    team->len++;
}

void cq_team_remove(struct cq_team *team, const struct cq_horse *horse)
{
    for (struct cq_horse **at = &team->lists[list_of(horse->number)]; *at; at = &(*at)->team_next) {
        if (*at == horse) {
            *at = horse->team_next;
            team->len--;
            return;
        }
    }
}

struct cq_horse *cq_team_find(const struct cq_team *team, int64_t number)
{
    struct cq_horse *horse = team->lists[list_of(number)];
    while (horse && horse->number != number)
        horse = horse->team_next;
    return horse;
}

/* One that is not at work comes first: what becomes of a job must find no dead horse to hand it to. */
static struct cq_horse *next_to_end(const struct cq_team *team)
{
    struct cq_horse *working = NULL;
    for (size_t i = 0; i < CQ_TEAM_LISTS; i++) {
        for (struct cq_horse *horse = team->lists[i]; horse; horse = horse->team_next) {
            if (horse->answered || !horse->jobs)
                return horse;
            working = horse;
        }
    }
    return working;
}

void cq_team_end(struct cq_team *team)
{
    struct cq_horse *horse;
    while ((horse = next_to_end(team))) {
        cq_horse_kill(horse, SIGKILL);
        cq_horse_exited(horse, SIGKILL); /* takes it out of the team */
    }
}
