#include "core/queue_order.h"

#include <string.h>

static void swap(size_t *a, size_t *b)
{
    size_t kept = *a;
    *a = *b;
    *b = kept;
}

void cq_queue_order_shuffle(size_t *order, size_t count, cq_queue_order_draw_fn *draw, void *data)
{
    for (size_t i = count - 1; i > 0; i--)
        swap(&order[i], &order[draw(data) % (i + 1)]);
}

void cq_queue_order_rotate(size_t *order, size_t count, size_t served)
{
    for (size_t turns = served + 1; turns > 0; turns--) {
        size_t first = order[0];
        memmove(order, order + 1, (count - 1) * sizeof(*order));
        order[count - 1] = first;
    }
}

void cq_queue_order_draw_weighted(size_t *order, const int64_t *weights, size_t count,
                                  cq_queue_order_draw_fn *draw, void *data)
{
    uint64_t left = 0;
    for (size_t i = 0; i < count; i++)
        left += (uint64_t)weights[i];
    for (size_t i = 0; i + 1 < count; i++) {
        uint64_t mark = draw(data) % left;
        size_t at = i;
        while (mark >= (uint64_t)weights[order[at]])
            mark -= (uint64_t)weights[order[at++]];
        left -= (uint64_t)weights[order[at]];
        swap(&order[i], &order[at]);
    }
}
