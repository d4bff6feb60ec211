#include "lifecycle/manage/suspend.h"

#include "job/keys.h"

void cq_suspend_build(int64_t duration_s, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, "SET", cq_key_suspended().text, "1", NULL);
    if (duration_s > 0) {
        cq_command_text(command, "EX");
        cq_command_int(command, duration_s);
    }
}

void cq_resume_build(struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, "DEL", cq_key_suspended().text, NULL);
}
