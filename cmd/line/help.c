#include "cmd/line/help.h"

#include <string.h>

#include "base/buf.h"
#include "cmd/line/completion.h"
#include "cmd/line/output.h"
#include "cmd/line/program.h"

enum {
    WIDTH = 80,
    COLUMN = 30,        /* where the help of an option begins */
    TEXT_LIMIT = 16384, /* bytes of one paragraph */
};

struct help_options {
    bool man;
    int completion; /* -1: not asked for */
};

static const struct cq_option help_options[] = {
    {.kind = CQ_OPTION_FLAG,
     .name = "man",
     .field = offsetof(struct help_options, man),
     .help = "Print the man page (roff)"},
    {.kind = CQ_OPTION_CHOICE,
     .name = "completion",
     .argument = "SHELL",
     .field = offsetof(struct help_options, completion),
     .words = "bash",
     .help = "Print a completion script for this shell: bash"},
    {.kind = CQ_OPTION_END},
};

const struct cq_syntax cq_help_syntax = {
    .arguments = "[COMMAND]",
    .max_args = 1,
    .options_size = sizeof(struct help_options),
    .options = help_options,
    .local = true,
};

const struct cq_syntax cq_version_syntax = {.arguments = "", .local = true};

/* Print words of text from `column` on, in lines of at most WIDTH columns that begin there; the cursor is
 * there already. */
static void print_wrapped(const char *text, size_t column)
{
    size_t at = column;
    while (*text) {
        size_t len = strcspn(text, " ");
        if (at > column && at + 1 + len > WIDTH) {
            cq_print("\n%*s", (int)column, "");
            at = column;
        } else if (at > column) {
            cq_print(" ");
            at++;
        }
        cq_print("%.*s", (int)len, text);
        at += len;
        text += len;
        text += strspn(text, " ");
    }
    cq_print("\n");
}

/* `-b, --burst`, `-n, --name NAME`, `--pid FILE` */
static void spell(const struct cq_option *option, struct cq_buf *out)
{
    if (option->letter)
        cq_buf_printf(out, "-%c%s", option->letter, option->name ? ", " : "");
    if (option->short_word)
        cq_buf_printf(out, "-%s%s", option->short_word, option->name ? ", " : "");
    if (option->name)
        cq_buf_printf(out, "%s--%s", option->letter || option->short_word ? "" : "    ", option->name);
    if (option->argument)
        cq_buf_printf(out, " %s", option->argument);
}

static void help_text(const struct cq_option *option, struct cq_buf *out)
{
    cq_buf_text(out, option->help);
    if (option->fallback)
        cq_buf_printf(out, " (default: %s)", option->fallback);
}

static void print_option(const struct cq_option *option)
{
    struct cq_buf line = CQ_BUF_INIT(TEXT_LIMIT), help = CQ_BUF_INIT(TEXT_LIMIT);
    if (option->kind == CQ_OPTION_HEADING) {
        cq_print("\n%s:\n", option->help);
        return;
    }
    if (option->kind == CQ_OPTION_MISSING)
        return;
    cq_buf_text(&line, "  ");
    spell(option, &line);
    help_text(option, &help);
    cq_print_str(cq_buf_view(&line));
    if (line.len + 2 > COLUMN)
        cq_print("\n%*s", COLUMN, "");
    else
        cq_print("%*s", (int)(COLUMN - line.len), "");
    print_wrapped(help.data, COLUMN);
    cq_buf_release(&line);
    cq_buf_release(&help);
}

/* above: a table whose names go before; may be NULL, as options may. */
static void print_table(const struct cq_option *options, const struct cq_option *above)
{
    struct cq_option rows[CQ_OPTIONS_MAX], taken[CQ_OPTIONS_MAX];
    cq_options_expand(options, rows);
    cq_options_expand(above, taken);
    for (const struct cq_option *option = rows; option->kind != CQ_OPTION_END; option++)
        if (!cq_options_name(taken, option))
            print_option(option);
}

void cq_help_of(const struct cq_cmd *cmd)
{
    const struct cq_syntax *syntax = cmd->syntax;
    cq_print("Usage: cq %s [OPTIONS]%s%s\n\n", cmd->name, *syntax->arguments ? " " : "", syntax->arguments);
    cq_print("%s.\n", cmd->summary);
    if (syntax->options) {
        if (syntax->options->kind != CQ_OPTION_HEADING)
            cq_print("\nOptions:\n");
        print_table(syntax->options, NULL);
        print_table(syntax->inherited, syntax->options);
    } else if (syntax->local)
        cq_print("\nOptions:\n");
    print_table(syntax->local ? cq_local_options : cq_shared_options, syntax->options);
    for (const char *const *note = syntax->notes; note && *note; note++) {
        cq_print("\n");
        print_wrapped(*note, 0);
    }
}

static void help_program(void)
{
    cq_print("Usage: cq COMMAND [OPTIONS] [ARGUMENTS]...\n\n");
    print_wrapped(
        "cq is RQ's job queue as one program: it works on the same Redis, queues and jobs as Python's rq.",
        0);
    const char *group = "";
    for (const struct cq_cmd *cmd = cq_commands; cmd->name; cmd++) {
        if (strcmp(group, cmd->group) != 0)
            cq_print("\n%s:\n", cmd->group);
        group = cmd->group;
        cq_print("  %-11s %s\n", cmd->name, cmd->summary);
    }
    cq_print("\nExit status:\n");
#define PRINT_STATUS(name, status, text) \
    cq_print("  %-3d", status);          \
    print_wrapped(text, 5);
    CQ_EXIT_STATUSES(PRINT_STATUS)
#undef PRINT_STATUS
    cq_print("\n'cq COMMAND --help' shows the options of a command.\n");
}

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
    help_text(option, &help);
    roff(help.data ? help.data : "");
    cq_print(".\n");
    cq_buf_release(&help);
}

static void man_table(const struct cq_option *options, const struct cq_option *above)
{
    struct cq_option rows[CQ_OPTIONS_MAX], taken[CQ_OPTIONS_MAX];
    cq_options_expand(options, rows);
    cq_options_expand(above, taken);
    for (const struct cq_option *option = rows; option->kind != CQ_OPTION_END; option++)
        if (!cq_options_name(taken, option))
            man_option(option);
}

static void man_command(const struct cq_cmd *cmd)
{
    cq_print(".SS \"cq %s [OPTIONS]%s%s\"\n", cmd->name, *cmd->syntax->arguments ? " " : "",
             cmd->syntax->arguments);
    roff(cmd->summary);
    cq_print(".\n");
    man_table(cmd->syntax->options, NULL);
    man_table(cmd->syntax->inherited, cmd->syntax->options);
    for (const char *const *note = cmd->syntax->notes; note && *note; note++) {
        cq_print(".PP\n");
        roff(*note);
        cq_print("\n");
    }
}

static void print_man(void)
{
    cq_print(".TH CQ 1 \"\" \"cq %s\" \"User Commands\"\n", CQ_VERSION);
    cq_print(".SH NAME\ncq \\- RQ's job queue as one program\n");
    cq_print(".SH SYNOPSIS\n\\fBcq\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]...\n");
    cq_print(".SH DESCRIPTION\ncq enqueues, runs and shows jobs in Redis. It works on the same keys as "
             "Python's rq,\n"
             "so that both can be used on the same queues at the same time.\n");
    cq_print(".SH COMMANDS\n");
    for (const struct cq_cmd *cmd = cq_commands; cmd->name; cmd++)
        man_command(cmd);
    cq_print(".SH \"OPTIONS OF EVERY COMMAND\"\n");
    man_table(cq_shared_options, NULL);
    cq_print(".SH \"EXIT STATUS\"\n");
#define MAN_STATUS(name, status, text) cq_print(".TP\n%d\n%s.\n", status, text);
    CQ_EXIT_STATUSES(MAN_STATUS)
#undef MAN_STATUS
    cq_print(".SH ENVIRONMENT\n.TP\n\\fBRQ_REDIS_URL\\fR, \\fBREDIS_URL\\fR, \\fBREDIS_HOST\\fR ...\nWhere "
             "Redis is, when "
             "\\fB\\-\\-url\\fR is not given.\n.TP\n\\fBCQ_CONFIG\\fR, \\fBRQ_CONFIG\\fR\nThe ini file, when "
             "\\fB\\-\\-config\\fR is not given.\n"
             ".TP\n\\fBNO_COLOR\\fR\nSet and not empty: no colours.\n");
}

enum cq_exit cq_help_command(const struct cq_run *run)
{
    const struct help_options *options = run->options;
    if (options->man) {
        print_man();
    } else if (options->completion >= 0) {
        cq_completion_bash();
    } else if (run->arg_count) {
        const struct cq_cmd *cmd = cq_command_find(run->args[0]);
        if (!cmd)
            return cq_command_unknown(run->args[0]);
        cq_help_of(cmd);
    } else {
        help_program();
    }
    return CQ_EXIT_OK;
}

enum cq_exit cq_version_command(const struct cq_run *run)
{
    (void)run;
    cq_print("cq %s\n", CQ_VERSION);
    return CQ_EXIT_OK;
}
