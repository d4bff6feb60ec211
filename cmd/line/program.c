#include "cmd/line/program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/process/title.h"
#include "cmd/line/help.h"
#include "cmd/line/output.h"
#include "config/nearest.h"

enum { COMMANDS_MAX = 64 }; /* looked through for the nearest name */

const struct cq_cmd *cq_command_find(const char *name)
{
    for (const struct cq_cmd *cmd = cq_commands; cmd->name; cmd++)
        if (strcmp(cmd->name, name) == 0)
            return cmd;
    return NULL;
}

enum cq_exit cq_command_unknown(const char *name)
{
    const char *words[COMMANDS_MAX];
    size_t count = 0;
    for (const struct cq_cmd_missing *missing = cq_commands_missing; missing->name; missing++) {
        if (strcmp(missing->name, name) == 0) {
            cq_complain(NULL, "unknown command '%s': this version of cq does not have it%s", name,
                        missing->instead);
            return CQ_EXIT_USAGE;
        }
    }
    for (const struct cq_cmd *cmd = cq_commands; cmd->name && count < COMMANDS_MAX; cmd++)
        words[count++] = cmd->name;
    const char *nearest = cq_nearest(name, words, count);
    if (nearest)
        cq_complain(NULL, "unknown command '%s'; did you mean '%s'?", name, nearest);
    else
        cq_complain(NULL, "unknown command '%s'; 'cq help' lists the commands", name);
    return CQ_EXIT_USAGE;
}

static enum cq_exit check_args(const struct cq_cmd *cmd, const char **args, size_t count)
{
    if (cmd->syntax->first && count == 0)
        cq_complain(cmd->name, "%s is missing; 'cq %s --help' shows how it is used", cmd->syntax->first,
                    cmd->name);
    else if (count > cmd->syntax->max_args)
        cq_complain(cmd->name, "'%s' is one argument too many; 'cq %s --help' shows how it is used",
                    args[cmd->syntax->max_args], cmd->name);
    else
        return CQ_EXIT_OK;
    return CQ_EXIT_USAGE;
}

static enum cq_exit run_command(const struct cq_cmd *cmd, int argc, char **argv)
{
    const struct cq_syntax *syntax = cmd->syntax;
    struct cq_shared shared = {0};
    void *options = cq_calloc(1, syntax->options_size);
    const char **args = cq_calloc((size_t)argc + 1, sizeof(*args));
    struct cq_options_given given = {NULL, 0};
    struct cq_option own[CQ_OPTIONS_MAX], inherited[CQ_OPTIONS_MAX], of_all[CQ_OPTIONS_MAX];
    struct cq_option_set sets[] = {
        {own, options, &given}, {inherited, options, &given}, {of_all, &shared, &given}};
    size_t arg_count = 0;
    struct cq_error err;
    enum cq_exit status;

    cq_options_expand(syntax->options, own);
    cq_options_expand(syntax->inherited, inherited);
    cq_options_expand(syntax->local ? cq_local_options : cq_shared_options, of_all);
    for (size_t i = 0; i < CQ_ARRAY_LEN(sets); i++)
        cq_options_defaults(&sets[i]);
    if (cq_options_parse(sets, CQ_ARRAY_LEN(sets), argc, argv, args, &arg_count, &err) != CQ_OK) {
        cq_complain(cmd->name, "%s", err.text);
        status = CQ_EXIT_USAGE;
    } else if (shared.help) {
        cq_help_of(cmd);
        status = CQ_EXIT_OK;
    } else {
        status = check_args(cmd, args, arg_count);
        struct cq_run run = {cmd->name, &shared, options, &given, args, arg_count};
        if (status == CQ_EXIT_OK)
            status = cmd->run(&run);
    }
    for (size_t i = 0; i < CQ_ARRAY_LEN(sets); i++)
        cq_options_release(&sets[i]);
    cq_options_given_release(&given);
    free(args);
    free(options);
    return status;
}

/*
 * Started with standard descriptors closed, the next socket would become one of them and be printed to. A
 * closed standard output is filled with something that cannot be written to, so that the lost answer is
 * noticed at the end.
 */
static void fill_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(CQ_EXIT_SYSTEM);
}

/*
 * The arguments to work with: copies, because the texts of argv are about to be masked and, by a worker,
 * written over with its title. Wiped and freed by release_copies.
 */
static char **copy_arguments(int argc, char **argv)
{
    char **copies = cq_calloc((size_t)argc + 1, sizeof(*copies));
    for (int i = 0; i < argc; i++) {
        copies[i] = cq_strdup(argv[i]);
        cq_options_mask_url(argv[i]);
    }
    return copies;
}

static void release_copies(char **copies)
{
    for (char **copy = copies; *copy; copy++) {
        explicit_bzero(*copy, strlen(*copy));
        free(*copy);
    }
    free(copies);
}

static enum cq_exit dispatch(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        cq_complain(NULL, "no command given; 'cq help' lists the commands");
        return CQ_EXIT_USAGE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        name = "version";
    const struct cq_cmd *cmd = cq_command_find(name);
    if (!cmd && name[0] == '-') {
        cq_complain(NULL, "unknown option '%s'; options come after the command, as in 'cq info --help'",
                    name);
        return CQ_EXIT_USAGE;
    }
    return cmd ? run_command(cmd, argc - 2, argv + 2) : cq_command_unknown(name);
}

int cq_command_line(int argc, char **argv)
{
    fill_standard_descriptors();
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write(), said in one line, not a silent death */
    char **copies = copy_arguments(argc, argv);
    cq_title_init(argc, argv);
    enum cq_exit status = cq_output_end(dispatch(argc, copies));
    release_copies(copies);
    return (int)status;
}
