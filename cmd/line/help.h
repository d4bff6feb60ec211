/* The command and option tables as --help and as a man page. */
#ifndef CQ_CMD_LINE_HELP_H
#define CQ_CMD_LINE_HELP_H

#include "cmd/line/command.h"

/* Print what --help of a command says. */
void cq_help_of(const struct cq_cmd *cmd);

/* The setting behind a SETTING option; NULL: the option is not a setting. */
const struct cq_setting *cq_option_setting(const struct cq_option *option);

#endif
