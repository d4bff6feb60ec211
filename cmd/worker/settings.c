#include "cmd/worker/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "cmd/worker/classes.h"
#include "cmd/worker/queues.h"
#include "config/interpreter.h"
#include "job/keys.h"
#include "worker/runtimes/launch.h"

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

static enum cq_code apply_level(struct cq_settings *settings, const struct cq_worker_options *options,
                                struct cq_error *err)
{
    if (options->verbose && options->quiet)
        return cq_error_set(err, CQ_ERR_USAGE, "--verbose and --quiet are mutually exclusive");
    if (options->verbose)
        settings->logging_level = CQ_LOG_DEBUG;
    else if (options->quiet)
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

/*
 * One that was named has to be there when the worker starts, although the first Python job may come much
 * later. The default is another matter: a machine without Python runs C functions and programs all the same.
 */
static enum cq_code check_interpreter(const struct cq_settings *settings, struct cq_error *err)
{
    struct cq_error why;
    char *file = NULL;
    if (cq_settings_source(settings, "worker.python") == CQ_FROM_DEFAULT || !settings->python)
        return CQ_OK;
    enum cq_code code = cq_launch_find(settings->python, &file, &why);
    if (code != CQ_OK)
        return cq_error_set(err, code, "--python: %s", why.text);
    code = cq_interpreter_prove(file, "--python", err);
    free(file);
    return code;
}

/* Each by itself makes sense; what --allow promises, only our own reader keeps. */
static enum cq_code check_allow(const struct cq_session *session, struct cq_error *err)
{
    if (session->settings.serializer.path && session->settings.allow.len)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--allow cannot see the names in jobs of the serializer %s; leave out one of the "
                            "two, or use pickle or json",
                            session->settings.serializer.path);
    return CQ_OK;
}

enum cq_code cq_worker_read_settings(struct cq_session *session, const struct cq_run *run,
                                     struct cq_error *err)
{
    const struct cq_worker_options *options = run->options;
    struct cq_settings *settings = &session->settings;
    enum cq_code code = cq_session_configure(session, run, err);
    if (code == CQ_OK)
        code = apply_n(settings, options->n, err);
    if (code == CQ_OK)
        code = check_name(settings->name, err);
    if (code == CQ_OK)
        code = apply_level(settings, options, err);
    if (code == CQ_OK)
        code = cq_worker_classes_apply(settings, err);
    if (code == CQ_OK)
        code = cq_worker_queues_apply(settings, run, err);
    if (code == CQ_OK)
        code = check_allow(session, err);
    if (code == CQ_OK)
        code = check_interpreter(settings, err);
    return code;
}
