/*
 * cq.h: job functions in C. A job `path.to.func` runs the symbol `func` of the shared object `path/to.so`,
 * found on the worker's --path. Write
 *
 *     #include <cq.h>
 *
 *     CQ_JOB resize(cq_context *job)
 *     {
 *         const char *file;
 *         long long width = 640;
 *         if (cq_arg_str(job, 0, &file) || cq_option_int(job, "width", &width))
 *             return CQ_FAILED;             // the text is set: what is missing, or of the wrong type
 *         return cq_return_str(job, file);  // or: return cq_fail(job, "cannot read %s", file);
 *     }
 *
 * and build it with: cc -shared -fPIC $(pkg-config --cflags cq) -o images.so images.c
 *
 * Functions that can fail return CQ_DONE (0), or CQ_FAILED with the job's failure text set. Texts and values
 * that they give are borrowed until the job function returns; texts end with a NUL. What is passed in is
 * copied. Call them from the job's own thread. A job function that returns CQ_DONE without a call of
 * cq_return_* has returned None. It has a process to itself, so exit(), a crash or a leak hurts nothing else.
 *
 * A job's callbacks (RQ's on_success, on_failure, on_stopped) are such functions, called in its context with
 * the arguments 0: the job's id; 1: its result, the text of its failure, or nothing; keywords: callback
 * ("success", "failure", "stopped"), function, queue, args, kwargs (the job's own). A result is not kept. A
 * success callback that fails makes the job fail.
 *
 * Everybody who can write to the queue can call any function that a module exports: make helpers static.
 */
#ifndef CQ_H
#define CQ_H

#include <stddef.h>

#ifdef __cplusplus
#define CQ_EXTERN extern "C"
extern "C" {
#else
#define CQ_EXTERN
#endif

#define CQ_DONE 0
#define CQ_FAILED (-1)

/* How a job function is declared and defined: CQ_JOB name(cq_context *job). */
#define CQ_JOB CQ_EXTERN __attribute__((visibility("default"))) int

typedef struct cq_context cq_context; /* the job that runs */
typedef struct cq_value cq_value;     /* an argument, or a part of one */
typedef int cq_function(cq_context *job);

/* ---- arguments ---- */
/* Positional arguments, from 0. Failing: there is none, or of another type. int is taken as float. */
size_t cq_arg_count(const cq_context *job);
int cq_arg_bool(cq_context *job, size_t index, int *ret_value);
int cq_arg_int(cq_context *job, size_t index, long long *ret_value);
int cq_arg_float(cq_context *job, size_t index, double *ret_value);
int cq_arg_str(cq_context *job, size_t index, const char **ret_text);
int cq_arg_bytes(cq_context *job, size_t index, const void **ret_data, size_t *ret_size);
/* As JSON text. Fails when bytes or a set are in it. */
int cq_arg_json(cq_context *job, size_t index, const char **ret_text);

/* Keyword arguments that have to be there. */
int cq_kwarg_bool(cq_context *job, const char *name, int *ret_value);
int cq_kwarg_int(cq_context *job, const char *name, long long *ret_value);
int cq_kwarg_float(cq_context *job, const char *name, double *ret_value);
int cq_kwarg_str(cq_context *job, const char *name, const char **ret_text);
int cq_kwarg_bytes(cq_context *job, const char *name, const void **ret_data, size_t *ret_size);
int cq_kwarg_json(cq_context *job, const char *name, const char **ret_text);

/* Keyword arguments with a default: one that is missing or None leaves *ret_value as it is. */
int cq_option_bool(cq_context *job, const char *name, int *ret_value);
int cq_option_int(cq_context *job, const char *name, long long *ret_value);
int cq_option_float(cq_context *job, const char *name, double *ret_value);
int cq_option_str(cq_context *job, const char *name, const char **ret_text);

/* ---- values: lists and dicts, piece by piece ---- */
typedef enum cq_type {
    CQ_TYPE_NONE,
    CQ_TYPE_BOOL,
    CQ_TYPE_INT,
    CQ_TYPE_FLOAT,
    CQ_TYPE_STR,
    CQ_TYPE_BYTES,
    CQ_TYPE_LIST, /* list, tuple, set */
    CQ_TYPE_DICT,
    CQ_TYPE_OTHER /* an int beyond 64 bits, a datetime, an object of Python */
} cq_type;

const cq_value *cq_arg(const cq_context *job, size_t index);       /* NULL: there is none */
const cq_value *cq_kwarg(const cq_context *job, const char *name); /* NULL: there is none */
cq_type cq_type_of(const cq_value *value);                         /* NULL: CQ_TYPE_NONE */
size_t cq_length(const cq_value *value);                      /* items of a list, pairs of a dict; else 0 */
const cq_value *cq_item(const cq_value *value, size_t index); /* of a list; or the value of a dict's pair */
const cq_value *cq_item_key(const cq_value *value, size_t index);   /* the key of a dict's pair */
const cq_value *cq_item_of(const cq_value *value, const char *key); /* of a dict; NULL: not there */
int cq_get_bool(cq_context *job, const cq_value *value, int *ret_value);
int cq_get_int(cq_context *job, const cq_value *value, long long *ret_value);
int cq_get_float(cq_context *job, const cq_value *value, double *ret_value);
int cq_get_str(cq_context *job, const cq_value *value, const char **ret_text);
int cq_get_bytes(cq_context *job, const cq_value *value, const void **ret_data, size_t *ret_size);
int cq_get_json(cq_context *job, const cq_value *value, const char **ret_text);

/* ---- the outcome: the last call counts ---- */
int cq_return_none(cq_context *job);
int cq_return_bool(cq_context *job, int value);
int cq_return_int(cq_context *job, long long value);
int cq_return_float(cq_context *job, double value);
int cq_return_str(cq_context *job, const char *text); /* UTF-8 */
int cq_return_bytes(cq_context *job, const void *data, size_t size);
int cq_return_json(cq_context *job, const char *text); /* lists, dicts: what the text says */

/* The job has failed: set the text to store and return CQ_FAILED. */
int cq_fail(cq_context *job, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Run the job again, at most max times, interval_s seconds from now: return cq_retry(job, 3, 60); */
int cq_retry(cq_context *job, int max, int interval_s);

/* ---- the job ---- */
const char *cq_current_id(const cq_context *job);
const char *cq_current_queue(const cq_context *job);
const char *cq_current_worker(const cq_context *job);
const char *cq_current_function(const cq_context *job);
int cq_retries_left(const cq_context *job); /* retries to come should this run fail; 0: none */

/* ---- meta: the job's own dict, kept with it in Redis ---- */
/* NULL: not there. It lives until meta is changed or saved. A meta that cannot be read is empty. */
const cq_value *cq_meta(cq_context *job, const char *key);
int cq_meta_set_bool(cq_context *job, const char *key, int value);
int cq_meta_set_int(cq_context *job, const char *key, long long value);
int cq_meta_set_float(cq_context *job, const char *key, double value);
int cq_meta_set_str(cq_context *job, const char *key, const char *text);
int cq_meta_set_json(cq_context *job, const char *key, const char *text);

int cq_save_meta(cq_context *job); /* now, while the job runs; changes are stored with the outcome anyway */

/* Set meta's progress (0 to 1) and progress_text (NULL: leave it). Saved each 100 ms, the last always. */
int cq_progress(cq_context *job, double progress, const char *text);

/* ---- the worker's log ---- */
typedef enum cq_level { CQ_LEVEL_DEBUG, CQ_LEVEL_INFO, CQ_LEVEL_WARNING, CQ_LEVEL_ERROR } cq_level;

/* One line for the worker's log, marked with the job's id. Standard output and error go there too. */
int cq_message(cq_context *job, cq_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif
#endif
