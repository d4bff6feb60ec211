#include "lifecycle/cron/keys.h"

#include "base/buf.h"
#include "job/keys.h"

void cq_cron_put_prefixed(struct cq_command *command, const char *prefix, struct cq_str name,
                          const char *suffix)
{
    struct cq_buf key = CQ_BUF_INIT(4 * CQ_NAME_MAX);
    cq_buf_text(&key, prefix);
    cq_buf_str(&key, name);
    cq_buf_text(&key, suffix);
    cq_command_arg(command, cq_buf_view(&key));
    cq_buf_release(&key);
}

void cq_cron_put_schedule(struct cq_command *command, struct cq_str schedule)
{
    cq_cron_put_prefixed(command, schedule.len ? " " : "", schedule, "");
}
