/* How a process ended, in words. */
#ifndef CQ_BASE_PROCESS_EXIT_TEXT_H
#define CQ_BASE_PROCESS_EXIT_TEXT_H

#include <stddef.h>

enum { CQ_EXIT_TEXT_SIZE = 96 }; /* bytes: enough for any of these texts */

/*
 * "ended with status 3" or "was killed by signal 9 (Killed)": the caller says who.
 *   wait_status  as of waitpid
 *   text         where it goes, size bytes of it
 */
void cq_exit_text(int wait_status, char *text, size_t size);

#endif
