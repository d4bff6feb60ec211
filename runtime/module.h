/*
 * Modules: the shared objects that job functions are in, found by dotted path on --path.
 *
 * `path.to.func` is the symbol `func` of `path/to.so`. A loaded module stays loaded while its file stays the
 * same (device, inode, size, time of change); a changed file is loaded anew. The stable loads what its horses
 * have met, so that later horses are forked with it.
 */
#ifndef CQ_RUNTIME_MODULE_H
#define CQ_RUNTIME_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "base/buf.h"
#include "base/strv.h"
#include "runtime/cq.h"

enum {
    CQ_MODULES_MAX = 64,   /* loaded at a time in one process; past it the oldest makes room */
    CQ_FUNCTIONS_MAX = 16, /* of one module that are remembered; more work, each with a search of its own */
    CQ_FUNCTION_NAME_MAX = 1024, /* bytes of a dotted path */
};

/* A function found before. A search costs a horse some ten page faults in the loader's tables; remembering,
 * none. */
struct cq_module_function {
    char *symbol; /* owned */
    cq_function *call;
};

struct cq_module {
    char *file; /* owned: path of the .so, as searched for */
    void *handle;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed_at;
    struct cq_module_function functions[CQ_FUNCTIONS_MAX];
    size_t function_count;
};

struct cq_modules {
    const struct cq_strv *paths; /* borrowed: folders, in the order in which they are searched */
    const char
        *remark; /* borrowed; what else a name may be that is not found, to be appended to the failure */
    struct cq_module items[CQ_MODULES_MAX];
    size_t len;
};

void cq_modules_init(struct cq_modules *modules, const struct cq_strv *paths, const char *remark);
void cq_modules_release(struct cq_modules *modules); /* unloads everything */

/*
 * Find a job function, loading its module when need be.
 *   name           dotted path; two parts at least, of letters, digits, `_` and `-`
 *   ret_function   lives until the module is unloaded
 *   ret_was_known  neither the module had to be loaded nor the function to be searched for; may be NULL
 *   failure        on failure: the text for the job, as many lines as help, appended
 * False: no such name, module or symbol, or the module does not load; failure says which and what to do.
 */
CQ_MUST_CHECK bool cq_modules_find(struct cq_modules *modules, struct cq_str name, cq_function **ret_function,
                                   bool *ret_was_known, struct cq_buf *failure);

/* Is there a file that name's function would be looked for in? */
bool cq_module_exists(const struct cq_strv *paths, struct cq_str name);

/* Load the module that name's function is in, and remember both: the stable's way to be ahead of a job.
 * Silent. */
void cq_modules_preload(struct cq_modules *modules, struct cq_str name);

/* Unload what has changed on disk since it was loaded: a horse forked now would only have to do it itself. */
void cq_modules_drop_changed(struct cq_modules *modules);

#endif
