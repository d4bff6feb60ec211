/* The command and option tables in two other forms: a man page and a completion script. */
#include <string.h>

#include "cmd/command.h"
#include "cmd/output.h"

enum { TEXT_LIMIT = 16384 }; /* bytes of one paragraph */

/* Text for roff: a backslash, a leading dot or quote and a hyphen mean something there. */
static void roff(const char *text)
{
    if (*text == '.' || *text == '\'')
        cq_print("\\&");
    for (; *text; text++) {
        if (*text == '\\')
            cq_print("\\e");
        else if (*text == '-')
            cq_print("\\-");
        else
            cq_print("%c", *text);
    }
}

static void man_spelling(const char *dashes, const char *name, bool *first)
{
    cq_print("%s\\fB%s", *first ? "" : ", ", strcmp(dashes, "-") == 0 ? "\\-" : "\\-\\-");
    roff(name);
    cq_print("\\fR");
    *first = false;
}

static void man_option(const struct cq_option *option)
{
    bool first = true;
    if (option->kind == CQ_OPTION_HEADING || option->kind == CQ_OPTION_MISSING)
        return;
    cq_print(".TP\n");
    if (option->letter)
        man_spelling("-", (char[]){option->letter, '\0'}, &first);
    if (option->short_word)
        man_spelling("-", option->short_word, &first);
    if (option->name)
        man_spelling("--", option->name, &first);
    if (option->argument)
        cq_print(" \\fI%s\\fR", option->argument);
    cq_print("\n");
    struct cq_buf help = CQ_BUF_INIT(TEXT_LIMIT);
    cq_help_text(option, &help);
    roff(help.data ? help.data : "");
    cq_print(".\n");
    cq_buf_release(&help);
}

static void man_table(const struct cq_option *options)
{
    for (const struct cq_option *option = options; option && option->kind != CQ_OPTION_END; option++)
        man_option(option);
}

static void man_command(const struct cq_cmd *cmd)
{
    cq_print(".SS \"cq %s [OPTIONS]%s%s\"\n", cmd->name, *cmd->syntax->arguments ? " " : "", cmd->syntax->arguments);
    roff(cmd->summary);
    cq_print(".\n");
    man_table(cmd->syntax->options);
    for (const char *const *note = cmd->syntax->notes; note && *note; note++) {
        cq_print(".PP\n");
        roff(*note);
        cq_print("\n");
    }
}

void cq_manual_man(void)
{
    cq_print(".TH CQ 1 \"\" \"cq %s\" \"User Commands\"\n", CQ_VERSION);
    cq_print(".SH NAME\ncq \\- RQ's job queue as one program\n");
    cq_print(".SH SYNOPSIS\n\\fBcq\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]...\n");
    cq_print(".SH DESCRIPTION\ncq enqueues, runs and shows jobs in Redis. It works on the same keys as Python's rq,\n"
             "so that both can be used on the same queues at the same time.\n");
    cq_print(".SH COMMANDS\n");
    for (const struct cq_cmd *cmd = cq_commands; cmd->name; cmd++)
        man_command(cmd);
    cq_print(".SH \"OPTIONS OF EVERY COMMAND\"\n");
    man_table(cq_shared_options);
    cq_print(".SH \"EXIT STATUS\"\n");
#define MAN_STATUS(name, status, text) cq_print(".TP\n%d\n%s.\n", status, text);
    CQ_EXIT_STATUSES(MAN_STATUS)
#undef MAN_STATUS
    cq_print(".SH ENVIRONMENT\n.TP\n\\fBRQ_REDIS_URL\\fR, \\fBREDIS_URL\\fR, \\fBREDIS_HOST\\fR ...\nWhere Redis is, when "
             "\\fB\\-\\-url\\fR is not given.\n.TP\n\\fBRQ_CONFIG\\fR\nThe ini file, when \\fB\\-\\-config\\fR is not given.\n"
             ".TP\n\\fBNO_COLOR\\fR\nSet and not empty: no colours.\n");
}

static void bash_words(const struct cq_option *options)
{
    for (const struct cq_option *option = options; option && option->kind != CQ_OPTION_END; option++) {
        if (option->kind == CQ_OPTION_HEADING || option->kind == CQ_OPTION_MISSING)
            continue;
        if (option->name)
            cq_print(" --%s", option->name);
    }
}

/* Values of options: words for a CHOICE, files for those that name one. */
static void bash_values(const char *command, const struct cq_option *options)
{
    for (const struct cq_option *option = options; option && option->kind != CQ_OPTION_END; option++) {
        if (option->kind == CQ_OPTION_CHOICE) {
            cq_print("        %s:--%s) COMPREPLY=($(compgen -W \"", command, option->name);
            for (const char *c = option->words; *c; c++)
                cq_print("%c", *c == '|' ? ' ' : *c);
            cq_print("\" -- \"$word\")); return ;;\n");
        } else if (option->argument && (strcmp(option->argument, "FILE") == 0 || strcmp(option->argument, "FOLDER") == 0)) {
            cq_print("        %s:--%s) COMPREPLY=($(compgen -%c -- \"$word\")); return ;;\n", command, option->name,
                     strcmp(option->argument, "FILE") == 0 ? 'f' : 'd');
        }
    }
}

void cq_manual_bash(void)
{
    cq_print("# Completion of cq's commands and options in bash: . <(cq help --completion bash)\n");
    cq_print("_cq() {\n    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}\n");
    cq_print("    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W \"");
    for (const struct cq_cmd *cmd = cq_commands; cmd->name; cmd++)
        cq_print("%s%s", cmd == cq_commands ? "" : " ", cmd->name);
    cq_print(" --help --version\" -- \"$word\"))\n        return\n    fi\n    case $command:$before in\n");
    for (const struct cq_cmd *cmd = cq_commands; cmd->name; cmd++)
        bash_values(cmd->name, cmd->syntax->options);
    bash_values("*", cq_shared_options);
    cq_print("    esac\n    case $command in\n");
    for (const struct cq_cmd *cmd = cq_commands; cmd->name; cmd++) {
        cq_print("        %s) COMPREPLY=($(compgen -W \"", cmd->name);
        bash_words(cmd->syntax->options);
        if (!cmd->syntax->local)
            bash_words(cq_shared_options);
        else
            cq_print(" --help");
        if (strcmp(cmd->name, "help") == 0)
            for (const struct cq_cmd *other = cq_commands; other->name; other++)
                cq_print(" %s", other->name);
        cq_print("\" -- \"$word\")) ;;\n");
    }
    cq_print("    esac\n}\ncomplete -F _cq cq\n");
}
