/*
 * What the kernel says of a process in /proc. A file is read with one call and without a FILE: a horse has
 * only just been forked, and each page that it touches first is copied.
 */
#ifndef CQ_BASE_PROCESS_PROC_H
#define CQ_BASE_PROCESS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Read the first bytes of a file, as a C string.
 *   text, size  where they go: up to size - 1 bytes, and a NUL
 * Returns false, with errno set and text untouched, when it cannot be read. An empty file is not an error.
 */
bool cq_proc_read_file(const char *path, char *text, size_t size);

/* The same for /proc/<pid>/<name>; pid 0: the process that asks. */
bool cq_proc_read(pid_t pid, const char *name, char *text, size_t size);

/* The resident memory of a process, in KiB; pid 0: the process that asks. Returns 0 when there is none. */
int64_t cq_proc_rss_kb(pid_t pid);

#endif
