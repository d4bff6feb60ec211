/* All of the program behind main(): find the command, parse its options, run it, flush. */
#ifndef CQ_CMD_LINE_PROGRAM_H
#define CQ_CMD_LINE_PROGRAM_H

#include "cmd/line/command.h"

int cq_command_line(int argc, char **argv);

const struct cq_cmd *cq_command_find(const char *name); /* NULL: no such command */

/* Complain about a command that is not there, naming the nearest one; returns CQ_EXIT_USAGE. */
enum cq_exit cq_command_unknown(const char *name);

#endif
