#include "runtime/python/extension.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/process/title.h"
#include "runtime/stable/horse_self.h"

enum {
    FRAME_LIMIT = CQ_FRAME_JOB_MAX + CQ_FRAME_HEADER_SIZE,
    LOG_TEXT_MAX = CQ_FRAME_CONTROL_MAX - 1024, /* bytes of a line, with room for the frame around it */
    LEARN_NAMES_MAX = CQ_STABLE_MESSAGE_MAX - 64,
};

static struct cq_buf in = CQ_BUF_INIT(FRAME_LIMIT);
static struct cq_buf out = CQ_BUF_INIT(FRAME_LIMIT);
static ino_t socket_inode, learn_inode;
static bool reuse; /* as the job said that came last */

void cq_horse_py_begin(void)
{
    socket_inode = cq_horse_self_inode(CQ_STABLE_SOCKET);
    learn_inode = cq_horse_self_inode(CQ_STABLE_LEARN);
}

/* ---- frames that come ---- */

PyObject *cq_horse_py_receive(PyObject *self, PyObject *none)
{
    struct cq_frame frame;
    size_t size;
    bool received;
    (void)self;
    (void)none;
    Py_BEGIN_ALLOW_THREADS;
    received = cq_horse_self_receive(&in, &frame, &size);
    Py_END_ALLOW_THREADS;
    if (!received)
        Py_RETURN_NONE;
    reuse = cq_frame_get_bool(&frame, "reuse", false);
    PyObject *dict = cq_dict_of_map(frame.body);
    /* All of it is in the dict: what was large is not kept twice while the job runs. */
    cq_horse_self_drop(&in, size);
    return dict;
}

/* ---- frames that go ---- */

static bool write_frame(PyObject *args, const char *types, bool with_rss)
{
    struct cq_frame_writer writer;
    const char *type;
    PyObject *fields;
    if (!PyArg_ParseTuple(args, types, &type, &fields))
        return false;
    cq_frame_start(&writer, &out, type);
    if (!cq_add_dict(&writer, fields)) {
        cq_buf_clear(&out);
        return false;
    }
    if (with_rss)
        cq_frame_add_int(&writer, "rss_kb", cq_horse_self_rss_kb());
    if (cq_frame_end(&writer))
        return true;
    cq_buf_clear(&out);
    PyErr_Format(PyExc_ValueError, "a %s of more than %d MiB is too large for a job", type,
                 CQ_FRAME_JOB_MAX / 1024 / 1024);
    return false;
}

/* Before the answer: a message of a running job. What it cannot be sent for is an exception of the job. */
static bool send_out(void)
{
    struct cq_error err;
    bool sent = false;
    if (socket_inode && cq_horse_self_inode(CQ_STABLE_SOCKET) != socket_inode)
        PyErr_SetString(PyExc_ConnectionError, "descriptor 3, cq's own socket, was closed by the job");
    else if (cq_frame_send(CQ_STABLE_SOCKET, cq_buf_view(&out), NULL, 0, &err))
        PyErr_SetString(PyExc_ConnectionError, err.text);
    else
        sent = true;
    cq_buf_clear(&out);
    return sent;
}

PyObject *cq_horse_py_send(PyObject *self, PyObject *args)
{
    (void)self;
    if (!write_frame(args, "sO:send", false) || !send_out())
        return NULL;
    Py_RETURN_NONE;
}

PyObject *cq_horse_py_answer(PyObject *self, PyObject *args)
{
    (void)self;
    if (!write_frame(args, "sO:answer", reuse))
        return NULL;
    cq_horse_self_answer(&out, socket_inode);
    cq_buf_clear(&out);
    Py_RETURN_NONE;
}

PyObject *cq_horse_py_log(PyObject *self, PyObject *args)
{
    struct cq_frame_writer writer;
    const char *level;
    char *data;
    Py_ssize_t len;
    PyObject *text;
    (void)self;
    if (!PyArg_ParseTuple(args, "sU:log", &level, &text))
        return NULL;
    PyObject *bytes = cq_utf8_of(text);
    if (!bytes || PyBytes_AsStringAndSize(bytes, &data, &len) != 0)
        return NULL;
    cq_frame_start(&writer, &out, "log");
    cq_frame_add_str(&writer, "level", cq_str(level));
    cq_frame_add_str(&writer, "text", cq_str_n(data, (size_t)(len < LOG_TEXT_MAX ? len : LOG_TEXT_MAX)));
    /* When the worker is gone the job is about to end; a line that is lost need not fail it first. */
    if (!cq_frame_end(&writer) || !send_out())
        PyErr_Clear();
    Py_DECREF(bytes);
    Py_RETURN_NONE;
}

/* ---- learning ---- */

static void send_names(struct cq_str names)
{
    struct cq_frame_writer writer;
    struct cq_buf message = CQ_BUF_INIT(CQ_STABLE_MESSAGE_MAX);
    cq_frame_start(&writer, &message, "learn");
    cq_frame_add_str(&writer, "names", names);
    if (cq_frame_end(&writer))
        send(CQ_STABLE_LEARN, message.data, message.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    cq_buf_release(&message);
}

/* A name that does not fit in a message is not a module's. */
static bool add_name(struct cq_buf *names, PyObject *name)
{
    char *data;
    Py_ssize_t len;
    PyObject *bytes = PyUnicode_Check(name) ? cq_utf8_of(name) : NULL;
    if (!bytes || PyBytes_AsStringAndSize(bytes, &data, &len) != 0) {
        Py_XDECREF(bytes);
        PyErr_SetString(PyExc_TypeError, "learn takes a list of str");
        return false;
    }
    if (names->len + (size_t)len + 1 > LEARN_NAMES_MAX) {
        send_names(cq_buf_view(names));
        cq_buf_clear(names);
    }
    if ((size_t)len + 1 <= LEARN_NAMES_MAX) {
        cq_buf_append(names, data, (size_t)len);
        cq_buf_char(names, '\0');
    }
    Py_DECREF(bytes);
    return true;
}

PyObject *cq_horse_py_learn(PyObject *self, PyObject *list)
{
    struct cq_buf names = CQ_BUF_INIT(LEARN_NAMES_MAX);
    bool good = true;
    (void)self;
    if (!PyList_Check(list)) {
        PyErr_SetString(PyExc_TypeError, "learn takes a list of str");
        return NULL;
    }
    /* A job may have closed it, and something else may have its number. */
    if (learn_inode && cq_horse_self_inode(CQ_STABLE_LEARN) == learn_inode) {
        for (Py_ssize_t i = 0; good && i < PyList_Size(list); i++)
            good = add_name(&names, PyList_GetItem(list, i));
        if (good && names.len > 0)
            send_names(cq_buf_view(&names));
    }
    cq_buf_release(&names);
    if (!good)
        return NULL;
    Py_RETURN_NONE;
}

/* ---- the process ---- */

PyObject *cq_horse_py_title(PyObject *self, PyObject *detail)
{
    char *data = NULL;
    Py_ssize_t len = 0;
    (void)self;
    if (detail == Py_None) {
        cq_title_detail(CQ_STR_NONE);
        Py_RETURN_NONE;
    }
    PyObject *bytes = PyUnicode_Check(detail) ? cq_utf8_of(detail) : NULL;
    if (!bytes || PyBytes_AsStringAndSize(bytes, &data, &len) != 0) {
        PyErr_SetString(PyExc_TypeError, "a title is a str or None");
        return NULL;
    }
    cq_title_detail(cq_str_n(data, (size_t)len));
    Py_DECREF(bytes);
    Py_RETURN_NONE;
}

PyObject *cq_horse_py_clean_up(PyObject *self, PyObject *none)
{
    (void)self;
    (void)none;
    cq_horse_self_drop(&out, out.len);
    cq_horse_self_clean_up();
    Py_RETURN_NONE;
}

PyObject *cq_horse_py_exit(PyObject *self, PyObject *exit_status)
{
    (void)self;
    long status = PyLong_AsLong(exit_status);
    if (status == -1 && PyErr_Occurred())
        return NULL;
    _exit((int)status);
}
