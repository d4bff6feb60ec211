#include "runtime/python/extension.h"

/* ---- setup ---- */

static const char *const lists[] = {"paths", "preload", "handlers", "allow", "fatal"};

/* The lists of the setup frame, each a text whose items end with NUL bytes, as lists of str; one that is
 * absent is empty. */
static bool split_lists(PyObject *dict, const struct cq_frame *frame)
{
    for (size_t i = 0; i < CQ_ARRAY_LEN(lists); i++) {
        PyObject *list = cq_list_of_texts(cq_frame_get_str(frame, lists[i]));
        bool done = list && PyDict_SetItemString(dict, lists[i], list) == 0;
        Py_XDECREF(list);
        if (!done)
            return false;
    }
    return PyDict_DelItemString(dict, "type") == 0;
}

static PyObject *setup(PyObject *self, PyObject *bytes)
{
    char *data;
    Py_ssize_t len;
    size_t size;
    struct cq_frame frame;
    struct cq_error err;
    (void)self;
    if (PyBytes_AsStringAndSize(bytes, &data, &len) != 0)
        return NULL;
    if (cq_frame_parse(cq_str_n(data, (size_t)len), (size_t)len, &frame, &size, &err))
        return PyErr_Format(PyExc_ValueError, "the worker's setup cannot be read: %s", err.text);
    if (!size || !cq_str_is(frame.type, "setup"))
        return PyErr_Format(PyExc_ValueError, "the worker sent no setup after the bundle");
    PyObject *dict = cq_dict_of_map(frame.body);
    if (dict && !split_lists(dict, &frame))
        Py_CLEAR(dict);
    return dict;
}

/* ---- the module ---- */

PyObject *cq_forked;

static PyMethodDef methods[] = {
    {"setup", setup, METH_O, "setup(bytes) -> dict: what the worker said after the bundle. For boot."},
    {"open", cq_stable_py_open, METH_VARARGS, "open(runtime, version): make this process a stable."},
    {"hello", (PyCFunction)(void (*)(void))cq_stable_py_hello, METH_VARARGS | METH_KEYWORDS,
     "hello(**fields): say hello to the worker."},
    {"serve", cq_stable_py_serve, METH_NOARGS,
     "serve() -> ('horse', name) in a new child, ('learn', names), or None at the end."},
    {"status", cq_stable_py_status, METH_NOARGS,
     "status() -> int: end the horses that are left; what to exit with."},
    {"fail", cq_stable_py_fail, METH_O,
     "fail(text) -> int: tell the worker of an exception; what to exit with. For boot."},
    {"probe", cq_probe_py, METH_O,
     "probe(callable) -> (bool, str): call it in a child; what it returned, or why it did not."},
    {"log", cq_horse_py_log, METH_VARARGS, "log(level, text): a line for the worker's log."},
    {"receive", cq_horse_py_receive, METH_NOARGS,
     "receive() -> dict or None: the next frame; None at end of file."},
    {"send", cq_horse_py_send, METH_VARARGS, "send(type, dict): a frame while the job runs."},
    {"answer", cq_horse_py_answer, METH_VARARGS, "answer(type, dict): the job's outcome."},
    {"learn", cq_horse_py_learn, METH_O, "learn(names): tell the stable what had to be imported."},
    {"title", cq_horse_py_title, METH_O,
     "title(detail): what the process title says behind the horse's name; None: nothing."},
    {"clean_up", cq_horse_py_clean_up, METH_NOARGS,
     "clean_up(): between two jobs, end what the first left running."},
    {"exit", cq_horse_py_exit, METH_O, "exit(status): at once, without handlers."},
    {"threads", cq_process_py_threads, METH_NOARGS,
     "threads() -> int: of this process, as the kernel counts them."},
    {"sockets", cq_process_py_sockets, METH_NOARGS,
     "sockets() -> list of str: whom this process is connected to."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "_cq",      .m_doc = "The C side of cq's python runtime.",
    .m_size = -1,          .m_methods = methods,
};

PyMODINIT_FUNC PyInit__cq(void);

PyMODINIT_FUNC PyInit__cq(void)
{
    cq_memory_start(); /* before the arenas of all that comes */
    PyObject *made = PyModule_Create(&module);
    /* Not an Exception, so that what calls probe does not take it for a failure of its own. */
    cq_forked = PyErr_NewException("_cq.Forked", PyExc_BaseException, NULL);
    if (!made || !cq_forked || PyObject_SetAttrString(made, "Forked", cq_forked) != 0)
        Py_CLEAR(made);
    return made;
}
