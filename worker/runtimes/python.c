/* The python runtime's start: what the interpreter is told, and by which way. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/frame.h"
#include "runtime/python/bundle.h"
#include "worker/runtimes/launch.h"
#include "worker/runtimes/redis_url.h"

static const char *const level_names[] = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"};

static void add_text(struct cq_frame_writer *writer, const char *key, const char *text)
{
    if (text)
        cq_frame_add_str(writer, key, cq_str(text));
}

/* A list is one text, each item ended by a NUL: a name may hold anything else. Absent when it is empty.
 * False: too long. */
static bool add_list(struct cq_frame_writer *writer, const char *key, const struct cq_strv *list)
{
    struct cq_buf text = CQ_BUF_INIT(CQ_FRAME_CONTROL_MAX);
    for (size_t i = 0; list && i < list->len; i++)
        cq_buf_append(&text, list->items[i], strlen(list->items[i]) + 1);
    if (text.len)
        cq_frame_add_str(writer, key, cq_buf_view(&text));
    bool fits = !text.overflow;
    cq_buf_release(&text);
    return fits;
}

static const char *serializer(const struct cq_settings *settings)
{
    if (settings->serializer.path)
        return settings->serializer.path;
    return settings->serializer.restricted ? cq_format_name(settings->serializer.format) : "";
}

static bool write_setup(const struct cq_settings *settings, const struct cq_address *address,
                        struct cq_str fatal, struct cq_buf *out)
{
    struct cq_frame_writer writer;
    struct cq_buf url = CQ_BUF_INIT(CQ_REDIS_URL_MAX);
    cq_redis_url(address, &url);
    cq_frame_start(&writer, out, "setup");
    cq_frame_add_str(&writer, "url", cq_buf_view(&url));
    bool fits = add_list(&writer, "paths", &settings->path);
    fits = add_list(&writer, "preload", &settings->preload) && fits;
    cq_frame_add_bool(&writer, "auto_preload", settings->auto_preload);
    fits = add_list(&writer, "handlers", &settings->exception_handlers) && fits;
    cq_frame_add_bool(&writer, "default_handler", settings->default_exception_handler);
    add_text(&writer, "job_class", settings->job_class);
    add_text(&writer, "connection_class", settings->connection_class);
    add_text(&writer, "serializer", serializer(settings));
    fits = add_list(&writer, "allow", &settings->allow) && fits;
    if (fatal.len)
        cq_frame_add_str(&writer, "fatal", fatal);
    add_text(&writer, "level", level_names[settings->logging_level]);
    add_text(&writer, "executable", CQ_VERSION);
    bool whole = cq_frame_end(&writer) && fits && !url.overflow;
    if (url.data)
        explicit_bzero(url.data, url.len);
    cq_buf_release(&url);
    return whole;
}

static bool write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno != EINTR)
            return false;
        at += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* In memory, because argv and the environment are for all to see, and a file would have to be removed. */
static enum cq_code make_extra(const struct cq_settings *settings, const struct cq_address *address,
                               struct cq_str fatal, int *ret_fd, struct cq_error *err)
{
    struct cq_buf setup = CQ_BUF_INIT(CQ_FRAME_CONTROL_MAX);
    int fd = -1;
    enum cq_code code = CQ_OK;
    if (!write_setup(settings, address, fatal, &setup))
        code = cq_error_set(err, CQ_ERR_CONFIG, "its options together are longer than %d bytes",
                            CQ_FRAME_CONTROL_MAX);
    else if ((fd = memfd_create("cq-python", MFD_CLOEXEC)) < 0 ||
             !write_all(fd, cq_python_bundle, cq_python_bundle_size) ||
             !write_all(fd, setup.data, setup.len) || lseek(fd, 0, SEEK_SET) != 0)
        code = cq_error_errno(err, errno, "cannot make a file in memory");
    if (setup.data)
        explicit_bzero(setup.data, setup.len);
    cq_buf_release(&setup);
    if (code != CQ_OK && fd >= 0)
        close(fd);
    else
        *ret_fd = fd;
    return code;
}

enum cq_code cq_launch_python(struct cq_launch *launch, const struct cq_settings *settings,
                              const struct cq_address *address, struct cq_str fatal, struct cq_error *err)
{
    struct cq_error why;
    enum cq_code code = cq_launch_find(settings->python, &launch->file, &why);
    if (code != CQ_OK)
        return cq_error_set(err, code, "%s; name an interpreter with --python", why.text);
    code = make_extra(settings, address, fatal, &launch->extra_fd, err);
    if (code != CQ_OK)
        return code;
    /* By the path that was found, links and all: it tells an interpreter which virtual environment it is. */
    cq_strv_push(&launch->argv, cq_str(launch->file));
    cq_strv_push(&launch->argv, CQ_STR_LIT("-c"));
    cq_strv_push(&launch->argv, cq_str(cq_python_boot));
    return CQ_OK;
}
