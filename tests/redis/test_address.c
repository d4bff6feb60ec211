#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "redis/address.h"
#include "tests/support/suite.h"

struct good {
    const char *url, *host;
    int port;
    const char *path, *user, *password;
    int db;
    const char *display;
};

static const struct good good[] = {
    {"redis://localhost:6379/0", "localhost", 6379, NULL, NULL, NULL, 0, "redis://localhost:6379/0"},
    {"redis://h", "h", 6379, NULL, NULL, NULL, 0, "redis://h:6379/0"},
    {"REDIS://h/", "h", 6379, NULL, NULL, NULL, 0, "redis://h:6379/0"},
    {"redis://", "localhost", 6379, NULL, NULL, NULL, 0, "redis://localhost:6379/0"},
    {"redis://:7000/3", "localhost", 7000, NULL, NULL, NULL, 3, "redis://localhost:7000/3"},
    {"redis://:secret@h:1/2", "h", 1, NULL, NULL, "secret", 2, "redis://h:1/2"},
    {"redis://ann:secret@h", "h", 6379, NULL, "ann", "secret", 0, "redis://h:6379/0"},
    {"redis://ann@h", "h", 6379, NULL, "ann", NULL, 0, "redis://h:6379/0"},
    {"redis://ann:se%40%2F%3a%25t@h", "h", 6379, NULL, "ann", "se@/:%t", 0, "redis://h:6379/0"},
    {"redis://ann:a@b@h", "h", 6379, NULL, "ann", "a@b", 0, "redis://h:6379/0"},
    {"redis://ann:a:b@h", "h", 6379, NULL, "ann", "a:b", 0, "redis://h:6379/0"},
    {"redis://[::1]:7000/1", "::1", 7000, NULL, NULL, NULL, 1, "redis://[::1]:7000/1"},
    {"redis://[fe80::1]", "fe80::1", 6379, NULL, NULL, NULL, 0, "redis://[fe80::1]:6379/0"},
    {"redis://h/1?db=5", "h", 6379, NULL, NULL, NULL, 5, "redis://h:6379/5"},
    {"redis://h?username=ann&password=se%26cret", "h", 6379, NULL, "ann", "se&cret", 0, "redis://h:6379/0"},
    {"redis://h?password=a@b", "h", 6379, NULL, NULL, "a@b", 0, "redis://h:6379/0"},
    {"redis://h?socket_keepalive=True&health_check_interval=30", "h", 6379, NULL, NULL, NULL, 0,
     "redis://h:6379/0"},
    {"unix:///run/redis.sock", NULL, 6379, "/run/redis.sock", NULL, NULL, 0, "unix:///run/redis.sock"},
    {"unix:///run/redis.sock?db=4", NULL, 6379, "/run/redis.sock", NULL, NULL, 4,
     "unix:///run/redis.sock?db=4"},
    {"unix://ann:secret@/run/a%20b.sock", NULL, 6379, "/run/a b.sock", "ann", "secret", 0,
     "unix:///run/a b.sock"},
    {"rediss://h:6380", "h", 6380, NULL, NULL, NULL, 0, "rediss://h:6380/0"},
};

static void same(const char *got, const char *want)
{
    if (want)
        ck_assert_str_eq(got, want);
    else
        ck_assert_ptr_null(got);
}

START_TEST(takes_every_form_of_url)
{
    const struct good *want = &good[_i];
    struct cq_address address;
    struct cq_error err = {0};
    char text[128];
    ck_assert_msg(cq_address_parse(want->url, &address, &err) == CQ_OK, "%s: %s", want->url, err.text);
    same(address.host, want->host);
    same(address.unix_path, want->path);
    same(address.username, want->user);
    same(address.password, want->password);
    ck_assert_int_eq(address.port, want->port);
    ck_assert_int_eq(address.db, want->db);
    ck_assert_int_eq(address.tls, strncmp(want->url, "rediss", 6) == 0);
    ck_assert_str_eq(cq_address_display(&address, text, sizeof(text)), want->display);
    cq_address_release(&address);
}
END_TEST

/* Each holds the word SECRET where a password may stand: no message may show it. */
static const char *const bad[] = {
    "",
    "localhost",
    "SECRET@localhost",
    "http://localhost",
    "redis:/localhost",
    "redis://h:port",
    "redis://h:0",
    "redis://h:65536",
    "redis://h:-1",
    "redis://h:1:2",
    "redis://h/x",
    "redis://h/-1",
    "redis://h/1/2",
    "redis://h/99999999999",
    "redis://:SECRET",
    "redis://:SE/CRET@h",
    "redis://:SE?CRET@h",
    "redis://:SE#CRET@h",
    "redis://:SECRET%@h",
    "redis://:SECRET%4@h",
    "redis://:SECRET%zz@h",
    "redis://:SECRET%00@h",
    "redis://[::1",
    "redis://[::1]x",
    "redis://ho st",
    "redis://h\n",
    "redis://h?x=SECRET",
    "redis://h?SECRET",
    "redis://h?db=SECRET",
    "redis://h?socket_timeout=0",
    "redis://h?socket_timeout=-1",
    "redis://h?socket_timeout=nan",
    "redis://h?socket_timeout=SECRET",
    "redis://h?socket_connect_timeout=1e9",
    "redis://h?ssl_cert_reqs=SECRET",
    "rediss://h?ssl_certfile=/a",
    "unix://",
    "unix://redis.sock",
    "unix://SECRET/redis.sock",
    "unix://a:SECRET@",
    "unix:///a?db=x",
    "unix:///"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaa",
};

START_TEST(refuses_a_broken_url_without_showing_its_password)
{
    struct cq_address address = {.port = 1234};
    struct cq_error err = {0};
    ck_assert_msg(cq_address_parse(bad[_i], &address, &err) == CQ_ERR_CONFIG, "%s was taken", bad[_i]);
    ck_assert_int_eq(address.port, 1234);
    ck_assert_ptr_null(strstr(err.text, "SECRET"));
    ck_assert_ptr_null(strstr(err.text, "CRET"));
    ck_assert_uint_gt(strlen(err.text), 20);
    ck_assert_uint_lt(strlen(err.text), sizeof(err.text) - 1);
}
END_TEST

START_TEST(takes_timeouts_and_certificates_from_the_query)
{
    struct cq_address address;
    ck_assert_int_eq(
        cq_address_parse(
            "rediss://h?socket_timeout=2.5&socket_connect_timeout=0.25&ssl_cert_reqs=none&ssl_ca_certs=/ca"
            "&ssl_certfile=/c&ssl_keyfile=/k",
            &address, NULL),
        CQ_OK);
    ck_assert_int_eq(address.command_timeout_ms, 2500);
    ck_assert_int_eq(address.connect_timeout_ms, 250);
    ck_assert(address.tls_no_verify);
    ck_assert_str_eq(address.tls_ca_file, "/ca");
    ck_assert_str_eq(address.tls_cert_file, "/c");
    ck_assert_str_eq(address.tls_key_file, "/k");
    cq_address_release(&address);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_loop_test(tc, takes_every_form_of_url, 0, (int)(sizeof(good) / sizeof(*good)));
    tcase_add_loop_test(tc, refuses_a_broken_url_without_showing_its_password, 0,
                        (int)(sizeof(bad) / sizeof(*bad)));
    tcase_add_test(tc, takes_timeouts_and_certificates_from_the_query);
    return suite_of("address", tc);
}
