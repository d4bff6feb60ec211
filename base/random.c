#include "base/random.h"

#include <stdint.h>
#include <sys/random.h>

double cq_random(void)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        return 0;
    return (double)random / (double)UINT32_MAX;
}
