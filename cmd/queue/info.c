#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"
#include "cmd/line/command.h"
#include "cmd/line/output.h"
#include "cmd/line/session.h"
#include "cmd/queue/info_json.h"
#include "cmd/queue/info_show.h"
#include "cmd/queue/info.h"

enum { DEFAULT_WIDTH = 80, INTERVAL_MAX_S = 86400 };
#define TEXT_MAX ((size_t)256 * 1024 * 1024) /* bytes of one picture: some million workers */

struct info_options {
    double interval_s;
    bool raw, only_queues, only_workers, by_queue, json;
};

#define FIELD(member) offsetof(struct info_options, member)

static const struct cq_option info_options[] = {
    {.kind = CQ_OPTION_NUMBER,
     .name = "interval",
     .letter = 'i',
     .argument = "SECONDS",
     .field = FIELD(interval_s),
     .max = INTERVAL_MAX_S,
     .help = "Repeat every so many seconds, until Ctrl-C (default: once)"},
    {.kind = CQ_OPTION_FLAG,
     .name = "raw",
     .letter = 'r',
     .field = FIELD(raw),
     .help = "Show only the raw numbers, no bar charts"},
    {.kind = CQ_OPTION_FLAG,
     .name = "only-queues",
     .letter = 'Q',
     .field = FIELD(only_queues),
     .help = "Only queues"},
    {.kind = CQ_OPTION_FLAG,
     .name = "only-workers",
     .letter = 'W',
     .field = FIELD(only_workers),
     .help = "Only workers"},
    {.kind = CQ_OPTION_FLAG,
     .name = "by-queue",
     .letter = 'R',
     .field = FIELD(by_queue),
     .help = "Workers by queue"},
    {.kind = CQ_OPTION_FLAG,
     .name = "json",
     .field = FIELD(json),
     .help = "Print everything as one JSON object a line (docs/CLI.md)"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "Only reads: looking at registries does not clean them. A value that cannot be known, such as a key of "
    "the wrong type, shows as '-'. Colours are for a terminal, unless NO_COLOR is set.",
    NULL,
};

const struct cq_syntax cq_info_syntax = {
    .arguments = "[QUEUES]...",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct info_options),
    .options = info_options,
    .notes = notes,
};

/* As Python's shutil.get_terminal_size. */
static int terminal_width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    int64_t width;
    if (columns && cq_number_int(cq_str(columns), 1, 10000, &width))
        return (int)width;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
        return size.ws_col;
    return DEFAULT_WIDTH;
}

#define HIDE_CURSOR "\033[?25l"
#define SHOW_CURSOR "\033[?25h"
#define CLEAR_ALL "\033[H\033[2J"

static volatile sig_atomic_t cursor_hidden; /* read by the signal handler */

/* Ctrl-C is how one leaves `info --interval`. There is nothing to undo but the cursor, so leave from right
 * here. */
static void leave(int signal_number)
{
    static const char restore[] = SHOW_CURSOR "\n";
    const char *text = cursor_hidden ? restore : "\n";
    ssize_t ignored = write(STDOUT_FILENO, text, strlen(text));
    (void)ignored;
    _exit(signal_number == SIGINT ? CQ_EXIT_OK : 128 + signal_number);
}

/* Ctrl-Z gives the terminal to the shell, with its cursor; the picture is drawn without it when we continue.
 */
static void pause_here(int signal_number)
{
    (void)signal_number;
    int kept = errno;
    ssize_t ignored = cursor_hidden ? write(STDOUT_FILENO, SHOW_CURSOR, strlen(SHOW_CURSOR)) : 0;
    raise(SIGSTOP);
    ignored += cursor_hidden ? write(STDOUT_FILENO, HIDE_CURSOR, strlen(HIDE_CURSOR)) : 0;
    (void)ignored;
    errno = kept;
}

static void start_redrawing(void)
{
    struct sigaction action = {.sa_handler = leave};
    struct sigaction pausing = {.sa_handler = pause_here, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGTSTP, &pausing, NULL);
    if (cq_output_is_terminal()) {
        cursor_hidden = 1;
        cq_print(HIDE_CURSOR CLEAR_ALL);
    }
}

static void stop_redrawing(void)
{
    if (cursor_hidden)
        cq_print(SHOW_CURSOR);
    cursor_hidden = 0;
}

/* Draw over the last picture: each line clears what is right of it, the end clears what is below, nothing
 * blinks. */
static void draw_over(struct cq_str text)
{
    cq_print("\033[H");
    while (text.len) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len;
        cq_print_str(cq_str_n(text.data, len));
        cq_print("\033[K\n");
        len = end ? len + 1 : len;
        text = cq_str_n(text.data + len, text.len - len);
    }
    cq_print("\033[J");
}

static enum cq_exit show(struct cq_session *session, const struct cq_strv *queues,
                         const struct info_options *options)
{
    struct cq_info_form form = {options->raw,      options->only_queues, options->only_workers,
                                options->by_queue, options->json,        terminal_width()};
    struct cq_buf text = CQ_BUF_INIT(TEXT_MAX);
    struct cq_overview overview;
    struct cq_error err;
    enum cq_code code = cq_overview_read(session->connection, queues, cq_clock_now(), &overview, &err);
    if (code == CQ_OK) {
        (form.json ? cq_info_json : cq_info_text)(&overview, &form, &text);
        if (cursor_hidden && !form.json)
            draw_over(cq_buf_view(&text));
        else
            cq_print_str(cq_buf_view(&text));
    } else {
        stop_redrawing();
        cq_complain(session->command, "%s", err.text);
    }
    cq_overview_release(&overview);
    cq_buf_release(&text);
    return cq_output_end(cq_exit_of(code));
}

static void pause_for(double seconds)
{
    struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

enum cq_exit cq_info_command(const struct cq_run *run)
{
    const struct info_options *options = run->options;
    struct cq_strv queues = CQ_STRV_INIT;
    struct cq_session session;
    if (options->json && (options->raw || options->by_queue)) {
        cq_complain(run->name, "--json does not combine with --raw or --by-queue: it shows everything");
        return CQ_EXIT_USAGE;
    }
    enum cq_exit status = cq_session_open(&session, run);
    if (status == CQ_EXIT_OK && run->arg_count)
        status = cq_session_queues(&session, run, &queues);
    if (status == CQ_EXIT_OK && options->interval_s > 0) {
        start_redrawing();
        while ((status = show(&session, &queues, options)) == CQ_EXIT_OK)
            pause_for(options->interval_s);
        stop_redrawing();
    } else if (status == CQ_EXIT_OK) {
        status = show(&session, &queues, options);
    }
    cq_strv_release(&queues);
    cq_session_close(&session);
    return status;
}
