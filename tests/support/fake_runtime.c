#include "tests/worker/fake.h"

#include <string.h>
#include <sys/stat.h>

char fake_folder[160], fake_config[200], fake_interpreter[200];

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "we");
    ck_assert_msg(file != NULL, "cannot write %s", path);
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
}

void fake_says(const char *file, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", fake_folder, file);
    if (text)
        write_file(path, text, 0600);
    else
        unlink(path);
}

pid_t start_without_python(void)
{
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    pid_t worker = start_worker("--burst", NULL);
    setenv("PATH", path, 1);
    free(path);
    return worker;
}

int fake_lines(const char *words)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/record", fake_folder);
    return count_lines(path, words);
}

void wait_lines(int wanted, const char *words)
{
    for (int64_t end = patience_end_ms(); fake_lines(words) < wanted && wait_a_moment(end);)
        ;
    ck_assert_msg(fake_lines(words) == wanted, "%d lines of the record have '%s', not %d", fake_lines(words),
                  words, wanted);
}

const char *result_of(const char *id)
{
    static char text[1024];
    char key[256];
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_result result;
    struct cq_error err;
    snprintf(key, sizeof(key), "rq:results:%s", id);
    struct cq_reply *reply = redis_server_run(server, "XREVRANGE", key, "+", "-", "COUNT", "1", NULL);
    ck_assert_msg(cq_reply_len(reply) == 1, "job %s has no result", id);
    ck_assert_int_eq(cq_result_read(cq_reply_at(reply, 0), &arena, &result, &err), CQ_OK);
    snprintf(text, sizeof(text), "%.*s", (int)result.return_value.len,
             result.return_value.len ? result.return_value.data : "");
    cq_arena_release(&arena);
    cq_reply_free(reply);
    return text;
}

/* Not a version manager's script of that name, which takes longer than the tests do. */
static const char *python(void)
{
    return access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : "python3";
}

static void make_files(void)
{
    static int number;
    char text[1024], script[512];
    ck_assert_ptr_nonnull(realpath("tests/worker/fake_stable.py", script));
    snprintf(fake_folder, sizeof(fake_folder), "%s/fake-%d-%d", server->folder, (int)getpid(), number++);
    ck_assert_int_eq(mkdir(fake_folder, 0700), 0);
    snprintf(fake_config, sizeof(fake_config), "%s/cq.ini", fake_folder);
    snprintf(fake_interpreter, sizeof(fake_interpreter), "%s/interpreter", fake_folder);
    snprintf(text, sizeof(text), "[runtime.fake]\ncommand = %s -S -E %s %s\nfunctions = fake\n", python(),
             script, fake_folder);
    write_file(fake_config, text, 0600);
    snprintf(text, sizeof(text),
             "#!/bin/sh\nif [ \"$1\" = -S ]; then exec printf '=\\000CPython 3.9\\000'; fi\nexec %s -S -E %s "
             "%s \"$@\"\n",
             python(), script, fake_folder);
    write_file(fake_interpreter, text, 0700);
}

TCase *fake_case(const char *name)
{
    TCase *tcase = worker_case(name);
    tcase_add_checked_fixture(tcase, make_files, NULL);
    return tcase;
}
