/*
 * What a command works with: its settings (command line over environment over config file) and its
 * connection.
 *
 * cq_session_close may follow any of the others, also after an error; the struct needs no initialisation
 * before cq_session_configure or cq_session_open.
 */
#ifndef CQ_CMD_SESSION_H
#define CQ_CMD_SESSION_H

#include "base/strv.h"
#include "cmd/line/command.h"
#include "config/settings.h"
#include "redis/connection.h"
#include "serializers/serializer.h"

struct cq_session {
    const char *command; /* for complaints */
    /* borrowed: what a call is about, such as a queue's name, for its complaint; NULL: nothing to add */
    const char *about;
    struct cq_settings settings;
    struct cq_connection *connection; /* NULL until connected */
};

/* Gather the settings. Errors: CQ_ERR_CONFIG, CQ_ERR_USAGE. */
CQ_MUST_CHECK enum cq_code cq_session_configure(struct cq_session *session, const struct cq_run *run,
                                                struct cq_error *err);

/* What this command writes. Errors: CQ_ERR_CONFIG when it was told a serializer of Python's, which only a
 * worker can use. */
CQ_MUST_CHECK enum cq_code cq_session_format(const struct cq_session *session, enum cq_format *ret_format,
                                             struct cq_error *err);

/* Connect. Errors: CQ_ERR_CONNECTION, CQ_ERR_REDIS, CQ_ERR_CONFIG. */
CQ_MUST_CHECK enum cq_code cq_session_connect(struct cq_session *session, struct cq_error *err);

/* Both at once, with the complaint: CQ_EXIT_OK or the status to end with. */
enum cq_exit cq_session_open(struct cq_session *session, const struct cq_run *run);
void cq_session_close(struct cq_session *session);

/* One command with the complaint. *ret_reply is the caller's, NULL after an error. */
enum cq_exit cq_session_call(struct cq_session *session, struct cq_command *command,
                             struct cq_reply **ret_reply);

/*
 * The queues that a command is about: those named in run->args, checked, or with none named all of rq:queues,
 * sorted. Complains; *ret_names is then empty.
 */
enum cq_exit cq_session_queues(struct cq_session *session, const struct cq_run *run,
                               struct cq_strv *ret_names);

#endif
