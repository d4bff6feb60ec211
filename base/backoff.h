/*
 * Pauses between attempts at something that keeps failing: each may be twice as long as the one before, up to
 * a bound, and a share of it is drawn, so that many who failed together do not come back together.
 */
#ifndef CQ_BASE_BACKOFF_H
#define CQ_BASE_BACKOFF_H

struct cq_backoff {
    double first_s, most_s; /* bounds of the ceiling */
    double jitter;          /* the share of the ceiling that is drawn: 0 none, 1 all of it */
    double ceiling_s;       /* of the last pause; 0: there was none yet */
};

/* With the bounds and the jitter that its user names. */
#define CQ_BACKOFF_INIT(first, most, share) {.first_s = (first), .most_s = (most), .jitter = (share)}

/*
 * The next pause, in seconds: between (1 - jitter) times the ceiling and the ceiling.
 *   random  from 0 to 1, as cq_random() gives it: what is drawn
 */
double cq_backoff_next(struct cq_backoff *backoff, double random);

/* It went well: the next pause is a first one again. */
void cq_backoff_reset(struct cq_backoff *backoff);

#endif
