/*
 * The extension module in the user's interpreter (PYTHON, else python3), booted as the worker does it, with
 * tests/runtime/python/_stable.py as its Python side.
 */
#ifndef CQ_TESTS_RUNTIME_RIG_PYTHON_H
#define CQ_TESTS_RUNTIME_RIG_PYTHON_H

#include <sys/mman.h>

#include "runtime/python/bundle.h"
#include "tests/support/rig_stable.h"

enum { FILE_MAX = 1024 * 1024 };

static CQ_UNUSED void append_file(struct cq_buf *out, const char *path)
{
    FILE *file = fopen(path, "re");
    char bytes[4096];
    size_t n;
    ck_assert_msg(file, "cannot open %s", path);
    while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
        ck_assert(cq_buf_append(out, bytes, n));
    fclose(file);
}

static CQ_UNUSED void append_bundle(struct cq_buf *out)
{
    struct cq_buf source = CQ_BUF_INIT(FILE_MAX);
    append_file(out, build_folder("gen/python/_cq.so"));
    append_file(&source, "tests/runtime/python/_stable.py");
    cq_buf_printf(out, "__init__ 0\n_stable %zu\n\n", source.len);
    cq_buf_str(out, cq_buf_view(&source));
    cq_buf_release(&source);
}

/* Start the interpreter; descriptor 4 is a file of these bytes. NULL: no such descriptor. */
static CQ_UNUSED void start_python(const char *boot, const struct cq_buf *file)
{
    const char *python = getenv("PYTHON") ? getenv("PYTHON") : "python3";
    int pair[2], fd = -1;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    if (file) {
        fd = memfd_create("bundle", MFD_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, file->data, file->len), (ssize_t)file->len);
        lseek(fd, 0, SEEK_SET);
    }
    fflush(NULL);
    stable_pid = fork();
    if (stable_pid == 0) {
        setpgid(0, 0);
        int socket_fd = dup(pair[1]);
        int file_fd = fd >= 0 ? dup(fd) : -1;
        dup2(socket_fd, 3);
        if (file_fd >= 0)
            dup2(file_fd, 4);
        else
            close(4);
        close_range(5, ~0U, 0);
        execlp(python, python, "-c", boot, (char *)NULL);
        _exit(127);
    }
    close(pair[1]);
    if (fd >= 0)
        close(fd);
    stable_link = (struct link){.fd = pair[0], .in = CQ_BUF_INIT(LINK_MAX)};
}

/* code and late are run before and after hello; paths, when not NULL, is the setup's list of that name. */
static CQ_UNUSED void start_with(const char *code, const char *late, struct cq_str paths)
{
    struct cq_buf file = CQ_BUF_INIT(FILE_MAX);
    struct cq_frame_writer writer;
    append_bundle(&file);
    cq_frame_start(&writer, &file, "setup");
    cq_frame_add_str(&writer, "url", CQ_STR_LIT("redis://h\xc3\xa9"));
    cq_frame_add_str(&writer, "paths", paths);
    cq_frame_add_bool(&writer, "auto_preload", true);
    cq_frame_add_str(&writer, "code", cq_str(code));
    cq_frame_add_str(&writer, "late", cq_str(late));
    ck_assert(cq_frame_end(&writer));
    start_python(cq_python_boot, &file);
    cq_buf_release(&file);
}

static CQ_UNUSED struct cq_frame start(const char *code)
{
    start_with(code, "", CQ_STR_NONE);
    return expect(&stable_link, "hello");
}

static CQ_UNUSED void send_code(struct link *horse, const char *code, bool reuse)
{
    struct cq_buf out = CQ_BUF_INIT(LINK_MAX);
    struct cq_frame_writer writer;
    cq_frame_start(&writer, &out, "job");
    cq_frame_add_str(&writer, "id", CQ_STR_LIT("job-1"));
    cq_frame_add_int(&writer, "timeout", -1);
    cq_frame_add_bool(&writer, "reuse", reuse);
    cq_frame_add_map(&writer, "fields", 1);
    cq_frame_add_bin(&writer, "code", cq_str(code));
    ck_assert(cq_frame_end(&writer));
    send_bytes(horse->fd, &out, NULL, 0);
    cq_buf_release(&out);
}

/* A horse of its own for one piece of code; its answer has this value. */
static CQ_UNUSED void ck_value(const char *code, const char *want)
{
    static int64_t number = 100;
    struct link horse;
    start_horse(++number, &horse, NULL);
    send_code(&horse, code, false);
    struct cq_frame done = expect(&horse, "done");
    ck_text(cq_frame_get_str(&done, "value"), want);
    ck_assert(!next_frame(&horse, &done));
    ck_assert_int_eq(horse_status(number), 0);
    end_link(&horse);
}

static CQ_UNUSED void ck_fails_with(const char *code, const char *part)
{
    struct link horse;
    start_horse(50, &horse, NULL);
    send_code(&horse, code, false);
    struct cq_frame failed = expect(&horse, "failed");
    ck_contains(cq_frame_get_str(&failed, "exc"), part);
    ck_assert_int_eq(horse_status(50), 0);
    end_link(&horse);
}

#endif
