/* The script that completes commands, options and their values in bash, out of the same tables as --help. */
#ifndef CQ_CMD_COMPLETION_H
#define CQ_CMD_COMPLETION_H

/* Print it. */
void cq_completion_bash(void);

#endif
