#include <stdio.h>
#include <string.h>

#include "base/process/title.h"
#include "runtime/native_stable.h"

static bool parse(int argc, char **argv, struct cq_native_options *options, struct cq_strv *paths,
                  struct cq_programs *programs, struct cq_error *err)
{
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--path") == 0 && i + 1 < argc) {
            cq_strv_push(paths, cq_str(argv[++i]));
        } else if (strcmp(argv[i], "--program") == 0 && i + 2 < argc) {
            if (cq_programs_add(programs, argv[i + 1], argv[i + 2], err))
                return false;
            i += 2;
        } else if (strcmp(argv[i], "--restrict") == 0 && i + 1 < argc) {
            if (!cq_format_parse(argv[++i], &options->format))
                return !cq_error_set(err, CQ_ERR_USAGE,
                                     "--restrict %s: not a serializer; write pickle, json or msgpack",
                                     argv[i]);
            options->restrict_format = true;
        } else if (strcmp(argv[i], "--without-python") == 0) {
            options->without_python = true;
        } else {
            return !cq_error_set(err, CQ_ERR_USAGE,
                                 "stable-native does not take '%s': --path DIR, --program NAME COMMAND, "
                                 "--restrict FORMAT, --without-python",
                                 argv[i]);
        }
    }
    return true;
}

int cq_native_main(int argc, char **argv)
{
    struct cq_strv paths = CQ_STRV_INIT;
    struct cq_programs programs = CQ_PROGRAMS_INIT;
    struct cq_native_options options = {.paths = &paths, .programs = &programs};
    struct cq_error err;
    int status = 2;
    cq_title_init(argc, argv);
    if (parse(argc, argv, &options, &paths, &programs, &err)) {
        if (paths.len == 0)
            cq_strv_push(&paths, CQ_STR_LIT("."));
        status = cq_native_stable_main(&options);
    } else {
        fprintf(stderr, "cq: %s\n", err.text);
    }
    cq_strv_release(&paths);
    cq_programs_release(&programs);
    return status;
}
