#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/wait.h"

/* A test waits for a few things one after the other; a whole one may take so many patiences. */
enum { WAITS = 5 };

Suite *suite_of(const char *name, TCase *tcase)
{
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tcase);
    return suite;
}

int run_test_suite(void)
{
    char limit_s[16];
    snprintf(limit_s, sizeof(limit_s), "%d", WAITS * patience_s());
    setenv("CK_DEFAULT_TIMEOUT", limit_s, 0); /* Check's own 4 s would make a slow machine fail */
    SRunner *runner = srunner_create(test_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
