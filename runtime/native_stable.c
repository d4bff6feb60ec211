#include "runtime/native_stable.h"

#include "runtime/frame.h"
#include "runtime/module.h"
#include "runtime/native_horse.h"
#include "runtime/stable/horse_self.h"
#include "runtime/stable/server.h"

/* A file that changed is not in the horse that comes: it loads the new one. */
static void drop_changed(void *context)
{
    cq_modules_drop_changed(context);
}

/* Horses had to load modules: have them before the next fork. What cannot be read was written by a job;
 * ignore it. */
static void learn(struct cq_stable_server *stable, struct cq_modules *modules)
{
    char bytes[CQ_STABLE_MESSAGE_MAX];
    struct cq_frame frame;
    size_t size, n;
    while ((n = cq_stable_server_take_message(stable, bytes)) > 0)
        if (cq_frame_parse(cq_str_n(bytes, n), sizeof(bytes), &frame, &size, NULL) == CQ_OK && size == n)
            cq_modules_preload(modules, cq_frame_get_str(&frame, "function"));
}

static void serve(struct cq_stable_server *stable, const struct cq_native_options *options,
                  struct cq_modules *modules)
{
    struct cq_fork_request request;
    for (;;) {
        switch (cq_stable_server_serve(stable, &request)) {
        case CQ_STABLE_HORSE:
            cq_horse_self_set_up(stable, &request, CQ_HORSE_KEEP_NOTHING);
            cq_native_horse_main(options, modules);
        case CQ_STABLE_LEARNED: learn(stable, modules); break;
        case CQ_STABLE_WATCHED: /* nothing is */ break;
        case CQ_STABLE_END: return;
        }
    }
}

int cq_native_stable_main(const struct cq_native_options *options)
{
    struct cq_stable_server stable;
    struct cq_modules modules;
    struct cq_frame_writer hello;
    struct cq_error err;
    if (cq_stable_server_open(&stable, "native", &err))
        return err.code == CQ_ERR_USAGE ? 2 : 1;
    cq_native_prepare();
    cq_modules_init(&modules, options->paths,
                    options->without_python ? "; this worker runs no Python functions (--python none)" : "");
    stable.before_fork = drop_changed;
    stable.context = &modules;
    cq_stable_server_hello(&stable, &hello, CQ_STR_LIT(CQ_VERSION));
    cq_frame_add_bool(&hello, "callbacks", true);
    if (cq_stable_server_send(&stable, &hello))
        serve(&stable, options, &modules);
    int status = cq_stable_server_close(&stable);
    cq_modules_release(&modules);
    return status;
}
