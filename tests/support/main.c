/* In a file of its own, so that a test program with a main of its own links without this one. */
#include "tests/support/suite.h"

int main(void)
{
    return run_test_suite();
}
