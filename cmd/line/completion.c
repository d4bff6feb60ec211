/* The command and option tables as a script by which bash completes them. */
#include "cmd/line/completion.h"

#include <string.h>

#include "base/buf.h"
#include "cmd/line/command.h"
#include "cmd/line/help.h"
#include "cmd/line/output.h"

enum { WORDS_LIMIT = 4096 };

static void option_words(const struct cq_option *options, const struct cq_option *above)
{
    struct cq_option rows[CQ_OPTIONS_MAX], taken[CQ_OPTIONS_MAX];
    cq_options_expand(options, rows);
    cq_options_expand(above, taken);
    for (const struct cq_option *option = rows; option->kind != CQ_OPTION_END; option++) {
        if (option->kind == CQ_OPTION_HEADING || option->kind == CQ_OPTION_MISSING ||
            cq_options_name(taken, option))
            continue;
        if (option->name)
            cq_print(" --%s", option->name);
    }
}

static void command_words(void)
{
    for (const struct cq_cmd *cmd = cq_commands; cmd->name; cmd++)
        cq_print(" %s", cmd->name);
}

/* The words that an option's value may be, with spaces between them. Returns words; empty: it may be
 * anything. */
static const char *value_words(const struct cq_option *option, struct cq_buf *words)
{
    const struct cq_setting *setting = option->setting;
    const char *named = option->words ? option->words : strchr(option->argument, '|') ? option->argument : "";
    cq_buf_clear(words);
    for (const char *c = named; *c; c++)
        cq_buf_printf(words, "%c", *c == '|' ? ' ' : *c);
    for (const struct cq_setting_choice *choice = setting && !words->len ? setting->choices : NULL;
         choice && choice->name; choice++)
        cq_buf_printf(words, "%s%s", words->len ? " " : "", choice->name);
    if (setting && setting->type == CQ_SETTING_SERIALIZER)
        cq_buf_text(words, "pickle json msgpack");
    else if (setting && setting->type == CQ_SETTING_LEVEL)
        cq_buf_text(words, "DEBUG INFO WARNING ERROR CRITICAL");
    return words->len ? words->data : "";
}

static void value(const char *command, const struct cq_option *option, const char *how, const char *words)
{
    cq_print("        %s:--%s", command, option->name);
    if (option->letter)
        cq_print("|%s:-%c", command, option->letter);
    if (option->short_word)
        cq_print("|%s:-%s", command, option->short_word);
    cq_print(") %s \"%s\"; return ;;\n", how, words);
}

/* What may come after an option that takes a value: certain words, or a file. */
static void values(const char *command, const struct cq_option *options, const struct cq_option *above)
{
    struct cq_buf words = CQ_BUF_INIT(WORDS_LIMIT);
    struct cq_option rows[CQ_OPTIONS_MAX], taken[CQ_OPTIONS_MAX];
    cq_options_expand(options, rows);
    cq_options_expand(above, taken);
    for (const struct cq_option *option = rows; option->kind != CQ_OPTION_END; option++) {
        const char *takes = option->argument;
        if (option->kind == CQ_OPTION_MISSING || !takes || !option->name || cq_options_name(taken, option))
            continue;
        if (*value_words(option, &words))
            value(command, option, "_cq_words", words.data);
        else if (strcmp(takes, "FILE") == 0 || strcmp(takes, "PATH") == 0)
            value(command, option, "_cq_files", "-f");
        else if (strcmp(takes, "FOLDER") == 0)
            value(command, option, "_cq_files", "-d");
    }
    cq_buf_release(&words);
}

static void functions(void)
{
    cq_print(
        "# Completion of cq's commands, options and their values in bash: . <(cq help --completion bash)\n"
        "_cq_words() {\n"
        "    COMPREPLY=($(compgen -W \"$1\" -- \"$word\"))\n"
        "}\n"
        "_cq_files() {\n"
        "    compopt -o filenames 2> /dev/null\n"
        "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$word\")\n"
        "}\n");
}

void cq_completion_bash(void)
{
    functions();
    cq_print("_cq() {\n"
             "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} "
             "command=${COMP_WORDS[1]}\n"
             "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
             "        _cq_words \"");
    command_words();
    cq_print(" --help --version\"\n"
             "        return\n"
             "    fi\n"
             "    # --option=value are three words to bash.\n"
             "    if [ \"$before\" = = ]; then\n"
             "        before=${COMP_WORDS[COMP_CWORD-2]}\n"
             "    elif [ \"$word\" = = ]; then\n"
             "        word=\n"
             "    fi\n"
             "    case $command:$before in\n");
    for (const struct cq_cmd *cmd = cq_commands; cmd->name; cmd++) {
        const struct cq_syntax *syntax = cmd->syntax;
        values(cmd->name, syntax->options, NULL);
        values(cmd->name, syntax->inherited, syntax->options);
    }
    values("*", cq_shared_options, NULL);
    cq_print("    esac\n    case $command:$word in\n");
    for (const struct cq_cmd *cmd = cq_commands; cmd->name; cmd++) {
        const struct cq_syntax *syntax = cmd->syntax;
        cq_print("        %s:-*) _cq_words \"", cmd->name);
        option_words(syntax->options, NULL);
        option_words(syntax->inherited, syntax->options);
        option_words(syntax->local ? cq_local_options : cq_shared_options, syntax->options);
        cq_print("\" ;;\n");
        if (strncmp(syntax->arguments, "FILE", 4) == 0)
            cq_print("        %s:*) _cq_files -f ;;\n", cmd->name);
    }
    cq_print("        help:*) _cq_words \"");
    command_words();
    cq_print("\" ;;\n    esac\n}\ncomplete -F _cq cq\n");
}
