/*
 * The python runtime's programs, carried inside of cq: made by runtime/python/embed.sh as the build goes.
 *
 * The bundle is one run of bytes: the extension module `_cq` (an ELF file, so that a memfd of the bundle can
 * be loaded as it is, and a Python without os.memfd_create will do), then an index of lines `NAME SIZE`, an
 * empty line, and the sources of the package `cq`. runtime/python/boot.py reads it.
 */
#ifndef CQ_RUNTIME_PYTHON_BUNDLE_H
#define CQ_RUNTIME_PYTHON_BUNDLE_H

#include <stddef.h>

extern const unsigned char cq_python_bundle[];
extern const size_t cq_python_bundle_size; /* bytes */

/* The text for `python3 -c`. It expects the bundle and, right after it, a `setup` frame in the file on
 * descriptor 4. */
extern const char cq_python_boot[];

#endif
