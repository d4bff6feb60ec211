#include <Python.h>

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_cq",
    .m_size = -1,
};

PyMODINIT_FUNC PyInit__cq(void);

PyMODINIT_FUNC PyInit__cq(void)
{
    return PyModule_Create(&module);
}
