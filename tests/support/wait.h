/*
 * Waiting for what should come. A test waits for an event, never for time. A wait ends after CQ_TEST_PATIENCE
 * seconds only to stop a test that hangs, so that the limit may be generous on a slow machine.
 */
#ifndef CQ_TESTS_WAIT_H
#define CQ_TESTS_WAIT_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

/* How long a test waits for one thing before it fails: CQ_TEST_PATIENCE, in seconds, or 60. */
int patience_s(void);

/* The end of a wait that begins now, in milliseconds of the monotonic clock. */
int64_t patience_end_ms(void);

/* Sleep some milliseconds. Returns false when the end has passed. */
bool wait_a_moment(int64_t end_ms);

/* Until the expression, evaluated again and again, is true; fails the test when that takes too long. */
#define wait_until(condition)                                           \
    do {                                                                \
        int64_t end_ms_ = patience_end_ms();                            \
        while (!(condition))                                            \
            if (!wait_a_moment(end_ms_))                                \
                ck_abort_msg("this never became true: %s", #condition); \
    } while (0)

#endif
