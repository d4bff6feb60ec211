/* Which commands there are. Each is declared in cmd/line/command.h and defined in the folder of what it is
 * about. */
#include "cmd/line/command.h"

const struct cq_cmd cq_commands[] = {
    {"worker", cq_worker_command, "Run jobs from queues", "Jobs", &cq_worker_syntax},
    {"worker-pool", cq_worker_pool_command, "Keep several workers running", "Jobs", &cq_worker_pool_syntax},
    {"enqueue", cq_enqueue_command, "Put a job on a queue", "Jobs", &cq_enqueue_syntax},
    {"requeue", cq_requeue_command, "Put failed jobs back on their queues", "Jobs", &cq_requeue_syntax},
    {"cancel", cq_cancel_command, "Cancel jobs so that they do not run", "Jobs", &cq_cancel_syntax},
    {"stop", cq_stop_command, "Stop jobs that are running", "Jobs", &cq_stop_syntax},
    {"delete", cq_delete_command, "Delete jobs with all that belongs to them", "Jobs", &cq_delete_syntax},
    {"group", cq_group_command, "Show groups of jobs and their progress", "Jobs", &cq_group_syntax},
    {"result", cq_result_command, "Show how jobs ended and what they returned", "Jobs", &cq_result_syntax},
    {"cron", cq_cron_command, "Enqueue jobs by a schedule", "Jobs", &cq_cron_syntax},
    {"info", cq_info_command, "Show queues and workers", "Queues and workers", &cq_info_syntax},
    {"empty", cq_empty_command, "Remove all jobs of queues", "Queues and workers", &cq_empty_syntax},
    {"suspend", cq_suspend_command, "Stop workers from starting new jobs", "Queues and workers",
     &cq_suspend_syntax},
    {"resume", cq_resume_command, "Resume work after a suspend", "Queues and workers", &cq_resume_syntax},
    {"limit", cq_limit_command, "Limit jobs that share a key", "Queues and workers", &cq_limit_syntax},
    {"reload", cq_reload_command, "Load fresh code into workers without losing a job", "Queues and workers",
     &cq_reload_syntax},
    {"help", cq_help_command, "Show how a command is used", "This program", &cq_help_syntax},
    {"version", cq_version_command, "Show the version of cq", "This program", &cq_version_syntax},
    {NULL, NULL, NULL, NULL, NULL},
};

/* Words of rq that this version has not: said so, rather than guessed to be a typo. */
const struct cq_cmd_missing cq_commands_missing[] = {
    {"scheduler", ""},
    {"dashboard", ""},
    {NULL, NULL},
};
