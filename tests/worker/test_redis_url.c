#include <check.h>
#include <stdlib.h>

#include "tests/support/suite.h"
#include "worker/runtimes/redis_url.h"

static void assert_url(const char *given, const char *expected)
{
    struct cq_address address;
    struct cq_error err;
    struct cq_buf url = CQ_BUF_INIT(CQ_REDIS_URL_MAX), again = CQ_BUF_INIT(CQ_REDIS_URL_MAX);
    ck_assert_msg(cq_address_parse(given, &address, &err) == CQ_OK, "%s: %s", given, err.text);
    cq_redis_url(&address, &url);
    cq_address_release(&address);
    ck_assert_str_eq(url.data, expected);
    /* It says the same when it is read again. */
    ck_assert_int_eq(cq_address_parse(url.data, &address, &err), CQ_OK);
    cq_redis_url(&address, &again);
    ck_assert_str_eq(again.data, expected);
    cq_address_release(&address);
    cq_buf_release(&url);
    cq_buf_release(&again);
}

START_TEST(every_part_of_an_address_is_in_the_url)
{
    assert_url("redis://", "redis://localhost:6379/0");
    assert_url("redis://example.org:7000/5", "redis://example.org:7000/5");
    assert_url("redis://[::1]:6380", "redis://[::1]:6380/0");
    assert_url("unix:///run/redis.sock?db=3", "unix:///run/redis.sock?db=3");
    assert_url("unix://user:word@/run/a%20b.sock", "unix://user:word@/run/a%20b.sock?db=0");
    assert_url("redis://h?socket_timeout=1.5&socket_connect_timeout=2",
               "redis://h:6379/0?socket_timeout=1.500&socket_connect_timeout=2.000");
}
END_TEST

START_TEST(what_a_url_would_misread_is_encoded)
{
    assert_url("redis://:p%40ss%2Fw%3Ard%23%25@h", "redis://:p%40ss%2Fw%3Ard%23%25@h:6379/0");
    assert_url("redis://us%3Aer:%C3%A4@h", "redis://us%3Aer:%C3%A4@h:6379/0");
    assert_url("redis://user@h", "redis://user@h:6379/0");
}
END_TEST

START_TEST(tls_is_said_in_redis_pys_words)
{
    assert_url("rediss://h", "rediss://h:6379/0");
    assert_url("rediss://h?ssl_cert_reqs=none", "rediss://h:6379/0?ssl_cert_reqs=none");
    assert_url("rediss://h?ssl_ca_certs=/etc/ca%26b.pem&ssl_certfile=/c.pem&ssl_keyfile=/k.pem",
               "rediss://h:6379/0?ssl_ca_certs=/etc/ca%26b.pem&ssl_certfile=/c.pem&ssl_keyfile=/k.pem");
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("redis_url");
    tcase_add_test(tcase, every_part_of_an_address_is_in_the_url);
    tcase_add_test(tcase, what_a_url_would_misread_is_encoded);
    tcase_add_test(tcase, tls_is_said_in_redis_pys_words);
    return suite_of("worker/redis_url", tcase);
}
