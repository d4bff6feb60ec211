#include "worker/webhooks/engine.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/timer.h"

struct cq_engine {
    struct ev_loop *loop;
    const struct cq_libcurl *curl;
    CURLM *multi;
    struct cq_timer timer;
    void (*over)(void *data, CURL *easy, CURLcode result);
    void *data;
};

/* Tell who is done. What is added meanwhile may end in the same turn. */
static void report(struct cq_engine *engine)
{
    CURLMsg *message;
    int left;
    while ((message = engine->curl->multi_info_read(engine->multi, &left))) {
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        engine->curl->multi_remove_handle(engine->multi, easy);
        engine->over(engine->data, easy, result);
    }
}

static void act(struct cq_engine *engine, curl_socket_t fd, int events)
{
    int running;
    engine->curl->multi_socket_action(engine->multi, fd, events, &running);
    report(engine);
}

static void on_event(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)loop;
    act(watcher->data, watcher->fd,
        (events & EV_READ ? CURL_CSELECT_IN : 0) | (events & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(void *data)
{
    act(data, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long timeout_ms, void *data)
{
    struct cq_engine *engine = data;
    (void)multi;
    cq_timer_cancel(&engine->timer);
    if (timeout_ms >= 0) {
        ev_now_update(engine->loop);
        cq_timer_arm(&engine->timer, (double)timeout_ms / 1000.);
    }
    return 0;
}

/* libcurl wants to hear of a socket, of other events than before, or no more: known is what was assigned to
 * it. */
static int watch(CURL *easy, curl_socket_t fd, int what, void *data, void *known)
{
    struct cq_engine *engine = data;
    ev_io *watcher = known;
    (void)easy;
    if (watcher)
        ev_io_stop(engine->loop, watcher);
    if (what == CURL_POLL_REMOVE) {
        engine->curl->multi_assign(engine->multi, fd, NULL);
        free(watcher);
        return 0;
    }
    if (!watcher) {
        watcher = cq_calloc(1, sizeof(*watcher));
        watcher->data = engine;
        engine->curl->multi_assign(engine->multi, fd, watcher);
    }
    ev_io_init(watcher, on_event, fd,
               (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
    ev_io_start(engine->loop, watcher);
    return 0;
}

struct cq_engine *cq_engine_new(struct ev_loop *loop, const struct cq_libcurl *curl,
                                void (*over)(void *data, CURL *easy, CURLcode result), void *data)
{
    CURLM *multi = curl->multi_init();
    if (!multi)
        return NULL;
    struct cq_engine *engine = cq_calloc(1, sizeof(*engine));
    *engine = (struct cq_engine){.loop = loop, .curl = curl, .multi = multi, .over = over, .data = data};
    cq_timer_init(&engine->timer, loop, on_timer, engine);
    curl->multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch);
    curl->multi_setopt(multi, CURLMOPT_SOCKETDATA, engine);
    curl->multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl->multi_setopt(multi, CURLMOPT_TIMERDATA, engine);
    return engine;
}

void cq_engine_free(struct cq_engine *engine)
{
    if (!engine)
        return;
    engine->curl->multi_cleanup(engine->multi);
    cq_timer_cancel(&engine->timer);
    free(engine);
}

bool cq_engine_add(struct cq_engine *engine, CURL *easy)
{
    return engine->curl->multi_add_handle(engine->multi, easy) == CURLM_OK;
}

void cq_engine_remove(struct cq_engine *engine, CURL *easy)
{
    engine->curl->multi_remove_handle(engine->multi, easy);
}
