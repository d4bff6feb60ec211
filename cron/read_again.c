#include "cron/read_again.h"

#include <signal.h>
#include <unistd.h>

static void leave_at_once(int signal_number)
{
    (void)signal_number;
    _exit(0);
}

bool cq_cron_read_again(const struct cq_cron_server_options *options, struct cq_cron_table *table,
                        const struct cq_logger *logger)
{
    struct cq_cron_table fresh = CQ_CRON_TABLE_INIT;
    struct cq_error err;
    struct sigaction leave = {.sa_handler = leave_at_once}, terminate, interrupt;
    sigaction(SIGTERM, &leave, &terminate);
    sigaction(SIGINT, &leave, &interrupt);
    enum cq_code code = options->reload(&fresh, options->data, &err);
    sigaction(SIGTERM, &terminate, NULL);
    sigaction(SIGINT, &interrupt, NULL);
    if (code != CQ_OK) {
        cq_log_error(logger, "%s; the jobs stay as they were", err.text);
        cq_cron_table_release(&fresh);
        return false;
    }
    cq_cron_table_release(table);
    *table = fresh;
    cq_log_info(logger, "read again: %zu cron job%s", fresh.len, fresh.len == 1 ? "" : "s");
    return true;
}
