#include "cmd/worker/given.h"

#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "cmd/worker/classes.h"
#include "cmd/worker/queues.h"
#include "job/keys.h"

enum { NAMES_LIMIT = 64 * 1024 }; /* bytes of the names of one list on the command line */

/* RQ's -n is the name, a number of workers is what `cq worker -n 8` looks like: the value tells. */
static enum cq_code apply_n(struct cq_settings *settings, const char *n, struct cq_error *err)
{
    int64_t number;
    if (!n)
        return CQ_OK;
    bool is_number = cq_number_int(cq_str(n), INT64_MIN + 1, INT64_MAX, &number);
    enum cq_code code = cq_settings_set(settings, is_number ? "worker.num_workers" : "worker.name", n, "-n",
                                        err);
    return code == CQ_OK ? CQ_OK : CQ_ERR_USAGE;
}

/* RQ takes Python's format strings here, which say nothing to us: better refused than ignored. */
static enum cq_code apply_log_format(struct cq_settings *settings, const char *format, struct cq_error *err)
{
    if (!format)
        return CQ_OK;
    if (strchr(format, '%'))
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--log-format: cq has no Python format strings; give text or json");
    return cq_settings_set(settings, "worker.log_format", format, "--log-format", err) == CQ_OK
               ? CQ_OK
               : CQ_ERR_USAGE;
}

/* What the command line names replaces what environment and file name, as it does for -P. */
static enum cq_code apply_names(struct cq_settings *settings, const struct cq_worker_given *given,
                                struct cq_error *err)
{
    const struct {
        const struct cq_strv *names;
        const char *key, *option;
    } lists[] = {
        {&given->preload, "worker.preload", "--preload"},
        {&given->exception_handlers, "worker.exception_handlers", "--exception-handler"},
        {&given->allow, "worker.allow", "--allow"},
    };
    for (size_t i = 0; i < CQ_ARRAY_LEN(lists); i++) {
        struct cq_buf text = CQ_BUF_INIT(NAMES_LIMIT);
        enum cq_code code = CQ_OK;
        cq_strv_join(lists[i].names, ",", &text);
        if (text.overflow)
            code = cq_error_set(err, CQ_ERR_USAGE, "%s: more than %d KiB of names", lists[i].option,
                                NAMES_LIMIT / 1024);
        /* a lone empty one is a comma's worth: said to be empty, not taken for none */
        else if (lists[i].names->len)
            code = cq_settings_set(settings, lists[i].key, text.len ? text.data : ",", lists[i].option, err);
        cq_buf_release(&text);
        if (code != CQ_OK)
            return CQ_ERR_USAGE;
    }
    return CQ_OK;
}

static enum cq_code apply_level(struct cq_settings *settings, const struct cq_worker_given *given,
                                struct cq_error *err)
{
    if (given->verbose && given->quiet)
        return cq_error_set(err, CQ_ERR_USAGE, "--verbose and --quiet are mutually exclusive");
    if (given->verbose)
        settings->logging_level = CQ_LOG_DEBUG;
    else if (given->quiet)
        settings->logging_level = CQ_LOG_WARNING;
    return CQ_OK;
}

/* The name becomes part of keys and of every line of the log. Room is left for the `.1000` of several
 * workers. */
static enum cq_code check_name(const char *name, struct cq_error *err)
{
    enum { NAME_MAX_BYTES = CQ_NAME_MAX - 5 };
    bool printable = !name || cq_utf8_valid(cq_str(name));
    for (const char *c = name; printable && c && *c; c++)
        printable = (unsigned char)*c >= ' ' && *c != 127;
    if (!printable)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "the worker's name '%.80s' is not printable UTF-8; choose another", name);
    if (name && strlen(name) > NAME_MAX_BYTES)
        return cq_error_set(err, CQ_ERR_USAGE, "the worker's name '%.40s...' has %zu bytes: %d is the most",
                            name, strlen(name), NAME_MAX_BYTES);
    return CQ_OK;
}

enum cq_code cq_worker_given_configure(struct cq_session *session, const struct cq_run *run,
                                       struct cq_error *err)
{
    const struct cq_worker_given *given = run->options;
    enum cq_code code = cq_session_configure(session, run, err);
    if (code == CQ_OK)
        code = apply_n(&session->settings, given->n, err);
    if (code == CQ_OK)
        code = check_name(session->settings.name, err);
    if (code == CQ_OK)
        code = apply_log_format(&session->settings, given->log_format, err);
    if (code == CQ_OK)
        code = apply_level(&session->settings, given, err);
    if (code == CQ_OK)
        code = apply_names(&session->settings, given, err);
    if (code == CQ_OK)
        code = cq_worker_classes_apply(&session->settings, err);
    if (code == CQ_OK)
        code = cq_worker_queues_apply(&session->settings, run, err);
    session->settings.burst = given->burst;
    session->settings.max_jobs = given->max_jobs == CQ_OPTION_UNSET ? 0 : given->max_jobs;
    session->settings.max_idle_time_s = given->max_idle_s == CQ_OPTION_UNSET ? 0 : given->max_idle_s;
    session->settings.pid_file = given->pid_file;
    return code;
}
