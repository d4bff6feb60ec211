#include "tests/support/redis_server.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum { ARGS_MAX = 64, START_TRIES = 4000, TRY_NS = 5000000 }; /* up to 20 s on a machine under load */

static void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "redis_server: %s: %s\n", what, detail);
    ck_abort_msg("redis_server: %s: %s", what, detail);
}

static bool listens(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

static void spawn(struct redis_server *server)
{
    pid_t parent = getpid();
    server->pid = fork();
    if (server->pid < 0)
        give_up("fork", strerror(errno));
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        setpgid(0, 0); /* Check ends a test's process group: the server outlives a test, not the program */
        int log = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(log, STDOUT_FILENO);
        execvp("redis-server", server->argv);
        fprintf(stderr, "redis_server: cannot run redis-server: %s (Debian: apt-get install redis-server)\n",
                strerror(errno));
        _exit(127);
    }
    const struct timespec pause = {.tv_nsec = TRY_NS};
    for (int i = 0; i < START_TRIES; i++) {
        int status;
        if (listens(server->socket))
            return;
        if (waitpid(server->pid, &status, WNOHANG) == server->pid) {
            server->pid = 0;
            give_up("redis-server ended at once; its log is", server->folder);
        }
        nanosleep(&pause, NULL);
    }
    give_up("redis-server does not listen", server->socket);
}

/* Its own arguments first: later ones win, so a test can change any of them. */
static void build_argv(struct redis_server *server, const char *first, va_list extra)
{
    char log[96];
    snprintf(log, sizeof(log), "%s/log", server->folder);
    const char *own[] = {"redis-server",
                         "--port",
                         "0",
                         "--unixsocket",
                         server->socket,
                         "--save",
                         "",
                         "--appendonly",
                         "no",
                         "--daemonize",
                         "no",
                         "--dir",
                         server->folder,
                         "--logfile",
                         log,
                         "--databases",
                         "16",
                         "--enable-debug-command",
                         "yes"};
    server->argv = cq_calloc(ARGS_MAX + 1, sizeof(char *));
    size_t n = 0;
    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        server->argv[n++] = cq_strdup(own[i]);
    const char *previous = "";
    for (const char *arg = first; arg && n < ARGS_MAX; arg = va_arg(extra, const char *)) {
        if (strcmp(previous, "--requirepass") == 0)
            server->address.password = cq_strdup(arg);
        if (strcmp(previous, "--port") == 0)
            server->port = atoi(arg);
        server->argv[n++] = cq_strdup(arg);
        previous = arg;
    }
}

struct redis_server *redis_server_start(const char *first, ...)
{
    struct redis_server *server = cq_calloc(1, sizeof(*server));
    snprintf(server->folder, sizeof(server->folder), "/tmp/cq-redis-XXXXXX");
    if (!mkdtemp(server->folder))
        give_up("mkdtemp", strerror(errno));
    snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->folder);
    cq_address_init(&server->address);
    server->address.unix_path = cq_strdup(server->socket);
    va_list extra;
    va_start(extra, first);
    build_argv(server, first, extra);
    va_end(extra);
    spawn(server);
    return server;
}

static void forget_connection(struct redis_server *server)
{
    cq_reply_free(server->last);
    server->last = NULL;
    cq_connection_close(server->connection);
    server->connection = NULL;
}

void redis_server_kill(struct redis_server *server)
{
    forget_connection(server);
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    server->pid = 0;
}

void redis_server_restart(struct redis_server *server)
{
    unlink(server->socket);
    spawn(server);
}

static int remove_entry(const char *path, const struct stat *info, int flag, struct FTW *at)
{
    (void)info;
    (void)flag;
    (void)at;
    return remove(path);
}

static void remove_folder(const char *path)
{
    if (nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "redis_server: cannot remove %s: %s\n", path, strerror(errno));
}

void redis_server_stop(struct redis_server *server)
{
    if (!server)
        return;
    redis_server_kill(server);
    remove_folder(server->folder);
    for (char **arg = server->argv; *arg; arg++)
        free(*arg);
    free(server->argv);
    cq_address_release(&server->address);
    free(server);
}

struct cq_connection *redis_server_connect(struct redis_server *server)
{
    struct cq_connection *connection = NULL;
    struct cq_error err;
    if (cq_connection_open(&server->address, "test", &connection, &err) != CQ_OK)
        give_up("connect", err.text);
    return connection;
}

struct cq_connection *redis_server_connection(struct redis_server *server)
{
    if (server->connection && server->owner != getpid())
        forget_connection(server); /* a forked test: closing our copy leaves the parent's open */
    if (!server->connection)
        server->connection = redis_server_connect(server);
    server->owner = getpid();
    return server->connection;
}

static struct cq_reply *run(struct redis_server *server, const char *first, va_list args)
{
    struct cq_command command;
    cq_command_init(&command);
    for (const char *arg = first; arg; arg = va_arg(args, const char *))
        cq_command_text(&command, arg);
    struct cq_reply *reply = NULL;
    struct cq_error err;
    if (cq_connection_call(redis_server_connection(server), &command, &reply, &err) != CQ_OK)
        give_up(first, err.text);
    cq_command_release(&command);
    return reply;
}

struct cq_reply *redis_server_run(struct redis_server *server, const char *first, ...)
{
    va_list args;
    va_start(args, first);
    struct cq_reply *reply = run(server, first, args);
    va_end(args);
    return reply;
}

static void run_last(struct redis_server *server, const char *first, va_list args)
{
    struct cq_reply *reply = run(server, first, args);
    cq_reply_free(server->last);
    server->last = reply;
}

struct cq_str redis_server_text(struct redis_server *server, const char *first, ...)
{
    va_list args;
    va_start(args, first);
    run_last(server, first, args);
    va_end(args);
    return cq_reply_str(server->last);
}

int64_t redis_server_int(struct redis_server *server, const char *first, ...)
{
    va_list args;
    va_start(args, first);
    run_last(server, first, args);
    va_end(args);
    return cq_reply_int(server->last);
}

void redis_server_flush(struct redis_server *server)
{
    cq_reply_free(redis_server_run(server, "FLUSHALL", NULL));
}

int redis_server_free_port(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&in, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&in, &size) != 0)
        give_up("free port", strerror(errno));
    close(fd);
    return ntohs(in.sin_port);
}
