/* A module that starts a thread as it is loaded: no stable may fork with it. */
#include <cq.h>
#include <pthread.h>
#include <unistd.h>

static void *wait_for_ever(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

__attribute__((constructor)) static void start_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_ever, NULL);
}

CQ_JOB nothing(cq_context *job)
{
    (void)job;
    return CQ_DONE;
}
