#include "cmd/worker/queues.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "queue/queue.h"

enum { WHERE_SIZE = 200 };

static enum cq_code wrong(const struct cq_settings *settings, const char *queue, const char *what,
                          struct cq_error *err)
{
    char where[WHERE_SIZE];
    cq_settings_where(settings, "worker.dequeue_strategy", where, sizeof(where));
    bool typed = cq_settings_source(settings, "worker.queues") == CQ_FROM_COMMAND_LINE ||
                 cq_settings_source(settings, "worker.dequeue_strategy") == CQ_FROM_COMMAND_LINE;
    return cq_error_set(err, typed ? CQ_ERR_USAGE : CQ_ERR_CONFIG,
                        "queue '%.100s': with %s %s each queue is written %s", queue, where,
                        settings->dequeue_strategy == CQ_DEQUEUE_WEIGHTED ? "weighted" : "latency", what);
}

/* Split `high:5` at its last colon. The name is cut off in place. */
static enum cq_code split(const struct cq_settings *settings, char *queue, int64_t *ret_number,
                          struct cq_error *err)
{
    char *colon = strrchr(queue, ':');
    bool weighted = settings->dequeue_strategy == CQ_DEQUEUE_WEIGHTED;
    bool fits = colon && colon > queue;
    if (fits && weighted)
        fits = cq_number_int(cq_str(colon + 1), 1, CQ_WEIGHT_MAX, ret_number);
    else if (fits)
        fits = cq_number_duration(cq_str(colon + 1), ret_number) && *ret_number >= 1 &&
               *ret_number <= INT32_MAX;
    if (!fits)
        return weighted ? wrong(settings, queue,
                                "NAME:WEIGHT, a whole number from 1 to 1000000, such as high:5", err)
                        : wrong(settings, queue,
                                "NAME:TARGET, how long its jobs may wait, such as high:5s or low:10m", err);
    *colon = '\0';
    return CQ_OK;
}

static enum cq_code split_all(struct cq_settings *settings, struct cq_error *err)
{
    struct cq_strv *queues = &settings->queues;
    free(settings->queue_numbers);
    settings->queue_numbers = cq_calloc(queues->len, sizeof(*settings->queue_numbers));
    for (size_t i = 0; i < queues->len; i++) {
        enum cq_code code = split(settings, queues->items[i], &settings->queue_numbers[i], err);
        if (code != CQ_OK)
            return code;
        for (size_t before = 0; before < i;
             before++) /* twice in the list is harmless, two numbers for one are not */
            if (strcmp(queues->items[before], queues->items[i]) == 0)
                return cq_error_set(err, CQ_ERR_USAGE, "queue '%.100s' is named twice; give it one number",
                                    queues->items[i]);
    }
    return CQ_OK;
}

enum cq_code cq_worker_queues_apply(struct cq_settings *settings, const struct cq_run *run,
                                    struct cq_error *err)
{
    if (run->arg_count)
        cq_settings_set_list(settings, "worker.queues", run->args, run->arg_count);
    bool numbered = settings->dequeue_strategy == CQ_DEQUEUE_WEIGHTED ||
                    settings->dequeue_strategy == CQ_DEQUEUE_LATENCY;
    enum cq_code code = numbered ? split_all(settings, err) : CQ_OK;
    for (size_t i = 0; i < settings->queues.len && code == CQ_OK; i++) {
        code = cq_queue_name_check(cq_str(settings->queues.items[i]), err);
        if (code == CQ_OK && strchr(settings->queues.items[i], ','))
            code = cq_error_set(err, CQ_ERR_USAGE,
                                "queue '%s': a worker cannot listen to a name with a comma, which separates "
                                "names in its hash",
                                settings->queues.items[i]);
    }
    return code;
}
