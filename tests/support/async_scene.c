#include "tests/support/async_scene.h"

struct redis_server *own;
struct ev_loop *loop;
struct cq_async *async;
struct cq_async_options options;
int readies, downs, answers, failures, last_retry_ms;
int64_t last_int;
bool loop_done;
char last_error[256], last_reply[256];
enum cq_code last_code;
int wanted;

void on_ready(struct cq_async *which, void *data)
{
    ck_assert_ptr_eq(which, async);
    ck_assert_ptr_eq(data, &wanted);
    ck_assert(cq_async_is_ready(which));
    readies++;
    ev_break(loop, EVBREAK_ALL);
}

void on_down(struct cq_async *which, const struct cq_error *err, int retry_in_ms, void *data)
{
    (void)data;
    ck_assert(!cq_async_is_ready(which));
    downs++;
    last_retry_ms = retry_in_ms;
    last_code = err->code;
    snprintf(last_error, sizeof(last_error), "%s", err->text);
    ev_break(loop, EVBREAK_ALL);
}

void on_answer(const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    int *counter = data;
    if (counter)
        (*counter)++;
    if (err) {
        ck_assert_ptr_null(reply);
        failures++;
        last_code = err->code;
        snprintf(last_error, sizeof(last_error), "%s", err->text);
    } else {
        answers++;
        struct cq_str text = cq_reply_str(reply);
        snprintf(last_reply, sizeof(last_reply), "%.*s", text.len > 200 ? 200 : (int)text.len,
                 text.len ? text.data : "");
        last_int = cq_reply_int(reply);
    }
    if (answers + failures >= wanted)
        ev_break(loop, EVBREAK_ALL);
}

void give_up(struct ev_loop *which, ev_timer *timer, int events)
{
    (void)timer;
    (void)events;
    loop_done = true;
    ev_break(which, EVBREAK_ALL);
}

void turn(void)
{
    ev_timer limit;
    ev_timer_init(&limit, give_up, patience_s(), 0.);
    ev_now_update(loop);
    ev_timer_start(loop, &limit);
    ev_run(loop, 0);
    ev_timer_stop(loop, &limit);
    ck_assert_msg(!loop_done, "nothing happened; last error: %s", last_error);
}

void run_until(const int *counter, int at_least)
{
    while (*counter < at_least)
        turn();
}

void start(const struct cq_address *address)
{
    options.address = address;
    async = cq_async_new(&options);
}

void setup(void)
{
    loop = ev_loop_new(EVFLAG_AUTO);
    options = (struct cq_async_options){
        .loop = loop, .client_name = "cq test", .on_ready = on_ready, .on_down = on_down, .data = &wanted};
    wanted = 1;
    own = NULL;
    redis_server_flush(server);
}

void teardown(void)
{
    cq_async_free(async);
    ev_loop_destroy(loop);
    redis_server_stop(own);
}

void call(const char *first, const char *second, const char *third, int *counter)
{
    struct cq_command *command = cq_async_begin(async);
    cq_command_texts(command, first, second, third, NULL);
    cq_async_call(async, command, on_answer, counter);
}

void cut(void)
{
    struct redis_server *of = own ? own : server;
    const char *addr = cq_async_peer_addr(async);
    struct cq_reply *reply = redis_server_run(of, "CLIENT", "KILL", "ADDR", addr, NULL);
    ck_assert_int_ge(cq_reply_int(reply), 1);
    cq_reply_free(reply);
}

Suite *async_suite(const char *name, void (*add)(TCase *))
{
    TCase *tc = tcase_create("all");
    with_redis(tc);
    tcase_add_checked_fixture(tc, setup, teardown);
    add(tc);
    return suite_of(name, tc);
}
