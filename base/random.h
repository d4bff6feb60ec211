/* Numbers for spreading what would else happen at once. They need no seed, and hide nothing. */
#ifndef CQ_BASE_RANDOM_H
#define CQ_BASE_RANDOM_H

/* From 0 to 1, both included. On a machine that has only just started, without random numbers yet: 0. */
double cq_random(void);

#endif
