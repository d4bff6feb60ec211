/*
 * A runtime that does what a test wants: tests/worker/fake_stable.py, as [runtime.fake] for functions
 * `fake.*`, or as the interpreter of the python runtime. What it is told is in files of a folder of the
 * test's own.
 */
#ifndef CQ_TESTS_WORKER_FAKE_H
#define CQ_TESTS_WORKER_FAKE_H

#include "tests/worker/harness.h"

extern char fake_folder[160];
extern char fake_config[200];      /* an ini file with [runtime.fake] */
extern char fake_interpreter[200]; /* for --python */

TCase *fake_case(const char *name); /* worker_case, with the folder and the files made anew for each test */

pid_t start_without_python(void); /* a burst; there is no program on its PATH */

void fake_says(const char *file, const char *text); /* write a file of the folder; NULL: remove it */
int fake_lines(const char *words);                  /* how many lines of FOLDER/record have these words */
void wait_lines(int count, const char *words);      /* until there are so many */

/* The result of a job that has finished, as the JSON that it is. Valid until the next call. */
const char *result_of(const char *id);

#endif
