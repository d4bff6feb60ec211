#include "tests/support/rig_stable.h"

struct link stable_link;
pid_t stable_pid;

void start_stable(const char *first, ...)
{
    char *argv[16] = {(char *)"cq", (char *)"stable-native", (char *)"--path", strdup(module_folder())};
    int argc = 4, pair[2];
    va_list more;
    va_start(more, first);
    for (const char *arg = first; arg; arg = va_arg(more, const char *))
        argv[argc++] = (char *)arg;
    va_end(more);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    fflush(NULL);
    stable_pid = fork();
    if (stable_pid == 0) {
        setpgid(0, 0);
        dup2(pair[1], CQ_STABLE_SOCKET);
        _exit(cq_native_main(argc, argv));
    }
    close(pair[1]);
    free(argv[3]);
    stable_link = (struct link){.fd = pair[0], .in = CQ_BUF_INIT(LINK_MAX)};
    struct cq_frame hello = expect(&stable_link, "hello");
    ck_assert_int_eq(int_of(&hello, "protocol"), 1);
    ck_text(cq_frame_get_str(&hello, "runtime"), "native");
    ck_assert(cq_frame_get_str(&hello, "version").len > 0);
}

int stable_status(void)
{
    int status;
    ck_assert_int_eq(waitpid(stable_pid, &status, 0), stable_pid);
    stable_pid = 0;
    return status;
}

void stop_stable(void)
{
    close(stable_link.fd);
    cq_buf_release(&stable_link.in);
    ck_assert_int_eq(stable_status(), 0);
}

void send_fork(int64_t number, const int *fds, int fd_count)
{
    struct cq_buf out = CQ_BUF_INIT(1024);
    struct cq_frame_writer writer;
    cq_frame_start(&writer, &out, "fork");
    cq_frame_add_int(&writer, "horse", number);
    cq_frame_add_str(&writer, "name", CQ_STR_LIT("w1"));
    ck_assert(cq_frame_end(&writer));
    send_bytes(stable_link.fd, &out, fds, fd_count);
    cq_buf_release(&out);
}

pid_t start_horse(int64_t number, struct link *horse, const int *output)
{
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    int fds[3] = {pair[1], output ? *output : -1, output ? *output : -1};
    send_fork(number, fds, output ? 3 : 1);
    close(pair[1]);
    *horse = (struct link){.fd = pair[0], .in = CQ_BUF_INIT(LINK_MAX)};
    struct cq_frame forked = expect(&stable_link, "forked");
    ck_assert_int_eq(int_of(&forked, "horse"), number);
    return (pid_t)int_of(&forked, "pid");
}

void send_job(struct link *horse, const struct job_text *job)
{
    struct cq_buf out = CQ_BUF_INIT(LINK_MAX);
    write_job(&out, job);
    send_bytes(horse->fd, &out, NULL, 0);
    cq_buf_release(&out);
}

void send_call(struct link *horse, const char *call)
{
    send_job(horse, &(struct job_text){.call = call});
}

int horse_status(int64_t number)
{
    struct cq_frame gone = expect(&stable_link, "exited");
    ck_assert_int_eq(int_of(&gone, "horse"), number);
    ck_assert_int_gt(int_of(&gone, "maxrss_kb"), 0);
    ck_assert_int_ge(int_of(&gone, "utime_us"), 0);
    ck_assert_int_ge(int_of(&gone, "stime_us"), 0);
    return (int)int_of(&gone, "status");
}

void wait_until_gone(pid_t pid)
{
    wait_until(kill(pid, 0) != 0 && errno == ESRCH);
}

void kill_stable(void)
{
    if (stable_pid > 0)
        kill(stable_pid, SIGKILL);
}
