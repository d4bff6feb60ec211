#include "lifecycle/schedule/scheduler.h"

#include <stdio.h>

#include <uuid/uuid.h>

#include "job/keys.h"

void cq_scheduler_name_generate(pid_t pid, char ret_name[CQ_SCHEDULER_NAME_SIZE])
{
    uuid_t random;
    uint64_t number = 0;
    uuid_generate_random(random);
    for (size_t i = 9; i < sizeof(random); i++) /* the bytes behind those that tell the version */
        number = number << 8 | random[i];
    unsigned long long digits = 100000000000ull + number % 800000000000ull;
    snprintf(ret_name, CQ_SCHEDULER_NAME_SIZE, "%012llu%07u", digits % 1000000000000ull,
             (unsigned)pid % 10000000u);
}

void cq_scheduler_put_locks(const struct cq_scheduler_identity *id, struct cq_command *command)
{
    for (size_t i = 0; i < id->queue_count; i++)
        cq_key_arg(command, cq_key_scheduler_lock(id->queues[i]));
}
