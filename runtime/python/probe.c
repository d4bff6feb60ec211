#include "runtime/python/extension.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "runtime/stable/horse.h"

enum {
    PROBE_PATIENCE_MS = 60 * 1000,
    PROBE_TEXT_MAX = 64 * 1024, /* bytes of what the child says, cut */
    WORD_OK = '+',
    WORD_RAISED = '-',
};

/* ---- in the child ---- */

/* What Python would print of the exception that is set, and clear it. NULL: it cannot be printed either. */
static PyObject *text_of_exception(void)
{
    PyObject *type, *value, *trace, *lines = NULL, *text = NULL;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    PyObject *module = PyImport_ImportModule("traceback");
    PyObject *nothing = PyUnicode_FromString("");
    if (module && nothing)
        lines = PyObject_CallMethod(module, "format_exception", "OOO", type ? type : Py_None, value ? value : Py_None,
                                    trace ? trace : Py_None);
    if (lines)
        text = PyUnicode_Join(nothing, lines);
    PyErr_Clear();
    return text;
}

static void say(int fd, char word, PyObject *text)
{
    char *data = (char *)"";
    Py_ssize_t len = 0;
    PyObject *bytes = text ? cq_utf8_of(text) : NULL;
    if (bytes)
        PyBytes_AsStringAndSize(bytes, &data, &len);
    if (len > PROBE_TEXT_MAX)
        len = PROBE_TEXT_MAX;
    char head[1 + sizeof(uint32_t)] = {word};
    uint32_t size = (uint32_t)len;
    memcpy(head + 1, &size, sizeof(size));
    ssize_t ignored = write(fd, head, sizeof(head));
    ignored = write(fd, data, size);
    (void)ignored;
}

CQ_NORETURN static void run_child(int fd, PyObject *callable)
{
    cq_horse_set_up_probe(cq_this_stable());
    cq_stable_py_become_child();
    PyObject *result = PyObject_CallObject(callable, NULL);
    PyObject *text = result ? PyObject_Str(result) : NULL;
    if (text)
        say(fd, WORD_OK, text);
    else
        say(fd, WORD_RAISED, text_of_exception());
    fflush(NULL);
    _exit(0);
}

/* ---- in the stable ---- */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint32_t size_in(const struct cq_buf *said)
{
    uint32_t size;
    memcpy(&size, said->data + 1, sizeof(size));
    return size;
}

/* Read until all is said. False: end of file before that, which is the child's death, or the time is over. */
static bool listen_to(int fd, struct cq_buf *said, bool *ret_hung)
{
    enum { HEAD = 1 + sizeof(uint32_t) };
    int64_t end = now_ms() + PROBE_PATIENCE_MS;
    *ret_hung = false;
    while (said->len < HEAD || said->len < HEAD + size_in(said)) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left = end - now_ms();
        if (left <= 0) {
            *ret_hung = true;
            return false;
        }
        if (poll(&ready, 1, (int)left) <= 0)
            continue;
        char bytes[4096];
        ssize_t n = read(fd, bytes, sizeof(bytes));
        if (n == 0 || (n < 0 && errno != EINTR) || (n > 0 && !cq_buf_append(said, bytes, (size_t)n)))
            return false;
    }
    return true;
}

static PyObject *answer(const struct cq_buf *said)
{
    enum { HEAD = 1 + sizeof(uint32_t) };
    return Py_BuildValue("NN", PyBool_FromLong(said->data[0] == WORD_OK), cq_text_of(cq_str_n(said->data + HEAD, size_in(said))));
}

static PyObject *answer_of_dead(int wait_status, bool hung)
{
    char text[128];
    if (hung)
        snprintf(text, sizeof(text), "it was not done after %d s", PROBE_PATIENCE_MS / 1000);
    else if (WIFSIGNALED(wait_status))
        snprintf(text, sizeof(text), "the process died of signal %d (%s)", WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
    else
        snprintf(text, sizeof(text), "the process exited with status %d", WEXITSTATUS(wait_status));
    return Py_BuildValue("Os", Py_False, text);
}

PyObject *cq_probe_py(PyObject *self, PyObject *callable)
{
    const struct cq_stable *stable = cq_this_stable();
    struct cq_buf said = CQ_BUF_INIT(2 * PROBE_TEXT_MAX);
    int ends[2], wait_status = 0;
    bool hung;
    (void)self;
    if (!stable) {
        PyErr_SetString(PyExc_RuntimeError, "this process is no stable: call open first");
        return NULL;
    }
    if (pipe2(ends, O_CLOEXEC) != 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    PyOS_BeforeFork();
    pid_t pid = fork();
    if (pid == 0)
        run_child(ends[1], callable);
    int fork_errno = errno;
    PyOS_AfterFork_Parent();
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        errno = fork_errno;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    setpgid(pid, pid);
    bool done = listen_to(ends[0], &said, &hung);
    close(ends[0]);
    /* Nobody but this waits for it; it is not reaped before its group is gone. A dead one keeps its own status. */
    kill(-pid, SIGKILL);
    while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR) {}
    cq_herd_kill_leftovers(&stable->herd);
    PyObject *result = done ? answer(&said) : answer_of_dead(wait_status, hung);
    cq_buf_release(&said);
    return result;
}
