#include "base/backoff.h"

double cq_backoff_next(struct cq_backoff *backoff, double random)
{
    double ceiling_s = backoff->ceiling_s > 0 ? backoff->ceiling_s * 2 : backoff->first_s;
    backoff->ceiling_s = ceiling_s < backoff->most_s ? ceiling_s : backoff->most_s;
    return backoff->ceiling_s * (1 - backoff->jitter + backoff->jitter * random);
}

void cq_backoff_reset(struct cq_backoff *backoff)
{
    backoff->ceiling_s = 0;
}
