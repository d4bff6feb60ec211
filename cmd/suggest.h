/* The nearest right word for a mistyped one. */
#ifndef CQ_CMD_SUGGEST_H
#define CQ_CMD_SUGGEST_H

#include <stddef.h>

/* One running search: offer every right word, then look at `word`. */
struct cq_suggest {
    const char *typed; /* borrowed */
    const char *word;  /* the nearest so far, borrowed; NULL: none is near enough to be meant */
    size_t distance;   /* of word */
};

void cq_suggest_init(struct cq_suggest *suggest, const char *typed);
void cq_suggest_offer(struct cq_suggest *suggest, const char *word);

/*
 * How many single-letter insertions, removals, replacements and swaps of neighbours turn a into b; words longer than
 * 63 bytes count as far from everything.
 */
size_t cq_suggest_distance(const char *a, const char *b);

#endif
