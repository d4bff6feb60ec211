/*
 * Allocation that cannot fail: when memory is gone the process ends with one log line and status 70. A worker
 * that dies so is covered by RQ's abandoned-job rule. Sizes that come from outside are checked against a
 * named limit before they reach these functions.
 */
#ifndef CQ_BASE_MEM_H
#define CQ_BASE_MEM_H

#include <stddef.h>

void *cq_alloc(size_t size);                    /* uninitialised; free() it */
void *cq_calloc(size_t count, size_t size);     /* zeroed; the product is checked; free() it */
void *cq_realloc(void *old, size_t size);       /* free() it */
char *cq_strdup(const char *text);              /* NULL gives NULL; free() it */
char *cq_strndup(const char *text, size_t len); /* copies len bytes and a NUL; free() it */
void *cq_memdup(const void *data, size_t len);  /* like cq_strndup, for bytes; a NUL follows them */

#endif
