/*
 * `_cq`: the C side of the python runtime, a module inside of the user's interpreter. It holds the stable's
 * loop, so that no Python code runs between two forks, and the horse's socket. The Python side is
 * runtime/python/cq/.
 *
 * Written against CPython's limited API of 3.9: one build serves 3.9 and later. The state is the process's,
 * not a module object's: a stable is a process.
 */
#ifndef CQ_RUNTIME_PYTHON_EXTENSION_H
#define CQ_RUNTIME_PYTHON_EXTENSION_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#include "runtime/frame.h"
#include "runtime/stable/server.h"

/* ---- values.c: between frames and dicts ---- */

/* A new dict of a map's pairs: str as str, bin as bytes, an inner map as {bytes: bytes}. NULL with an
 * exception set. */
PyObject *cq_dict_of_map(struct cq_str map);

/* A new str of UTF-8 that may be broken; what is not comes back as it was when it is encoded with
 * surrogateescape. */
PyObject *cq_text_of(struct cq_str text);

/* New bytes of a str for a frame: UTF-8, lone surrogates written as \udcXX. NULL with an exception set. */
PyObject *cq_utf8_of(PyObject *text);

/*
 * Add a dict's items to a frame: str, bytes, bytearray, int and bool; None is left out. False with an
 * exception set: another type, an integer beyond 64 bits.
 */
bool cq_add_dict(struct cq_frame_writer *writer, PyObject *dict);

/* Texts that each end with a NUL byte, as a new list of str. */
PyObject *cq_list_of_texts(struct cq_str texts);

/* ---- stable.c ---- */

struct cq_stable_server *cq_this_stable(void); /* NULL: not opened yet, or this is a child of it */

PyObject *cq_stable_py_open(PyObject *self, PyObject *args);
PyObject *cq_stable_py_hello(PyObject *self, PyObject *args, PyObject *fields);
PyObject *cq_stable_py_serve(PyObject *self, PyObject *none);
PyObject *cq_stable_py_status(PyObject *self, PyObject *none);
PyObject *cq_stable_py_fail(PyObject *self, PyObject *text);

/* Tell the worker that it is not served for so many seconds, so that it does not take this stable for one
 * that hangs. */
void cq_stable_py_busy(int seconds);

/* In a child of the stable: it serves nobody any more, and Python's own state is that of a new process. */
void cq_stable_py_become_child(void);

/* In a new horse, after the fork: all of its set-up. Returns its name, NULL with an exception set. */
PyObject *cq_stable_py_become_horse(const struct cq_fork_request *order);

/* ---- probe.c ---- */

extern PyObject *cq_forked; /* the exception _cq.Forked: this is a new horse, in the midst of probe */

PyObject *cq_probe_py(PyObject *self, PyObject *callable);

/* ---- memory.c: memory that is cheap to fork ---- */

/* Once, as early as can be: where Python's small objects live from now on. */
void cq_memory_start(void);

/* When no Python code runs any more before horses are forked; and when some will run again. */
void cq_memory_settle(void);
void cq_memory_unsettle(void);

/* ---- horse.c ---- */

/* In a new horse: remember whose socket descriptor 3 is. */
void cq_horse_py_begin(void);

PyObject *cq_horse_py_log(PyObject *self, PyObject *args);
PyObject *cq_horse_py_receive(PyObject *self, PyObject *none);
PyObject *cq_horse_py_send(PyObject *self, PyObject *args);
PyObject *cq_horse_py_answer(PyObject *self, PyObject *args);
PyObject *cq_horse_py_learn(PyObject *self, PyObject *names);
PyObject *cq_horse_py_title(PyObject *self, PyObject *detail);
PyObject *cq_horse_py_clean_up(PyObject *self, PyObject *none);
PyObject *cq_horse_py_exit(PyObject *self, PyObject *status);

/* ---- process.c ---- */

PyObject *cq_process_py_threads(PyObject *self, PyObject *none);
PyObject *cq_process_py_sockets(PyObject *self, PyObject *none);

#endif
