/* The command and option tables as --help and as a man page. */
#ifndef CQ_CMD_LINE_HELP_H
#define CQ_CMD_LINE_HELP_H

#include "cmd/line/command.h"

/* Print what --help of a command says. */
void cq_help_of(const struct cq_cmd *cmd);

#endif
