#include "tests/worker/harness.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "job/function_call.h"
#include "lifecycle/enqueue.h"

char worker_log[200];
static char module_folder[512];

enum { WORKERS_MAX = 8 };

/* Every worker of a test, so that none outlives it. */
static pid_t workers[WORKERS_MAX];

static const char *cq_binary(void)
{
    const char *path = getenv("CQ");
    ck_assert_msg(path != NULL, "set CQ to the path of the cq binary");
    return path;
}

/* How many lines of a file have the words. */
int count_lines(const char *path, const char *words)
{
    char line[4096];
    int found = 0;
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    while (fgets(line, sizeof(line), file))
        found += strstr(line, words) != NULL;
    fclose(file);
    return found;
}

pid_t start_worker(const char *first, ...)
{
    struct cq_strv argv = CQ_STRV_INIT;
    char url[160];
    snprintf(url, sizeof(url), "unix://%s", server->socket);
    const char *base[] = {"cq", "worker", "--url", url, "--path", module_folder, "--kill-grace", "1"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(base); i++)
        cq_strv_push(&argv, cq_str(base[i]));
    va_list args;
    va_start(args, first);
    for (const char *arg = first; arg; arg = va_arg(args, const char *))
        cq_strv_push(&argv, cq_str(arg));
    va_end(args);
    argv.items = realloc(argv.items, (argv.len + 1) * sizeof(char *));
    argv.items[argv.len] = NULL;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setpgid(0, 0);
        dup2(open(worker_log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600), STDERR_FILENO);
        execv(cq_binary(), argv.items);
        _exit(127);
    }
    ck_assert_int_gt(pid, 0);
    cq_strv_release(&argv);
    for (int i = 0; i < WORKERS_MAX; i++) {
        if (workers[i])
            continue;
        workers[i] = pid;
        return pid;
    }
    ck_abort_msg("too many workers in one test");
    return -1;
}

static void clock_path(char path[160])
{
    snprintf(path, 160, "%s/clock", server->folder);
}

static int wall_ahead_s, monotonic_ahead_s;
static bool clock_stands;
static time_t stopped_at[2]; /* without what they are ahead */

/* Renamed into its place, so that no worker reads half of it. */
void set_clock(int wall_s, int monotonic_s)
{
    char path[160], fresh_path[170];
    clock_path(path);
    snprintf(fresh_path, sizeof(fresh_path), "%s.new", path);
    FILE *file = fopen(fresh_path, "we");
    ck_assert_ptr_nonnull(file);
    if (clock_stands)
        fprintf(file, "%lld %lld stopped", (long long)stopped_at[0] + wall_s,
                (long long)stopped_at[1] + monotonic_s);
    else
        fprintf(file, "%d %d", wall_s, monotonic_s);
    fclose(file);
    ck_assert_int_eq(rename(fresh_path, path), 0);
    wall_ahead_s = wall_s;
    monotonic_ahead_s = monotonic_s;
}

void stop_clock(void)
{
    struct timespec wall, monotonic;
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    stopped_at[0] = wall.tv_sec + 1; /* never back */
    stopped_at[1] = monotonic.tv_sec + 1;
    clock_stands = true;
    set_clock(wall_ahead_s, monotonic_ahead_s);
}

void pass_time(pid_t worker, int seconds)
{
    set_clock(wall_ahead_s + seconds, monotonic_ahead_s + seconds);
    kill(worker, SIGCHLD); /* ends its wait, and means nothing */
}

void use_clock(void)
{
    char path[160], library[540];
    clock_path(path);
    set_clock(0, 0);
    snprintf(library, sizeof(library), "%s/clock.so", module_folder);
    setenv("CQ_TEST_CLOCK", path, 1);
    setenv("LD_PRELOAD", library, 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
}

/* Wait for a worker's end; returns its exit status, 128 + N for signal N. */
int wait_worker(pid_t pid)
{
    int status = 0;
    wait_until(waitpid(pid, &status, WNOHANG) == pid);
    for (int i = 0; i < WORKERS_MAX; i++)
        if (workers[i] == pid)
            workers[i] = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int stop_worker(pid_t pid)
{
    kill(pid, SIGTERM);
    return wait_worker(pid);
}

int log_count(const char *words)
{
    return count_lines(worker_log, words);
}

bool log_has(const char *words)
{
    return log_count(words) > 0;
}

void wait_log(const char *words)
{
    for (int64_t end = patience_end_ms(); wait_a_moment(end);)
        if (log_has(words))
            return;
    ck_abort_msg("no line of the log has '%s'", words);
}

void tell_worker(const char *name, const char *command)
{
    char channel[128];
    snprintf(channel, sizeof(channel), "rq:pubsub:%s", name);
    wait_until(redis_server_int(server, "PUBLISH", channel, command, NULL) > 0);
}

void wait_turn(const char *name)
{
    static int turn;
    char mark[32], command[80];
    snprintf(mark, sizeof(mark), "'turn-%d'", ++turn); /* an unknown command is named in the log */
    snprintf(command, sizeof(command), "{\"command\": \"turn-%d\"}", turn);
    tell_worker(name, command);
    wait_log(mark);
}

pid_t child_of(pid_t parent)
{
    char path[64], text[32] = "";
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
    for (int64_t end = patience_end_ms(); wait_a_moment(end);) {
        FILE *file = fopen(path, "re");
        ck_assert_ptr_nonnull(file);
        bool some = fgets(text, sizeof(text), file) != NULL;
        fclose(file);
        if (some)
            return (pid_t)atoi(text);
    }
    ck_abort_msg("process %d has no child", (int)parent);
    return -1;
}

int children_of(pid_t parent)
{
    char path[64];
    int count = 0, pid;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    while (fscanf(file, "%d", &pid) == 1)
        count++;
    fclose(file);
    return count;
}

void wait_gone(pid_t pid)
{
    wait_until(kill(pid, 0) != 0);
}

void enqueue(const char *id, const struct job_spec *spec)
{
    struct cq_error err;
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_buf data = CQ_BUF_INIT(1 << 20);
    struct cq_function_call call = {.format = CQ_FORMAT_JSON, .function = cq_str(spec->function)};
    call.args = cq_value_list(&arena, CQ_VALUE_LIST, spec->arg || spec->number ? 1 : 0);
    if (spec->arg)
        call.args.as.list.items[0] = cq_value_str(cq_str(spec->arg));
    else if (spec->number)
        call.args.as.list.items[0] = cq_value_int(spec->number);
    call.kwargs = cq_value_map(&arena, 0);
    ck_assert_int_eq(cq_function_call_write(&call, &data, &err), CQ_OK);
    struct cq_job job;
    cq_job_init(&job);
    job.id = cq_str(id);
    job.origin = cq_str(spec->queue ? spec->queue : "default");
    job.data = cq_buf_view(&data);
    job.description = cq_str(spec->function);
    job.created_at = cq_clock_now();
    job.timeout_s = spec->timeout_s ? spec->timeout_s : 60;
    if (spec->retries)
        job.retries_left = spec->retries;
    if (spec->result_ttl_s)
        job.result_ttl_s = spec->result_ttl_s;
    struct cq_enqueue request = {.job = &job, .now = cq_clock_now()};
    struct cq_command command;
    struct cq_reply *reply = NULL;
    cq_command_init(&command);
    cq_enqueue_build(&request, &command);
    ck_assert_msg(cq_connection_call(redis_server_connection(server), &command, &reply, &err) == CQ_OK, "%s",
                  err.text);
    cq_reply_free(reply);
    cq_command_release(&command);
    cq_buf_release(&data);
    cq_arena_release(&arena);
}

static const char *gate(void)
{
    static char path[80];
    snprintf(path, sizeof(path), "%s/let-go", server->folder);
    return path;
}

void enqueue_held(const char *id)
{
    enqueue(id, &(struct job_spec){.function = "jobs.until_there", .arg = gate(), .timeout_s = 600});
}

void let_go(void)
{
    FILE *file = fopen(gate(), "we");
    ck_assert_ptr_nonnull(file);
    fclose(file);
}

struct cq_str job_field(const char *id, const char *field)
{
    char key[256];
    snprintf(key, sizeof(key), "rq:job:%s", id);
    return redis_server_text(server, "HGET", key, field, NULL);
}

void wait_status(const char *id, const char *status)
{
    for (int64_t end = patience_end_ms(); wait_a_moment(end);)
        if (cq_str_is(job_field(id, "status"), status))
            return;
    struct cq_str last = job_field(id, "status");
    ck_abort_msg("job %s is %.*s, not %s", id, (int)last.len, last.data ? last.data : "", status);
}

void wait_count(int64_t count, const char *command, const char *key)
{
    int64_t last = -1;
    for (int64_t end = patience_end_ms(); wait_a_moment(end);) {
        last = redis_server_int(server, command, key, NULL);
        if (last == count)
            return;
    }
    ck_abort_msg("%s %s is %lld, not %lld", command, key, (long long)last, (long long)count);
}

/* The newest result's field, decoded: exc_string as text. */
void assert_failure_says(const char *id, const char *words)
{
    char key[256];
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_result result;
    struct cq_error err;
    snprintf(key, sizeof(key), "rq:results:%s", id);
    struct cq_reply *reply = redis_server_run(server, "XREVRANGE", key, "+", "-", "COUNT", "1", NULL);
    ck_assert_msg(cq_reply_len(reply) == 1, "job %s has no result", id);
    ck_assert_int_eq(cq_result_read(cq_reply_at(reply, 0), &arena, &result, &err), CQ_OK);
    ck_assert_msg(result.exc_string.data && strstr(result.exc_string.data, words), "job %s failed with: %s",
                  id, result.exc_string.data ? result.exc_string.data : "(nothing)");
    cq_reply_free(reply);
    cq_arena_release(&arena);
}

/* modules/jobs.so lies beside the tests, built by the Makefile. */
static void fresh(void)
{
    const char *path = cq_binary();
    const char *slash = strrchr(path, '/');
    snprintf(module_folder, sizeof(module_folder), "%.*s/tests/worker/modules",
             slash ? (int)(slash - path) : 1, slash ? path : ".");
    redis_server_flush(server);
    unlink(gate());
    snprintf(worker_log, sizeof(worker_log), "%s/worker.log", server->folder);
    unlink(worker_log);
    memset(workers, 0, sizeof(workers));
}

/* What the workers said, to show why a test failed. */
static void show_log(void)
{
    char line[4096];
    FILE *file = fopen(worker_log, "re");
    while (file && fgets(line, sizeof(line), file))
        fputs(line, stderr);
    if (file)
        fclose(file);
}

static void no_worker_left(void)
{
    show_log();
    for (int i = 0; i < WORKERS_MAX; i++) {
        if (!workers[i])
            continue;
        kill(workers[i], SIGKILL);
        waitpid(workers[i], NULL, 0);
        workers[i] = 0;
    }
}

TCase *worker_case(const char *name)
{
    TCase *tcase = tcase_create(name);
    with_redis(tcase);
    tcase_add_checked_fixture(tcase, fresh, no_worker_left);
    return tcase;
}
