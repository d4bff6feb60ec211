/*
 * The native runtime: `cq stable-native`, a stable whose horses run C functions and programs.
 *
 * cq executes itself anew for it, so that the process that horses are forked from has no Redis connection, no
 * event loop and next to no memory of its own: what it holds is what every fork copies. docs/RUNTIME.md is
 * the protocol.
 */
#ifndef CQ_RUNTIME_NATIVE_STABLE_H
#define CQ_RUNTIME_NATIVE_STABLE_H

#include <stdbool.h>

#include "base/strv.h"
#include "runtime/program.h"
#include "runtime/stable/server.h"
#include "serializers/serializer.h"

/* Everything is borrowed for the stable's life. */
struct cq_native_options {
    const struct cq_strv *paths; /* folders of modules */
    const struct cq_programs *programs;
    bool restrict_format; /* refuse jobs in another serializer than format, undecoded */
    enum cq_format format;
    bool without_python; /* its worker has no python runtime: functions of any kind come here */
};

/*
 * Serve forks until the worker closes the socket or says quit and the last horse is gone. Returns the exit
 * status. Takes over descriptors 0 and 3 and up, signals and children of the process.
 */
int cq_native_stable_main(const struct cq_native_options *options);

/*
 * The hidden command `cq stable-native [--path DIR]... [--program NAME COMMAND]... [--restrict FORMAT]
 * [--without-python]`. argc, argv  main()'s own; argv[1] is `stable-native`. Takes over their memory for the
 * process title. Returns the exit status; when used wrongly 2, after one line on standard error.
 */
int cq_native_main(int argc, char **argv);

#endif
