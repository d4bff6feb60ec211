/*
 * What every test program is: one suite, run by the `main` of main.c. A test file defines test_suite() and
 * has no main of its own:
 *
 *     Suite *test_suite(void)
 *     {
 *         TCase *tcase = tcase_create("buf");
 *         tcase_add_test(tcase, a_buffer_takes_up_to_its_limit);
 *         return suite_of("base/buf", tcase);
 *     }
 */
#ifndef CQ_TESTS_SUITE_H
#define CQ_TESTS_SUITE_H

#include <check.h>

/* The suite of this program, made anew; its runner frees it. */
Suite *test_suite(void);

/* A suite of one case, which it takes over. */
Suite *suite_of(const char *name, TCase *tcase);

/* Run test_suite() as Check's environment variables say. Returns the exit status of the program. */
int run_test_suite(void);

#endif
