#include "cmd/cron/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cron/words.h"
#include "cron/configuration.h"
#include "cron/crontab.h"

static enum cq_code read_text(const char *name, const char *label, struct cq_buf *text, struct cq_error *err)
{
    enum { CHUNK = 16 * 1024 };
    static bool input_read;
    bool input = strcmp(name, "-") == 0;
    if (input && input_read)
        return cq_error_set(err, CQ_ERR_CONFIG, "standard input can be read only once; give a file");
    input_read |= input;
    int fd = input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(name, O_RDONLY | O_CLOEXEC);
    struct stat info;
    ssize_t n = 0;
    if (fd < 0)
        return cq_error_set(err, CQ_ERR_CONFIG, "%.120s: cannot be read: %s", label, strerror(errno));
    enum cq_code code = CQ_OK;
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
        code = cq_error_set(err, CQ_ERR_CONFIG, "%.120s: is a folder; name a file in it", label);
    while (code == CQ_OK) {
        char *room = cq_buf_reserve(text, CHUNK);
        if (!room) {
            code = cq_error_set(err, CQ_ERR_CONFIG,
                                "%.120s: has more than %d KiB; is this a file of schedules?", label,
                                CQ_CRONTAB_MAX / 1024);
        } else if ((n = read(fd, room, CHUNK)) < 0 && errno != EINTR) {
            code = cq_error_set(err, CQ_ERR_CONFIG, "%.120s: cannot be read: %s", label, strerror(errno));
        } else if (n == 0) {
            break;
        } else if (n > 0) {
            text->len += (size_t)n;
        }
    }
    close(fd);
    return code;
}

static enum cq_code read_plain(const char *name, const struct cq_cron_files *files,
                               struct cq_cron_table *table, struct cq_error *err)
{
    struct cq_buf text = CQ_BUF_INIT(CQ_CRONTAB_MAX + 16 * 1024);
    struct cq_error why;
    size_t first = table->len;
    enum cq_format format = CQ_FORMAT_PICKLE;
    const char *label = strcmp(name, "-") == 0 ? "standard input" : name;
    enum cq_code code = cq_session_format(files->session, &format, err);
    if (code == CQ_OK)
        code = read_text(name, label, &text, err);
    if (code == CQ_OK)
        code = cq_crontab_parse(cq_buf_view(&text), label, table, err);
    cq_buf_release(&text);
    for (size_t i = first; i < table->len && code == CQ_OK; i++) {
        if (files->missed >= 0)
            table->jobs[i]->missed = (enum cq_cron_missed)files->missed;
        if (cq_cron_words_read(table->jobs[i], format, &why) != CQ_OK)
            code = cq_error_set(err, CQ_ERR_CONFIG, "%s: %s", table->jobs[i]->where, why.text);
    }
    return code;
}

static enum cq_code read_python(const char *name, const struct cq_cron_files *files,
                                struct cq_cron_table *table, struct cq_error *err)
{
    const struct cq_session *session = files->session;
    const struct cq_serializer_setting *serializer = &session->settings.serializer;
    const struct cq_config_python python = {session->settings.python, &session->settings.path};
    size_t first = table->len;
    if (!serializer->path && serializer->format == CQ_FORMAT_MSGPACK)
        return cq_error_set(
            err, CQ_ERR_CONFIG,
            "%.120s: RQ has no msgpack: jobs of a Python configuration are written in pickle or json", name);
    enum cq_code code = cq_cron_python_load(
        name, &python, serializer->path ? serializer->path : cq_format_name(serializer->format), table, err);
    for (size_t i = first; i < table->len && files->missed >= 0; i++)
        table->jobs[i]->missed = (enum cq_cron_missed)files->missed;
    return code;
}

enum cq_code cq_cron_files_read(const struct cq_cron_files *files, struct cq_cron_table *table,
                                struct cq_error *err)
{
    enum cq_code code = CQ_OK;
    for (size_t i = 0; i < files->count && code == CQ_OK; i++) {
        const char *name = files->names[i];
        code = cq_cron_is_python(name) ? read_python(name, files, table, err)
                                       : read_plain(name, files, table, err);
    }
    return code == CQ_OK ? cq_cron_table_finish(table, err) : code;
}
