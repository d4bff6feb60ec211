/* The right word nearest to a wrong one, for "did you mean". */
#ifndef CQ_CONFIG_NEAREST_H
#define CQ_CONFIG_NEAREST_H

#include <stddef.h>

/* The one of words that differs from word by the fewest letters; NULL when none is near enough to be
 * meant. */
const char *cq_nearest(const char *word, const char *const *words, size_t count);

#endif
