/* A native stable in a child process, driven over its socket as a worker does. */
#ifndef CQ_TESTS_RIG_STABLE_H
#define CQ_TESTS_RIG_STABLE_H

#include <stdarg.h>

#include "tests/support/rig.h"

extern struct link stable_link;
extern pid_t stable_pid;

/* A stable on the tests' modules, and more arguments of `cq stable-native`, ended by NULL. Takes hello. */
void start_stable(const char *first, ...);

int stable_status(void);

/* Close the socket; the stable has to leave with status 0. */
void stop_stable(void);

void send_fork(int64_t number, const int *fds, int fd_count);

/* Ask for a horse and wait until it is forked; returns its pid. output: NULL, or the pipe for both of its
 * outputs. */
pid_t start_horse(int64_t number, struct link *horse, const int *output);

void send_job(struct link *horse, const struct job_text *job);

void send_call(struct link *horse, const char *call);

/* The stable's word that the horse is gone; returns the wait status. */
int horse_status(int64_t number);

/* Poll until a process is gone, reaped included. */
void wait_until_gone(pid_t pid);

/* Whatever a failed assertion left running. */
void kill_stable(void);

#endif
