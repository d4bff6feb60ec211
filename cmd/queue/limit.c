/* cq limit: what is set and used of the limits that jobs share by their rate_limit_key; set them, take them
 * away. */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "cmd/line/command.h"
#include "cmd/line/output.h"
#include "cmd/line/session.h"
#include "job/keys.h"
#include "lifecycle/manage/limit.h"
#include "lifecycle/manage/limit_use.h"

struct limit_options {
    const char *rate, *concurrency; /* NULL: not given */
    bool remove, json, ids;
};

#define FIELD(member) offsetof(struct limit_options, member)

static const struct cq_option limit_options[] = {
    {.kind = CQ_OPTION_TEXT,
     .name = "rate",
     .argument = "N/DURATION",
     .field = FIELD(rate),
     .help =
         "Start at most N jobs of the key in any time of this length, such as 100/1m; none: no such limit"},
    {.kind = CQ_OPTION_TEXT,
     .name = "concurrency",
     .argument = "N",
     .field = FIELD(concurrency),
     .help = "Queue or run at most N jobs of the key at a time, instead of the number in the jobs; none: the "
             "number in the jobs"},
    {.kind = CQ_OPTION_FLAG,
     .name = "remove",
     .field = FIELD(remove),
     .help = "Remove all limits that were set for the key"},
    {.kind = CQ_OPTION_FLAG,
     .name = "json",
     .field = FIELD(json),
     .help = "Show each key as one JSON object a line (docs/CLI.md)"},
    {.kind = CQ_OPTION_FLAG,
     .name = "ids",
     .field = FIELD(ids),
     .help = "Print the ids of the jobs of the key that wait for a slot, one a line, as for cq limit KEY "
             "--ids | xargs cq cancel"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "Without options, shows the limits of the key, or of all keys. 'cq enqueue --rate-limit-key' gives a job "
    "its key, or RQ 3's rate_limit. Only workers of cq keep rates; those of RQ start jobs regardless.",
    NULL,
};

const struct cq_syntax cq_limit_syntax = {
    .arguments = "[KEY]",
    .max_args = 1,
    .options_size = sizeof(struct limit_options),
    .options = limit_options,
    .notes = notes,
};

static bool parse_rate(const char *text, struct cq_limit *limit)
{
    const char *slash = strchr(text, '/');
    if (strcmp(text, "none") == 0) {
        limit->rate = CQ_LIMIT_NONE;
        return true;
    }
    return slash &&
           cq_number_int(cq_str_n(text, (size_t)(slash - text)), 1, CQ_LIMIT_RATE_MAX, &limit->rate) &&
           cq_number_duration(cq_str(slash + 1), &limit->window_s) && limit->window_s >= 1 &&
           limit->window_s <= CQ_LIMIT_WINDOW_MAX_S;
}

/* What the command line sets. Complains. */
static enum cq_exit parse(const struct cq_run *run, struct cq_limit *ret_limit)
{
    const struct limit_options *options = run->options;
    bool sets = options->rate || options->concurrency;
    *ret_limit = (struct cq_limit){.rate = CQ_LIMIT_KEEP, .concurrency = CQ_LIMIT_KEEP};
    if ((sets || options->remove) && !run->arg_count) {
        cq_complain(run->name, "name the key whose limit is to change: cq limit KEY --rate 100/1m");
        return CQ_EXIT_USAGE;
    }
    if (options->ids && !run->arg_count) {
        cq_complain(run->name, "--ids is about one key: cq limit KEY --ids");
        return CQ_EXIT_USAGE;
    }
    if (sets + options->remove + options->json + options->ids > 1) {
        cq_complain(run->name, "--remove, --json, --ids, and --rate or --concurrency exclude each other");
        return CQ_EXIT_USAGE;
    }
    if (options->rate && !parse_rate(options->rate, ret_limit)) {
        cq_complain(run->name,
                    "--rate: '%.60s' is not N/DURATION, N from 1 to %d, the duration from 1 s to %d days; "
                    "such as 100/1m",
                    options->rate, CQ_LIMIT_RATE_MAX, CQ_LIMIT_WINDOW_MAX_S / 86400);
        return CQ_EXIT_USAGE;
    }
    if (options->concurrency && strcmp(options->concurrency, "none") == 0) {
        ret_limit->concurrency = CQ_LIMIT_NONE;
    } else if (options->concurrency && !cq_number_int(cq_str(options->concurrency), 1,
                                                      CQ_LIMIT_CONCURRENCY_MAX, &ret_limit->concurrency)) {
        cq_complain(run->name, "--concurrency: '%.60s' is not a number from 1 to %d, or none",
                    options->concurrency, CQ_LIMIT_CONCURRENCY_MAX);
        return CQ_EXIT_USAGE;
    }
    if (run->arg_count)
        ret_limit->key = cq_str(run->args[0]);
    if (run->arg_count && (!ret_limit->key.len || ret_limit->key.len > CQ_NAME_MAX)) {
        cq_complain(run->name, "a key has 1 to %d bytes", CQ_NAME_MAX);
        return CQ_EXIT_USAGE;
    }
    return CQ_EXIT_OK;
}

static void put_count(struct cq_buf *out, int64_t count)
{
    if (count < 0)
        cq_buf_char(out, '-');
    else
        cq_buf_printf(out, "%lld", (long long)count);
}

static void put_text(struct cq_buf *out, struct cq_str key, const struct cq_limit_use *use)
{
    cq_output_name(out, key);
    cq_buf_text(out, ": ");
    put_count(out, use->allowed);
    if (use->concurrency > 0)
        cq_buf_printf(out, " of %lld", (long long)use->concurrency);
    cq_buf_text(out, " queued or running, ");
    put_count(out, use->rate_limited);
    cq_buf_text(out, " waiting");
    if (use->rate > 0) {
        cq_buf_printf(out, "; %lld of %lld starts in %lld s, ", (long long)use->starts, (long long)use->rate,
                      (long long)use->window_s);
        put_count(out, use->waiting);
        cq_buf_text(out, " waiting");
    }
    cq_buf_char(out, '\n');
}

static void put_member(struct cq_buf *out, const char *name, int64_t number, bool known)
{
    cq_buf_printf(out, ",\"%s\":", name);
    if (known)
        cq_buf_printf(out, "%lld", (long long)number);
    else
        cq_buf_text(out, "null");
}

static void put_json(struct cq_buf *out, struct cq_str key, const struct cq_limit_use *use)
{
    cq_buf_text(out, "{\"key\":\"");
    cq_utf8_escape_json(out, key);
    cq_buf_char(out, '"');
    put_member(out, "concurrency", use->concurrency, use->concurrency > 0);
    put_member(out, "allowed", use->allowed, use->allowed >= 0);
    put_member(out, "rate_limited", use->rate_limited, use->rate_limited >= 0);
    put_member(out, "rate", use->rate, use->rate > 0);
    put_member(out, "window", use->window_s, use->rate > 0);
    put_member(out, "starts", use->starts, use->rate > 0);
    put_member(out, "waiting", use->waiting, use->waiting >= 0);
    cq_buf_text(out, "}\n");
}

static enum cq_exit fail(const struct cq_session *session, const struct cq_error *err)
{
    cq_complain(session->command, "%s", err->text);
    return cq_exit_of(err->code);
}

static enum cq_exit show(struct cq_session *session, struct cq_command *command, struct cq_str key, bool json)
{
    enum { LINE_MAX = 8 * CQ_NAME_MAX + 400 };
    struct cq_reply *reply = NULL;
    struct cq_limit_use use;
    struct cq_error err;
    cq_limit_use_build(key, cq_clock_now(), command);
    enum cq_exit status = cq_session_call(session, command, &reply);
    if (status == CQ_EXIT_OK && cq_limit_use_read(reply, &use, &err) != CQ_OK)
        status = fail(session, &err);
    if (status == CQ_EXIT_OK) {
        struct cq_buf line = CQ_BUF_INIT(LINE_MAX);
        (json ? put_json : put_text)(&line, key, &use);
        cq_print_str(cq_buf_view(&line));
        cq_buf_release(&line);
    }
    cq_reply_free(reply);
    return status;
}

static enum cq_exit show_all(struct cq_session *session, struct cq_command *command, bool json)
{
    struct cq_strv keys = CQ_STRV_INIT;
    struct cq_reply *reply = NULL;
    struct cq_error err;
    cq_limit_keys_build(command);
    enum cq_exit status = cq_session_call(session, command, &reply);
    if (status == CQ_EXIT_OK && cq_limit_keys_read(reply, &keys, &err) != CQ_OK)
        status = fail(session, &err);
    for (size_t i = 0; i < keys.len && status == CQ_EXIT_OK; i++) {
        cq_command_clear(command);
        status = show(session, command, cq_str(keys.items[i]), json);
    }
    if (status == CQ_EXIT_OK && !keys.len && !json)
        cq_print("No limits are set, and no jobs have a key.\n");
    cq_strv_release(&keys);
    cq_reply_free(reply);
    return status;
}

/* Page by page, so that Redis is not held by a key with a million. What gets its slot meanwhile may be left
 * out. */
static enum cq_exit show_ids(struct cq_session *session, struct cq_command *command, struct cq_str key)
{
    char behind[64] = "-inf"; /* the last score, as Redis writes it */
    int64_t skip = 0;
    size_t len = 2 * CQ_LIMIT_PAGE;
    enum cq_exit status = CQ_EXIT_OK;
    while (status == CQ_EXIT_OK && len == 2 * CQ_LIMIT_PAGE) {
        struct cq_reply *reply = NULL;
        cq_command_clear(command);
        cq_limit_waiting_build(key, cq_str(behind), skip, command);
        status = cq_session_call(session, command, &reply);
        len = cq_reply_len(reply);
        for (size_t i = 0; i + 1 < len && status == CQ_EXIT_OK; i += 2) {
            struct cq_str score = cq_reply_str(cq_reply_at(reply, i + 1));
            cq_print_name(cq_reply_str(cq_reply_at(reply, i)));
            cq_print("\n");
            skip = cq_str_is(score, behind) ? skip + 1 : 1;
            snprintf(behind, sizeof(behind), "%.*s", (int)score.len, score.data);
        }
        cq_reply_free(reply);
    }
    return status;
}

static enum cq_exit change(struct cq_session *session, struct cq_command *command,
                           const struct cq_limit *limit, bool remove)
{
    struct cq_reply *reply = NULL;
    struct cq_error err;
    bool before = false;
    if (remove)
        cq_limit_remove_build(limit->key, cq_clock_now(), command);
    else
        cq_limit_set_build(limit, cq_clock_now(), command);
    enum cq_exit status = cq_session_call(session, command, &reply);
    if (status == CQ_EXIT_OK && cq_limit_read(reply, &before, &err) != CQ_OK)
        status = fail(session, &err);
    cq_reply_free(reply);
    if (status != CQ_EXIT_OK)
        return status;
    if (remove) {
        cq_print(before ? "Limits of " : "No limits were set for ");
        cq_print_name(limit->key);
        cq_print(before ? " removed.\n" : ".\n");
        return CQ_EXIT_OK;
    }
    cq_command_clear(command);
    return show(session, command, limit->key, false);
}

enum cq_exit cq_limit_command(const struct cq_run *run)
{
    const struct limit_options *options = run->options;
    struct cq_session session;
    struct cq_limit limit;
    struct cq_command command;
    enum cq_exit status = parse(run, &limit);
    if (status != CQ_EXIT_OK)
        return status;
    cq_command_init(&command);
    status = cq_session_open(&session, run);
    if (status == CQ_EXIT_OK && (options->rate || options->concurrency || options->remove))
        status = change(&session, &command, &limit, options->remove);
    else if (status == CQ_EXIT_OK && options->ids)
        status = show_ids(&session, &command, limit.key);
    else if (status == CQ_EXIT_OK && run->arg_count)
        status = show(&session, &command, limit.key, options->json);
    else if (status == CQ_EXIT_OK)
        status = show_all(&session, &command, options->json);
    cq_command_release(&command);
    cq_session_close(&session);
    return status;
}
