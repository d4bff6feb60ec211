/* Random orders of events for the tests of state machines: a run is repeated by CQ_SEED=N in the
 * environment. */
#ifndef CQ_TESTS_CORE_RANDOM_EVENTS_H
#define CQ_TESTS_CORE_RANDOM_EVENTS_H

#include <check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t random_seed, random_state;

/* Begin a test: print its seed, which a failure prints, too. */
static inline void random_begin(const char *test)
{
    const char *given = getenv("CQ_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    random_seed = given ? strtoull(given, NULL, 10)
                        : (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    random_state = random_seed;
    printf("%s: CQ_SEED=%" PRIu64 "\n", test, random_seed);
    fflush(stdout);
}

/*
 * As ck_assert_msg, with the seed, for what is checked after each of many events: Check writes a mark to a
 * file for each assertion of its own.
 */
#define REQUIRE(condition, ...)       \
    do {                              \
        if (!(condition))             \
            random_fail(__VA_ARGS__); \
    } while (0)

__attribute__((format(printf, 1, 2), noreturn)) static inline void random_fail(const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ck_abort_msg("CQ_SEED=%" PRIu64 ": %s", random_seed, text);
    abort();
}

/* splitmix64: 0 to below - 1. */
static inline unsigned random_below(unsigned below)
{
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ (z >> 31)) % below);
}

#endif
