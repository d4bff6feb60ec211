#include "tests/support/fake_redis.h"

#include <arpa/inet.h>
#include <check.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

const char *fake_redis_healthy(const char *first, const char *second)
{
    if (strcasecmp(first, "INFO") == 0)
        return strcmp(second, "server") == 0 ? "$21\r\nredis_version:7.0.15\n\r\n"
                                             : "$17\r\ncluster_enabled:0\r\n";
    if (strcasecmp(first, "PING") == 0)
        return "+PONG\r\n";
    if (strcasecmp(first, "CLIENT") == 0 && strcasecmp(second, "INFO") == 0)
        return "$26\r\nid=3 addr=10.1.2.3:4567 x=y\r\n";
    return "+OK\r\n";
}

static const char *word(const redisReply *command, size_t index)
{
    return command->type == REDIS_REPLY_ARRAY && index < command->elements ? command->element[index]->str
                                                                           : "";
}

static void serve(struct fake_redis *fake, int fd)
{
    redisReader *reader = redisReaderCreate();
    char bytes[4096];
    ssize_t n;
    while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
        redisReply *command;
        redisReaderFeed(reader, bytes, (size_t)n);
        while (redisReaderGetReply(reader, (void **)&command) == REDIS_OK && command) {
            const char *answer = fake->answer(word(command, 0), word(command, 1));
            freeReplyObject(command);
            if (answer && send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
                break;
        }
    }
    redisReaderFree(reader);
    close(fd);
}

static void *run(void *arg)
{
    struct fake_redis *fake = arg;
    int fd;
    while ((fd = accept(fake->listener, NULL, NULL)) >= 0)
        serve(fake, fd);
    return NULL;
}

struct fake_redis *fake_redis_start(fake_redis_fn *answer)
{
    struct fake_redis *fake = cq_calloc(1, sizeof(*fake));
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(in);
    fake->answer = answer;
    fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert(bind(fake->listener, (struct sockaddr *)&in, size) == 0 && listen(fake->listener, 16) == 0);
    ck_assert(getsockname(fake->listener, (struct sockaddr *)&in, &size) == 0);
    fake->port = ntohs(in.sin_port);
    cq_address_init(&fake->address);
    free(fake->address.host);
    fake->address.host = cq_strdup("127.0.0.1");
    fake->address.port = fake->port;
    ck_assert(pthread_create(&fake->thread, NULL, run, fake) == 0);
    return fake;
}

void fake_redis_stop(struct fake_redis *fake)
{
    shutdown(fake->listener, SHUT_RDWR);
    pthread_join(fake->thread, NULL);
    close(fake->listener);
    cq_address_release(&fake->address);
    free(fake);
}
