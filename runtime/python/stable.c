#include "runtime/python/extension.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/process/title.h"
#include "runtime/stable/horse_self.h"

enum {
    FAILURE_MAX = CQ_FRAME_CONTROL_MAX - 1024, /* bytes of a traceback, with room for the frame around it */
    EXIT_SOFTWARE = 70,                        /* EX_SOFTWARE of sysexits.h */
};

static struct cq_stable_server stable;
static bool opened, closed, greeted;
static int status;
static char *version; /* owned, kept */

struct cq_stable_server *cq_this_stable(void)
{
    return opened && !closed ? &stable : NULL;
}

static bool must_be_open(void)
{
    if (!opened || closed)
        PyErr_SetString(PyExc_RuntimeError,
                        closed ? "this stable was closed" : "this process is not a stable: call open first");
    return opened && !closed;
}

/* ---- set up ---- */

static void before_fork(void *context)
{
    (void)context;
    PyOS_BeforeFork();
}

static void after_fork(void *context)
{
    (void)context;
    PyOS_AfterFork_Parent();
}

/* So that signal.getsignal says what is so. cq_stable_server_open says it to the kernel. */
static bool ignore_interrupts(void)
{
    PyObject *module = PyImport_ImportModule("_signal");
    PyObject *done = module ? PyObject_CallMethod(module, "signal", "ii", SIGINT, 1 /* SIG_IGN */) : NULL;
    bool ignored = done != NULL;
    Py_XDECREF(done);
    Py_XDECREF(module);
    return ignored;
}

PyObject *cq_stable_py_open(PyObject *self, PyObject *args)
{
    const char *runtime_name, *version_name;
    struct cq_error err;
    (void)self;
    if (!PyArg_ParseTuple(args, "ss", &runtime_name, &version_name))
        return NULL;
    if (opened) {
        PyErr_SetString(PyExc_RuntimeError, "this process is a stable already");
        return NULL;
    }
    if (!ignore_interrupts())
        return NULL;
    version = cq_strdup(version_name);
    cq_title_adopt();
    if (cq_stable_server_open(&stable, cq_strdup(runtime_name), &err)) {
        PyErr_SetString(PyExc_OSError, err.text);
        return NULL;
    }
    stable.before_fork = before_fork;
    stable.after_fork = after_fork;
    opened = true;
    Py_RETURN_NONE;
}

PyObject *cq_stable_py_hello(PyObject *self, PyObject *args, PyObject *fields)
{
    struct cq_frame_writer writer;
    (void)self;
    if (!PyArg_ParseTuple(args, "") || !must_be_open())
        return NULL;
    if (greeted) {
        PyErr_SetString(PyExc_RuntimeError, "hello was said already");
        return NULL;
    }
    cq_stable_server_hello(&stable, &writer, cq_str(version));
    if (fields && !cq_add_dict(&writer, fields)) {
        cq_buf_clear(&stable.out);
        return NULL;
    }
    if (!cq_stable_server_send(&stable, &writer)) {
        PyErr_SetString(PyExc_ConnectionError,
                        "the worker does not take the hello: it is gone, or the hello is too long");
        return NULL;
    }
    greeted = true;
    Py_RETURN_NONE;
}

void cq_stable_py_busy(int seconds)
{
    struct cq_frame_writer writer;
    if (!greeted || closed)
        return; /* hello is the first frame, and may take its time */
    cq_frame_start(&writer, &stable.out, "busy");
    cq_frame_add_int(&writer, "seconds", seconds);
    cq_stable_server_send(&stable, &writer);
}

/* ---- serving ---- */

static bool add_learned(PyObject *names, struct cq_str bytes)
{
    struct cq_frame frame;
    size_t size;
    /* What cannot be read was written by a job; ignore it. */
    if (cq_frame_parse(bytes, CQ_STABLE_MESSAGE_MAX, &frame, &size, NULL) || size != bytes.len ||
        !cq_str_is(frame.type, "learn"))
        return true;
    PyObject *list = cq_list_of_texts(cq_frame_get_str(&frame, "names"));
    PyObject *done = list ? PyObject_CallMethod(names, "extend", "O", list) : NULL;
    bool added = done != NULL;
    Py_XDECREF(list);
    Py_XDECREF(done);
    return added;
}

static PyObject *learned(void)
{
    char bytes[CQ_STABLE_MESSAGE_MAX];
    size_t n;
    PyObject *names = PyList_New(0);
    while (names && (n = cq_stable_server_take_message(&stable, bytes)) > 0)
        if (!add_learned(names, cq_str_n(bytes, n)))
            Py_CLEAR(names);
    return names ? Py_BuildValue("sN", "learn", names) : NULL;
}

void cq_stable_py_become_child(void)
{
    closed = true;
    PyOS_AfterFork_Child();
}

PyObject *cq_stable_py_become_horse(const struct cq_fork_request *request)
{
    cq_horse_self_set_up(&stable, request, CQ_HORSE_KEEP_FOREIGN);
    cq_stable_py_become_child();
    cq_horse_py_begin();
    return cq_text_of(cq_str(request->name));
}

PyObject *cq_stable_py_serve(PyObject *self, PyObject *none)
{
    struct cq_fork_request request;
    (void)self;
    (void)none;
    if (!must_be_open())
        return NULL;
    cq_memory_settle();
    switch (cq_stable_server_serve(&stable, &request)) {
    case CQ_STABLE_HORSE: return Py_BuildValue("sN", "horse", cq_stable_py_become_horse(&request));
    case CQ_STABLE_LEARNED: cq_memory_unsettle(); return learned();
    case CQ_STABLE_WATCHED: /* nothing is */
    case CQ_STABLE_END: break;
    }
    Py_RETURN_NONE;
}

PyObject *cq_stable_py_status(PyObject *self, PyObject *none)
{
    (void)self;
    (void)none;
    if (opened && !closed) {
        status = cq_stable_server_close(&stable);
        closed = true;
    }
    return PyLong_FromLong(status);
}

/* As hello's error; works before open too, where descriptor 3 is the one that we were started with. */
static bool greet_with_error(struct cq_str error)
{
    struct cq_buf out = CQ_BUF_INIT(CQ_FRAME_CONTROL_MAX);
    struct cq_frame_writer writer;
    if (error.len > FAILURE_MAX)
        error.len = FAILURE_MAX;
    cq_frame_start(&writer, &out, "hello");
    cq_frame_add_int(&writer, "protocol", CQ_STABLE_PROTOCOL);
    cq_frame_add_str(&writer, "runtime", cq_str(opened ? stable.runtime : "python"));
    cq_frame_add_str(&writer, "error", error);
    bool sent = cq_frame_end(&writer) &&
                cq_frame_send(CQ_STABLE_SOCKET, cq_buf_view(&out), NULL, 0, NULL) == CQ_OK;
    cq_buf_release(&out);
    return sent;
}

/* An exception came out of the Python side: say it where it will be seen. Returns what to exit with. */
PyObject *cq_stable_py_fail(PyObject *self, PyObject *text)
{
    char *data;
    Py_ssize_t len;
    PyObject *bytes = cq_utf8_of(text);
    if (!bytes || PyBytes_AsStringAndSize(bytes, &data, &len) != 0)
        return NULL;
    if (closed || greeted || !greet_with_error(cq_str_n(data, (size_t)len)))
        fprintf(stderr, "cq: the python runtime failed:\n%s", data);
    Py_DECREF(bytes);
    Py_XDECREF(cq_stable_py_status(self, NULL));
    return PyLong_FromLong(EXIT_SOFTWARE);
}
