/* What a pool's supervisor and its processes tell each other, and what both tell systemd. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "tests/support/suite.h"
#include "worker/pool/supervisor_link.h"
#include "worker/pool/notify.h"

static int ends[2];

static void linked(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static void unlinked(void)
{
    close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
}

START_TEST(messages_come_one_by_one_and_in_order)
{
    struct cq_supervisor_message message;
    ck_assert_int_eq(cq_supervisor_link_receive(ends[0], &message), 0);
    ck_assert(cq_supervisor_link_send(ends[1], CQ_SUPERVISOR_RESIZE_TO, 7));
    ck_assert(cq_supervisor_link_send(ends[1], CQ_SUPERVISOR_RESIZE_BY, -1));
    ck_assert_int_eq(cq_supervisor_link_receive(ends[0], &message), 1);
    ck_assert(message.word == CQ_SUPERVISOR_RESIZE_TO && message.value == 7);
    ck_assert_int_eq(cq_supervisor_link_receive(ends[0], &message), 1);
    ck_assert(message.word == CQ_SUPERVISOR_RESIZE_BY && message.value == -1);
    ck_assert_int_eq(cq_supervisor_link_receive(ends[0], &message), 0);
}
END_TEST

START_TEST(last_words_are_heard_before_the_end)
{
    struct cq_supervisor_message message;
    ck_assert(cq_supervisor_link_send(ends[1], CQ_SUPERVISOR_MAX_JOBS_DONE, 0));
    close(ends[1]);
    ends[1] = -1;
    ck_assert_int_eq(cq_supervisor_link_receive(ends[0], &message), 1);
    ck_assert_int_eq(message.word, CQ_SUPERVISOR_MAX_JOBS_DONE);
    ck_assert_int_eq(cq_supervisor_link_receive(ends[0], &message), -1);
    ck_assert(!cq_supervisor_link_send(ends[0], CQ_SUPERVISOR_LEAVE, 0)); /* and no SIGPIPE */
}
END_TEST

START_TEST(what_is_no_message_is_passed_over)
{
    struct cq_supervisor_message message;
    ck_assert_int_eq(send(ends[1], "abc", 3, 0), 3);
    ck_assert(cq_supervisor_link_send(ends[1], CQ_SUPERVISOR_READY, 0));
    ck_assert_int_eq(cq_supervisor_link_receive(ends[0], &message), 1);
    ck_assert_int_eq(message.word, CQ_SUPERVISOR_READY);
}
END_TEST

START_TEST(one_that_does_not_listen_holds_nobody)
{
    int sent = 0;
    while (cq_supervisor_link_send(ends[1], CQ_SUPERVISOR_HAVE_SLOTS, sent))
        sent++;
    ck_assert_int_gt(sent, 10);
    struct cq_supervisor_message message;
    ck_assert_int_eq(cq_supervisor_link_receive(ends[0], &message), 1);
    ck_assert_int_eq(message.value, 0);
}
END_TEST

/* ---- systemd ---- */

static const struct {
    const char *path; /* as bound, an @ for the abstract namespace's NUL */
} sockets[] = {{"/tmp/cq-notify-%d"}, {"@cq-notify-%d"}};

START_TEST(systemd_hears_at_a_path_and_in_the_abstract_namespace)
{
    char path[64], heard[64] = "";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(path, sizeof(path), sockets[_i].path, (int)getpid());
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))),
                     0);
    struct cq_notify notify;
    setenv("NOTIFY_SOCKET", path, 1);
    cq_notify_take(&notify);
    ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
    cq_notify_send(&notify, "READY=1");
    ck_assert_int_eq(recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT), 7);
    ck_assert_str_eq(heard, "READY=1");
    cq_notify_reloaded(&notify);
    ck_assert_int_gt(recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT), 0);
    ck_assert_int_eq(strncmp(heard, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    close(fd);
    if (path[0] == '/')
        unlink(path);
    cq_notify_send(&notify, "STOPPING=1"); /* nobody is there: no signal, no wait */
}
END_TEST

START_TEST(what_is_no_address_is_left_alone)
{
    char longest[300];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[0] = '/';
    longest[sizeof(longest) - 1] = '\0';
    const char *paths[] = {NULL, "", "@", "/", "vsock:2:1", longest};
    for (size_t i = 0; i < CQ_ARRAY_LEN(paths); i++) {
        struct cq_notify notify;
        if (paths[i])
            setenv("NOTIFY_SOCKET", paths[i], 1);
        cq_notify_take(&notify);
        ck_assert_int_eq(notify.len, 0);
        cq_notify_send(&notify, "READY=1");
    }
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("pool");
    TCase *links = tcase_create("link"), *notices = tcase_create("notify");
    tcase_add_checked_fixture(links, linked, unlinked);
    tcase_add_test(links, messages_come_one_by_one_and_in_order);
    tcase_add_test(links, last_words_are_heard_before_the_end);
    tcase_add_test(links, what_is_no_message_is_passed_over);
    tcase_add_test(links, one_that_does_not_listen_holds_nobody);
    tcase_add_loop_test(notices, systemd_hears_at_a_path_and_in_the_abstract_namespace, 0,
                        (int)CQ_ARRAY_LEN(sockets));
    tcase_add_test(notices, what_is_no_address_is_left_alone);
    suite_add_tcase(suite, links);
    suite_add_tcase(suite, notices);
    return suite;
}
