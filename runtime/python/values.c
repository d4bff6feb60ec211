#include "runtime/python/extension.h"

PyObject *cq_text_of(struct cq_str text)
{
    return PyUnicode_DecodeUTF8(text.data ? text.data : "", (Py_ssize_t)text.len, "surrogateescape");
}

PyObject *cq_utf8_of(PyObject *text)
{
    return PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace");
}

static PyObject *bytes_of(struct cq_str text)
{
    return PyBytes_FromStringAndSize(text.data ? text.data : "", (Py_ssize_t)text.len);
}

/* Takes over key and value, which may be NULL with an exception set. */
static bool put(PyObject *dict, PyObject *key, PyObject *value)
{
    bool done = key && value && PyDict_SetItem(dict, key, value) == 0;
    Py_XDECREF(key);
    Py_XDECREF(value);
    return done;
}

/* The job's fields: names and values as they are in Redis. */
static PyObject *dict_of_bytes(struct cq_str map)
{
    struct cq_frame_cursor cursor;
    struct cq_frame_pair pair;
    PyObject *dict = PyDict_New();
    if (!dict)
        return NULL;
    cq_frame_walk(&cursor, map);
    while (cq_frame_next(&cursor, &pair))
        if (pair.key.data && (pair.kind == CQ_FRAME_STR || pair.kind == CQ_FRAME_BIN) &&
            !put(dict, bytes_of(pair.key), bytes_of(pair.text))) {
            Py_DECREF(dict);
            return NULL;
        }
    return dict;
}

static PyObject *value_of(const struct cq_frame_pair *pair)
{
    switch (pair->kind) {
    case CQ_FRAME_INT: return PyLong_FromLongLong(pair->number);
    case CQ_FRAME_BOOL: return PyBool_FromLong(pair->number != 0);
    case CQ_FRAME_STR: return cq_text_of(pair->text);
    case CQ_FRAME_BIN: return bytes_of(pair->text);
    case CQ_FRAME_MAP: return dict_of_bytes(pair->text);
    case CQ_FRAME_OTHER: break;
    }
    Py_INCREF(Py_None);
    return Py_None;
}

PyObject *cq_dict_of_map(struct cq_str map)
{
    struct cq_frame_cursor cursor;
    struct cq_frame_pair pair;
    PyObject *dict = PyDict_New();
    if (!dict)
        return NULL;
    cq_frame_walk(&cursor, map);
    while (cq_frame_next(&cursor, &pair))
        if (!put(dict, cq_text_of(pair.key), value_of(&pair))) {
            Py_DECREF(dict);
            return NULL;
        }
    return dict;
}

static bool add_bytes(struct cq_frame_writer *writer, const char *key, PyObject *bytes)
{
    char *data;
    Py_ssize_t len;
    if (PyBytes_AsStringAndSize(bytes, &data, &len) != 0)
        return false;
    cq_frame_add_bin(writer, key, cq_str_n(data, (size_t)len));
    return true;
}

static bool add_text(struct cq_frame_writer *writer, const char *key, PyObject *text)
{
    PyObject *bytes = cq_utf8_of(text);
    char *data;
    Py_ssize_t len;
    bool done = bytes && PyBytes_AsStringAndSize(bytes, &data, &len) == 0;
    if (done)
        cq_frame_add_str(writer, key, cq_str_n(data, (size_t)len));
    Py_XDECREF(bytes);
    return done;
}

static bool add_value(struct cq_frame_writer *writer, const char *key, PyObject *value)
{
    if (value == Py_None)
        return true;
    if (PyUnicode_Check(value))
        return add_text(writer, key, value);
    if (PyBytes_Check(value))
        return add_bytes(writer, key, value);
    if (PyByteArray_Check(value)) {
        cq_frame_add_bin(writer, key, cq_str_n(PyByteArray_AsString(value), (size_t)PyByteArray_Size(value)));
        return true;
    }
    if (PyBool_Check(value)) {
        cq_frame_add_bool(writer, key, value == Py_True);
        return true;
    }
    if (!PyLong_Check(value)) {
        PyErr_Format(PyExc_TypeError, "a frame's %s is to be str, bytes, int, bool or None, not %R", key,
                     (PyObject *)Py_TYPE(value));
        return false;
    }
    long long number = PyLong_AsLongLong(value);
    if (number == -1 && PyErr_Occurred())
        return false;
    cq_frame_add_int(writer, key, number);
    return true;
}

bool cq_add_dict(struct cq_frame_writer *writer, PyObject *dict)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    if (!PyDict_Check(dict)) {
        PyErr_SetString(PyExc_TypeError, "a frame's fields are to be a dict");
        return false;
    }
    while (PyDict_Next(dict, &at, &key, &value)) {
        PyObject *name = PyUnicode_Check(key) ? cq_utf8_of(key) : NULL;
        if (!name) {
            PyErr_SetString(PyExc_TypeError, "a frame's keys are to be str");
            return false;
        }
        bool done = add_value(writer, PyBytes_AsString(name), value);
        Py_DECREF(name);
        if (!done)
            return false;
    }
    return true;
}

PyObject *cq_list_of_texts(struct cq_str texts)
{
    PyObject *list = PyList_New(0);
    while (list && texts.len > 0) {
        const char *end = memchr(texts.data, '\0', texts.len);
        struct cq_str text = cq_str_n(texts.data, end ? (size_t)(end - texts.data) : texts.len);
        PyObject *item = cq_text_of(text);
        if (!item || PyList_Append(list, item) != 0) {
            Py_XDECREF(item);
            Py_DECREF(list);
            return NULL;
        }
        Py_DECREF(item);
        size_t taken = text.len + (end ? 1 : 0);
        texts = cq_str_n(texts.data + taken, texts.len - taken);
    }
    return list;
}
