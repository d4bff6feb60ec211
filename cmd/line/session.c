#include "cmd/line/session.h"

#include <string.h>

#include "cmd/line/output.h"
#include "config/load.h"
#include "config/redis_address.h"
#include "queue/queue.h"

enum { NAMES_LIMIT = 64 * 1024 }; /* bytes of the names of one list on the command line */

/* What the command line gives a setting; NULL: nothing. */
static const char *given_value(const struct cq_options_given *given, const char *name)
{
    const struct cq_setting *setting = cq_setting_named(name);
    for (size_t i = 0; i < given->len; i++)
        if (given->items[i].option->setting == setting)
            return given->items[i].value;
    return NULL;
}

/* The names of a list that an option gives one by one, or with commas between them: all of them. Together
 * they replace those of the environment and the file. */
static enum cq_code set_names(struct cq_settings *settings, const struct cq_options_given *given,
                              const struct cq_setting *setting, const char *where, struct cq_error *err)
{
    struct cq_buf text = CQ_BUF_INIT(NAMES_LIMIT);
    enum cq_code code;
    size_t count = 0;
    for (size_t i = 0; i < given->len; i++)
        if (given->items[i].option->setting == setting)
            cq_buf_printf(&text, "%s%s", count++ ? "," : "", given->items[i].value);
    if (text.overflow)
        code = cq_error_set(err, CQ_ERR_USAGE, "%s: more than %d KiB of names", where, NAMES_LIMIT / 1024);
    else /* a lone empty one is a comma's worth: said to be empty, not taken for none */
        code = cq_settings_set_row(settings, setting, text.len ? text.data : ",", where, err);
    cq_buf_release(&text);
    return code;
}

/* A wrong value on the command line is a usage error, whichever table knows the bounds. */
static enum cq_code apply(struct cq_session *session, const struct cq_run *run, struct cq_error *err)
{
    for (size_t i = 0; i < run->given->len; i++) {
        const struct cq_option *option = run->given->items[i].option;
        char where[64];
        cq_options_spelling(option, where, sizeof(where));
        enum cq_code code = option->setting->type == CQ_SETTING_NAMES
                                ? set_names(&session->settings, run->given, option->setting, where, err)
                                : cq_settings_set_row(&session->settings, option->setting,
                                                      run->given->items[i].value, where, err);
        if (code != CQ_OK)
            return err->code = option->setting->type == CQ_SETTING_URL ? CQ_ERR_CONFIG : CQ_ERR_USAGE;
    }
    if (run->shared->paths.len)
        cq_settings_set_list(&session->settings, "worker.path", (const char *const *)run->shared->paths.items,
                             run->shared->paths.len);
    return CQ_OK;
}

enum cq_code cq_session_configure(struct cq_session *session, const struct cq_run *run, struct cq_error *err)
{
    *session = (struct cq_session){.command = run->name};
    cq_settings_init(&session->settings);
    const struct cq_config_python python = {given_value(run->given, "worker.python"), &run->shared->paths};
    enum cq_code code = cq_settings_load(&session->settings, run->shared->config, &python, NULL, NULL, err);
    if (code == CQ_OK)
        code = apply(session, run, err);
    if (code != CQ_OK)
        return code;
    for (size_t i = 0; i < session->settings.warnings.len; i++)
        cq_complain(NULL, "warning: %s", session->settings.warnings.items[i]);
    return CQ_OK;
}

enum cq_code cq_session_format(const struct cq_session *session, enum cq_format *ret_format,
                               struct cq_error *err)
{
    if (session->settings.serializer.path)
        return cq_error_set(
            err, CQ_ERR_CONFIG,
            "serializer %.80s is Python's, and only a worker can use it: give --serializer pickle, "
            "json or msgpack",
            session->settings.serializer.path);
    *ret_format = session->settings.serializer.format;
    return CQ_OK;
}

enum cq_code cq_session_connect(struct cq_session *session, struct cq_error *err)
{
    struct cq_address address;
    enum cq_code code = cq_settings_address(&session->settings, &address, err);
    if (code != CQ_OK)
        return code;
    code = cq_connection_open(&address, NULL, &session->connection, err);
    cq_address_release(&address);
    return code;
}

enum cq_exit cq_session_open(struct cq_session *session, const struct cq_run *run)
{
    struct cq_error err;
    enum cq_code code = cq_session_configure(session, run, &err);
    if (code == CQ_OK)
        code = cq_session_connect(session, &err);
    if (code != CQ_OK)
        cq_complain(run->name, "%s", err.text);
    return cq_exit_of(code);
}

void cq_session_close(struct cq_session *session)
{
    cq_connection_close(session->connection);
    session->connection = NULL;
    cq_settings_release(&session->settings);
}

enum cq_exit cq_session_call(struct cq_session *session, struct cq_command *command,
                             struct cq_reply **ret_reply)
{
    struct cq_error err;
    enum cq_code code = cq_connection_call(session->connection, command, ret_reply, &err);
    if (code != CQ_OK) {
        *ret_reply = NULL;
        cq_complain(session->command, "%s%s%s", session->about ? session->about : "",
                    session->about ? ": " : "", err.text);
    }
    return cq_exit_of(code);
}

/* The queue names on the command line, each checked. */
static enum cq_code named_queues(const struct cq_run *run, struct cq_strv *ret_names, struct cq_error *err)
{
    for (size_t i = 0; i < run->arg_count; i++) {
        enum cq_code code = cq_queue_name_check(cq_str(run->args[i]), err);
        if (code != CQ_OK)
            return code;
        cq_strv_push(ret_names, cq_str(run->args[i]));
    }
    return CQ_OK;
}

enum cq_exit cq_session_queues(struct cq_session *session, const struct cq_run *run,
                               struct cq_strv *ret_names)
{
    struct cq_command command;
    struct cq_reply *reply = NULL;
    struct cq_error err;
    enum cq_code code;
    cq_strv_init(ret_names);
    cq_command_init(&command);
    if (run->arg_count) {
        code = named_queues(run, ret_names, &err);
    } else {
        cq_queue_names_build(&command);
        code = cq_connection_call(session->connection, &command, &reply, &err);
        if (code == CQ_OK)
            code = cq_queue_names_read(reply, ret_names, &err);
    }
    if (code != CQ_OK)
        cq_complain(session->command, "%s", err.text);
    cq_reply_free(reply);
    cq_command_release(&command);
    return cq_exit_of(code);
}
