/* What of a job's webhooks is taken, and which addresses count as public. */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/buf.h"
#include "tests/support/suite.h"
#include "worker/webhooks/reach.h"
#include "worker/webhooks/spec.h"
#include "worker/webhooks/transfer.h"

#define URL "\"url\": \"https://h/p?q\", \"job_status\": \"failed\""

static struct cq_arena arena;
static struct cq_webhook *list;
static size_t count, complaints;

static void complain(void *data, size_t number, const char *why)
{
    (void)data, (void)number;
    ck_assert(*why);
    complaints++;
}

static enum cq_code read_list(const char *text)
{
    struct cq_error err;
    count = complaints = 0;
    cq_arena_release(&arena);
    return cq_webhooks_read(cq_str(text), &arena, &list, &count, complain, NULL, &err);
}

START_TEST(defaults_are_rqs)
{
    ck_assert_int_eq(read_list("[{" URL "}]"), CQ_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(list[0].url, "https://h/p?q");
    ck_assert(list[0].failed && !list[0].post);
    ck_assert_int_eq(list[0].timeout_s, 10);
    ck_assert_uint_eq(list[0].header_count, 0);
}
END_TEST

START_TEST(what_is_said_is_taken_and_a_timeout_is_bounded)
{
    ck_assert_int_eq(read_list("[{" URL ", \"method\": \"POST\", \"headers\": {\"X-A\": \"\\u00e9\", \"N\": "
                               "7}, \"timeout\": 99999999999}]"),
                     CQ_OK);
    ck_assert(list[0].post);
    ck_assert_int_eq(list[0].timeout_s, CQ_WEBHOOK_TIMEOUT_MAX_S);
    ck_assert_str_eq(list[0].headers[0].name, "X-A");
    ck_assert_str_eq(list[0].headers[0].value, "\xe9");
    ck_assert_str_eq(list[0].headers[1].value, "7");
}
END_TEST

static const char *const bad[] = {
    "1",
    "null",
    "{}",
    "{\"url\": 1, \"job_status\": \"failed\"}",
    "{\"url\": \"http://\", \"job_status\": \"failed\"}",
    "{\"url\": \"gopher://h/\", \"job_status\": \"failed\"}",
    "{\"url\": \"http:/h\", \"job_status\": \"failed\"}",
    "{\"url\": \"http://h/\\r\\nX: y\", \"job_status\": \"failed\"}",
    "{\"url\": \"http://h/\\u0000\", \"job_status\": \"failed\"}",
    "{\"url\": \"http://h\\u00e9/\", \"job_status\": \"failed\"}",
    "{\"url\": \"http://h/\"}",
    "{\"url\": \"http://h/\", \"job_status\": 1}",
    "{" URL ", \"method\": \"get\"}",
    "{" URL ", \"method\": null}",
    "{" URL ", \"timeout\": -1}",
    "{" URL ", \"timeout\": 1.5}",
    "{" URL ", \"timeout\": null}",
    "{" URL ", \"headers\": [1]}",
    "{" URL ", \"headers\": {\"\": \"x\"}}",
    "{" URL ", \"headers\": {\"A B\": \"x\"}}",
    "{" URL ", \"headers\": {\"A\": \"x\\ny\"}}",
    "{" URL ", \"headers\": {\"A\": \"x\\u0000\"}}",
    "{" URL ", \"headers\": {\"A\": \"\\u20ac\"}}",
    "{" URL ", \"headers\": {\"A\": null}}",
};

START_TEST(a_bad_entry_is_left_out_and_the_others_stay)
{
    char text[512];
    snprintf(text, sizeof(text), "[{" URL "}, %s, {" URL "}]", bad[_i]);
    ck_assert_int_eq(read_list(text), CQ_OK);
    ck_assert_msg(count == 2 && complaints == 1, "%s: %zu taken", text, count);
}
END_TEST

START_TEST(what_is_no_list_or_too_long_is_not_read)
{
    static char large[CQ_WEBHOOK_FIELD_MAX + 2];
    memset(large, ' ', sizeof(large) - 1);
    ck_assert_int_eq(read_list("{"), CQ_ERR_DESERIALIZATION);
    ck_assert_int_eq(read_list("{}"), CQ_ERR_DESERIALIZATION);
    ck_assert_int_eq(read_list(large), CQ_ERR_DESERIALIZATION);
}
END_TEST

START_TEST(no_more_than_so_many_are_taken)
{
    struct cq_buf text = CQ_BUF_INIT(CQ_WEBHOOK_FIELD_MAX);
    cq_buf_char(&text, '[');
    for (int i = 0; i < CQ_WEBHOOK_MAX + 5; i++)
        cq_buf_printf(&text, "%s{" URL "}", i ? "," : "");
    cq_buf_char(&text, ']');
    ck_assert_int_eq(read_list(text.data), CQ_OK);
    ck_assert_uint_eq(count, CQ_WEBHOOK_MAX);
    ck_assert_uint_eq(complaints, 1);
    cq_buf_release(&text);
}
END_TEST

static bool is_public(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
        return cq_address_is_public((struct sockaddr *)&in);
    ck_assert_int_eq(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return cq_address_is_public((struct sockaddr *)&in6);
}

static const char *const private_ones[] = {
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "fe80::1",
    "fc00::1",
    "fd12::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::1",
};
static const char *const public_ones[] = {
    "1.1.1.1",         "9.255.255.255",    "11.0.0.0",        "100.63.255.255",
    "100.128.0.0",     "126.255.255.255",  "128.0.0.0",       "172.15.255.255",
    "172.32.0.0",      "192.167.255.255",  "198.17.255.255",  "223.255.255.255",
    "::ffff:1.1.1.1",  "64:ff9b::101:101", "2606:4700::1111", "2001:4860:4860::8888",
    "2002:101:101::1",
};

START_TEST(private_addresses_are_told_from_public_ones)
{
    for (size_t i = 0; i < CQ_ARRAY_LEN(private_ones); i++)
        ck_assert_msg(!is_public(private_ones[i]), "%s", private_ones[i]);
    for (size_t i = 0; i < CQ_ARRAY_LEN(public_ones); i++)
        ck_assert_msg(is_public(public_ones[i]), "%s", public_ones[i]);
    ck_assert(!cq_address_is_public(&(struct sockaddr){.sa_family = AF_UNIX}));
}
END_TEST

START_TEST(the_log_has_no_password_of_a_url)
{
    char text[CQ_TRANSFER_TEXT_MAX];
    cq_transfer_show("https://user:secret@host/p?q=a@b", text);
    ck_assert_str_eq(text, "https://***@host/p?q=a@b");
    cq_transfer_show("http://host/p?q=a@b", text);
    ck_assert_str_eq(text, "http://host/p?q=a@b");
}
END_TEST

Suite *test_suite(void)
{
    TCase *tests = tcase_create("webhooks");
    tcase_add_test(tests, defaults_are_rqs);
    tcase_add_test(tests, what_is_said_is_taken_and_a_timeout_is_bounded);
    tcase_add_loop_test(tests, a_bad_entry_is_left_out_and_the_others_stay, 0, (int)CQ_ARRAY_LEN(bad));
    tcase_add_test(tests, what_is_no_list_or_too_long_is_not_read);
    tcase_add_test(tests, no_more_than_so_many_are_taken);
    tcase_add_test(tests, private_addresses_are_told_from_public_ones);
    tcase_add_test(tests, the_log_has_no_password_of_a_url);
    return suite_of("worker/webhooks", tests);
}
