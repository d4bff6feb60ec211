#include "runtime/native_horse.h"

#include <stdio.h>
#include <unistd.h>

#include "base/process/title.h"
#include "runtime/stable/horse_self.h"

void cq_native_horse_main(const struct cq_native_options *options, struct cq_modules *modules)
{
    struct cq_buf in = CQ_BUF_INIT((size_t)CQ_FRAME_JOB_MAX + CQ_FRAME_HEADER_SIZE);
    struct cq_buf answer = CQ_BUF_INIT((size_t)CQ_FRAME_JOB_MAX + CQ_FRAME_HEADER_SIZE);
    struct cq_frame frame;
    size_t size;
    bool reuse = true;
    int learn_fd = CQ_STABLE_LEARN;
    cq_native_rehearse(options);
    ino_t socket_inode = cq_horse_self_inode(CQ_STABLE_SOCKET);
    while (reuse && cq_horse_self_receive(&in, &frame, &size)) {
        bool callback = cq_str_is(frame.type, "callback");
        if (!callback && !cq_str_is(frame.type, "job")) {
            fprintf(stderr, "cq: horse %d: the worker sent a frame that is neither a job nor a callback\n",
                    (int)getpid());
            _exit(CQ_STABLE_EXIT_BROKEN);
        }
        reuse = cq_frame_get_bool(&frame, "reuse", false);
        cq_title_detail(cq_frame_get_str(&frame, "id"));
        (callback ? cq_native_call_back : cq_native_run)(options, modules, &frame, CQ_STABLE_SOCKET,
                                                         &learn_fd, &answer);
        cq_horse_self_answer(&answer, socket_inode);
        cq_horse_self_drop(&in, size);
        cq_horse_self_drop(&answer, answer.len);
        if (reuse)
            cq_horse_self_clean_up();
    }
    /* No atexit handlers, no destructors: they belong to the stable, and a job's own must not run after its
     * answer. */
    _exit(0);
}
