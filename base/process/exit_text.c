#include "base/process/exit_text.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

void cq_exit_text(int wait_status, char *text, size_t size)
{
    if (WIFSIGNALED(wait_status))
        snprintf(text, size, "was killed by signal %d (%s)", WTERMSIG(wait_status),
                 strsignal(WTERMSIG(wait_status)));
    else
        snprintf(text, size, "ended with status %d", WEXITSTATUS(wait_status));
}
