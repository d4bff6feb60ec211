#include <check.h>
#include <stdlib.h>

#include "tests/support/redis_server.h"

static struct redis_server *server;

START_TEST(sets_and_gets)
{
    redis_server_flush(server);
    cq_reply_free(redis_server_run(server, "SET", "a", "1", NULL));
    ck_assert_int_eq(redis_server_int(server, "GET", "a", NULL), 1);
}
END_TEST

int main(void)
{
    server = redis_server_start(NULL);
    Suite *suite = suite_create("connection");
    TCase *tc = tcase_create("all");
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, sets_and_gets);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    redis_server_stop(server);
    return failed != 0;
}
