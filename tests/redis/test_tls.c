/*
 * TLS with a real server, in builds that have it; with a certificate authority made for the test. Builds
 * without TLS show that rediss:// is refused.
 */
#include <check.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "redis/async.h"
#include "tests/support/redis_server.h"
#include "tests/support/suite.h"

static struct cq_error err;

static struct redis_server *server;
static char folder[] = "/tmp/cq-tls-XXXXXX";

/* An address on the server's TLS port: host as given, trusting our authority or not. */
static void address_init(struct cq_address *address, const char *host, bool trusting)
{
    char url[256];
    snprintf(url, sizeof(url), "rediss://%s:%d%s%s%s", host, server->port, trusting ? "?ssl_ca_certs=" : "",
             trusting ? folder : "", trusting ? "/ca.crt" : "");
    ck_assert_int_eq(cq_address_parse(url, address, &err), CQ_OK);
}

static void opens(const char *host, bool trusting, bool verify, const char *fails_with)
{
    struct cq_address address;
    struct cq_connection *connection = NULL;
    address_init(&address, host, trusting);
    address.tls_no_verify = !verify;
    enum cq_code code = cq_connection_open(&address, "test", &connection, &err);
    if (fails_with)
        ck_assert_msg(code == CQ_ERR_CONNECTION && strstr(err.text, fails_with), "%d: %s", code, err.text);
    else
        ck_assert_msg(code == CQ_OK, "%s", err.text);
    cq_connection_close(connection);
    cq_address_release(&address);
}

START_TEST(a_certificate_is_checked_against_authority_and_name)
{
    opens("localhost", true, true, NULL);
    opens("127.0.0.1", true, true, "certificate"); /* it is for localhost only */
    opens("localhost", false, true, "certificate");
    opens("127.0.0.1", false, false, NULL);
}
END_TEST

START_TEST(plain_text_on_a_tls_port_is_explained)
{
    struct cq_address address;
    struct cq_connection *connection;
    address_init(&address, "localhost", true);
    address.tls = false;
    address.connect_timeout_ms = 500;
    ck_assert_int_eq(cq_connection_open(&address, "test", &connection, &err), CQ_ERR_CONNECTION);
    cq_address_release(&address);
}
END_TEST

enum { BIG = 20 * 1024 * 1024 };
static int readies, downs, answers;
static struct ev_loop *loop;

static void on_ready(struct cq_async *async, void *data)
{
    (void)async;
    (void)data;
    readies++;
    ev_break(loop, EVBREAK_ALL);
}

static void on_down(struct cq_async *async, const struct cq_error *why, int retry_in_ms, void *data)
{
    (void)async;
    (void)retry_in_ms;
    (void)data;
    err = *why;
    downs++;
    ev_break(loop, EVBREAK_ALL);
}

static void on_answer(const struct cq_reply *reply, const struct cq_error *why, void *data)
{
    (void)data;
    ck_assert_msg(!why, "%s", why ? why->text : "");
    ck_assert_uint_eq(cq_reply_str(reply).len, BIG);
    answers++;
    ev_break(loop, EVBREAK_ALL);
}

START_TEST(the_workers_connection_speaks_tls_without_blocking)
{
    struct cq_address address;
    address_init(&address, "localhost", true);
    loop = ev_loop_new(EVFLAG_AUTO);
    struct cq_async_options options = {
        .loop = loop, .address = &address, .load_scripts = true, .on_ready = on_ready, .on_down = on_down};
    struct cq_async *async = cq_async_new(&options);
    ev_run(loop, 0);
    ck_assert_msg(readies == 1, "%s", err.text);
    char *big = cq_calloc(1, BIG);
    for (int i = 0; i < 3; i++) {
        struct cq_command *command = cq_async_begin(async);
        cq_command_text(command, "ECHO");
        cq_command_arg(command, cq_str_n(big, BIG));
        cq_async_call(async, command, on_answer, NULL);
    }
    while (answers < 3 && !downs)
        ev_run(loop, 0);
    ck_assert_msg(answers == 3, "%s", err.text);
    cq_async_free(async);
    free(address.tls_ca_file);
    address.tls_ca_file = NULL;
    async = cq_async_new(&options);
    ev_run(loop, 0);
    ck_assert_int_eq(downs, 1);
    ck_assert_msg(strstr(err.text, "certificate") != NULL, "%s", err.text);
    cq_async_free(async);
    free(big);
    cq_address_release(&address);
    ev_loop_destroy(loop);
}
END_TEST

static void make_certificates(void)
{
    char command[1024];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(
        command, sizeof(command),
        "cd %s && openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj "
        "/CN=test-ca 2>/dev/null && "
        "openssl req -newkey rsa:2048 -nodes -keyout srv.key -out srv.csr -subj /CN=localhost 2>/dev/null && "
        "printf 'subjectAltName=DNS:localhost' > ext && "
        "openssl x509 -req -in srv.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out "
        "srv.crt 2>/dev/null",
        folder);
    ck_assert_int_eq(system(command), 0);
}

static void start_server(void)
{
    char port[16], certificate[64], key[64], authority[64];
    make_certificates();
    int free_port = redis_server_free_port();
    snprintf(port, sizeof(port), "%d", free_port);
    snprintf(certificate, sizeof(certificate), "%s/srv.crt", folder);
    snprintf(key, sizeof(key), "%s/srv.key", folder);
    snprintf(authority, sizeof(authority), "%s/ca.crt", folder);
    server = redis_server_start("--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key,
                                "--tls-ca-cert-file", authority, "--tls-auth-clients", "no", NULL);
    server->port = free_port;
}

static void stop_server(void)
{
    char command[64];
    redis_server_stop(server);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_unchecked_fixture(tc, start_server, stop_server);
    tcase_add_test(tc, a_certificate_is_checked_against_authority_and_name);
    tcase_add_test(tc, plain_text_on_a_tls_port_is_explained);
    tcase_add_test(tc, the_workers_connection_speaks_tls_without_blocking);
    return suite_of("tls", tc);
}
