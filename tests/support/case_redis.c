#include "tests/support/case_redis.h"

struct redis_server *server;

static void start_server(void)
{
    server = redis_server_start(NULL);
}

static void stop_server(void)
{
    redis_server_stop(server);
    server = NULL;
}

void with_redis(TCase *tcase)
{
    tcase_add_unchecked_fixture(tcase, start_server, stop_server);
}
