/*
 * cq.h: job functions in C.
 *
 * A job `path.to.func` runs the symbol `func` of the shared object `path/to.so`, found on the worker's --path. Write
 *
 *     #include <cq.h>
 *
 *     int resize(cq_context *job)
 *     {
 *         const char *file;
 *         long long width;
 *         if (cq_arg_str(job, 0, &file) || cq_kwarg_int(job, "width", &width))
 *             return CQ_FAILED;                      // the message is set: wrong type or missing
 *         ...
 *         return cq_return_str(job, file);           // or: return cq_fail(job, "cannot read %s", file);
 *     }
 *
 * and build it with: cc -shared -fPIC $(pkg-config --cflags cq) -o images.so images.c
 *
 * Every function that can fail returns CQ_OK (0) or CQ_FAILED, with the job's failure text set. Strings and bytes that
 * are returned are borrowed and live until the job function returns. A horse is a process of its own: exit(), a crash
 * or a leak ends or costs that horse only.
 */
#ifndef CQ_H
#define CQ_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CQ_OK_JOB 0
#define CQ_FAILED (-1)

typedef struct cq_context cq_context;
typedef int cq_function(cq_context *job);

#ifdef __cplusplus
}
#endif
#endif
