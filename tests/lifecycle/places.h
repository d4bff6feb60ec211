/* Where a job is, and what a lost connection does to it. */
#ifndef CQ_TESTS_LIFECYCLE_PLACES_H
#define CQ_TESTS_LIFECYCLE_PLACES_H

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "job/id.h"
#include "job/job.h"
#include "job/keys.h"
#include "tests/lifecycle/scene.h"

/* In how many places of one queue a job is: its list, its intermediate list, rq:wip, the other registries. */
static CQ_UNUSED int job_places_in(const char *id, const char *queue)
{
    static const char *const registries[] = {"finished", "failed", "deferred", "scheduled", "canceled"};
    int places = 0;
    struct cq_key lists[] = {cq_key_queue(cq_str(queue)), cq_key_intermediate(cq_str(queue))};
    for (size_t i = 0; i < CQ_ARRAY_LEN(lists); i++) {
        struct cq_reply *found = redis_server_run(server, "LPOS", lists[i].text, id, "COUNT", "0", NULL);
        places += (int)cq_reply_len(found);
        cq_reply_free(found);
    }
    for (size_t i = 0; i < CQ_ARRAY_LEN(registries); i++)
        places += TEXT("ZSCORE", cq_key_registry(registries[i], cq_str(queue)).text, id).data != NULL;
    struct cq_reply *members = redis_server_run(server, "ZRANGE", cq_key_registry("wip", cq_str(queue)).text,
                                                "0", "-1", NULL);
    for (size_t i = 0; i < cq_reply_len(members); i++) {
        struct cq_str job, execution;
        cq_execution_split(cq_reply_str(cq_reply_at(members, i)), &job, &execution);
        places += cq_str_is(job, id);
    }
    cq_reply_free(members);
    return places;
}

static CQ_UNUSED int job_places(const char *id)
{
    return job_places_in(id, "default");
}

/* A long list: so many thousands of ids without a job, at its end. */
static CQ_UNUSED void put_thousands(const char *list, const char *count)
{
    static const char fill[] = "local ids = {} for i = 1, 1000 do ids[i] = 'x' end "
                               "for i = 1, ARGV[1] do redis.call('RPUSH', KEYS[1], unpack(ids)) end return 0";
    ck_assert_int_eq(INT("EVAL", fill, "1", list, count), 0);
}

/*
 * Send `call` over a connection that is cut: before it is complete (the server never sees a command), or
 * after the script ran (the answer is thrown away).
 */
static CQ_UNUSED void cut_call(bool after)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", server->socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    struct cq_str wire = cq_command_wire(&call);
    size_t len = after ? wire.len : wire.len - 3;
    ck_assert_int_eq(write(fd, wire.data, len), (ssize_t)len);
    shutdown(fd, SHUT_WR);
    char answer[4096];
    while (read(fd, answer, sizeof(answer)) > 0) /* until the server is done with us */
        ;
    close(fd);
}

#endif
