/*
 * Trying something in a child of the stable, such as an import that may start threads, hang or crash. The
 * stable serves its worker meanwhile, so a horse may come out of here: as the exception _cq.Forked, with the
 * horse's name.
 */
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
#include <unistd.h>

#include "base/buf.h"
#include "base/process/exit_text.h"
#include "runtime/stable/horse_self.h"

enum {
    PROBE_WITHIN_MS = 60 * 1000,
    /* what is tried is done afterwards, here, and may take longer: as long as imports may take at the
     * start */
    BUSY_S = 600,
    PROBE_TEXT_MAX = 64 * 1024, /* bytes of what the child says, cut */
    PROBE_NICE = 10,            /* nobody waits for it, and jobs run meanwhile */
    WORD_OK = '+',
    WORD_RAISED = '-',
    HEAD = 1 + sizeof(uint32_t), /* a word and the size of the text that follows */
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
        lines = PyObject_CallMethod(module, "format_exception", "OOO", type ? type : Py_None,
                                    value ? value : Py_None, trace ? trace : Py_None);
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
    char head[HEAD] = {word};
    uint32_t size = (uint32_t)len;
    memcpy(head + 1, &size, sizeof(size));
    ssize_t ignored = write(fd, head, sizeof(head));
    ignored = write(fd, data, size);
    (void)ignored;
}

CQ_NORETURN static void run_child(int fd, PyObject *callable)
{
    cq_horse_self_set_up_probe(cq_this_stable());
    cq_stable_py_become_child();
    int ignored = nice(PROBE_NICE); /* it cannot fail upwards */
    (void)ignored;
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

enum how { SAID, DIED, HUNG, STOPPED /* the stable is to end, or this is a horse */ };

static bool is_whole(const struct cq_buf *said, uint32_t *ret_size)
{
    if (said->len < HEAD)
        return false;
    memcpy(ret_size, said->data + 1, sizeof(*ret_size));
    return said->len >= HEAD + *ret_size;
}

/* False: the child has said all that it will say, which may be nothing. */
static bool read_some(int fd, struct cq_buf *said)
{
    char bytes[4096];
    uint32_t size;
    ssize_t n = read(fd, bytes, sizeof(bytes));
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    return n > 0 && cq_buf_append(said, bytes, (size_t)n) && !is_whole(said, &size);
}

/* Listen to the child and serve the worker. ret_horse: this is a new horse, and the name it has; NULL in the
 * stable. */
static enum how listen_to(struct cq_stable_server *stable, int fd, struct cq_buf *said, PyObject **ret_horse)
{
    struct cq_fork_request request;
    uint32_t size;
    *ret_horse = NULL;
    cq_stable_server_watch(stable, fd, PROBE_WITHIN_MS);
    for (;;) {
        switch (cq_stable_server_serve(stable, &request)) {
        case CQ_STABLE_HORSE: *ret_horse = cq_stable_py_become_horse(&request); return STOPPED;
        case CQ_STABLE_WATCHED: {
            struct pollfd ready = {.fd = fd, .events = POLLIN};
            if (poll(&ready, 1, 0) == 0)
                return HUNG;
            if (!read_some(fd, said))
                return is_whole(said, &size) ? SAID : DIED;
            break;
        }
        case CQ_STABLE_LEARNED: break; /* not while we watch */
        case CQ_STABLE_END: return STOPPED;
        }
    }
}

static PyObject *answer(const struct cq_buf *said)
{
    uint32_t size = 0;
    is_whole(said, &size);
    return Py_BuildValue("NN", PyBool_FromLong(said->data[0] == WORD_OK),
                         cq_text_of(cq_str_n(said->data + HEAD, size)));
}

static PyObject *answer_of_silent(enum how how, int wait_status)
{
    char text[128] = "the worker is gone, or wants no more", end[CQ_EXIT_TEXT_SIZE];
    if (how == HUNG)
        snprintf(text, sizeof(text), "it was not done after %d s", PROBE_WITHIN_MS / 1000);
    else if (how == DIED) {
        cq_exit_text(wait_status, end, sizeof(end));
        snprintf(text, sizeof(text), "the process %s", end);
    }
    return Py_BuildValue("Os", Py_False, text);
}

/* Returns the child's pid, or -1 with an exception set; in the child it does not return. */
static pid_t start_child(struct cq_stable_server *stable, const int ends[2], PyObject *callable)
{
    PyOS_BeforeFork();
    pid_t pid = fork();
    if (pid == 0)
        run_child(ends[1], callable);
    int fork_errno = errno;
    PyOS_AfterFork_Parent();
    if (pid < 0) {
        errno = fork_errno;
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    setpgid(pid, pid);
    cq_children_set_helper(&stable->children, pid);
    return pid;
}

PyObject *cq_probe_py(PyObject *self, PyObject *callable)
{
    struct cq_stable_server *stable = cq_this_stable();
    struct cq_buf said = CQ_BUF_INIT(2 * PROBE_TEXT_MAX);
    PyObject *horse, *result = NULL;
    int ends[2];
    (void)self;
    if (!stable)
        return PyErr_Format(PyExc_RuntimeError, "this process is not a stable");
    if (pipe2(ends, O_CLOEXEC) != 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    pid_t pid = start_child(stable, ends, callable);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return NULL;
    }
    enum how how = listen_to(stable, ends[0], &said, &horse);
    if (horse) {
        PyErr_SetObject(cq_forked, horse); /* which the horse's set-up has closed our end for */
        Py_DECREF(horse);
    } else if (!PyErr_Occurred()) {
        cq_stable_server_unwatch(stable);
        close(ends[0]);
        /* One that has said all is about to exit and needs no time for it; a dead one keeps its own
         * status. */
        int wait_status = cq_children_end_helper(&stable->children);
        result = how == SAID ? answer(&said) : answer_of_silent(how, wait_status);
        if (how == SAID && said.data[0] == WORD_OK)
            cq_stable_py_busy(BUSY_S); /* what was tried is done now, here */
    }
    cq_buf_release(&said);
    return result;
}
