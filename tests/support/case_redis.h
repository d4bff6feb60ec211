/* One private Redis for all tests of a case: they find it in `server`. */
#ifndef CQ_TESTS_CASE_REDIS_H
#define CQ_TESTS_CASE_REDIS_H

#include <check.h>

#include "tests/support/redis_server.h"

extern struct redis_server *server; /* of the case that runs; NULL: none */

/* Start `server` before the first test of this case, and stop it after the last. */
void with_redis(TCase *tcase);

#endif
