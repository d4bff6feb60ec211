/*
 * The order in which a slot looks at its queues: RQ's strategies, and weights. The strategy `latency` is the
 * script's (scripts/parts/latency.lua): it needs to see the queues. order is a permutation of 0 ... count -
 * 1, the places in the list of queues; count is 1 or more.
 */
#ifndef CQ_CORE_QUEUE_ORDER_H
#define CQ_CORE_QUEUE_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* 62 random bits; tests bring their own. */
typedef uint64_t cq_queue_order_draw_fn(void *data);

/* All orders alike. Source: rq/worker/base.py reorder_queues, DequeueStrategy.RANDOM. */
void cq_queue_order_shuffle(size_t *order, size_t count, cq_queue_order_draw_fn *draw, void *data);

/* What follows the place just served comes first. Source: the same, ROUND_ROBIN. */
void cq_queue_order_rotate(size_t *order, size_t count, size_t served);

/*
 * Draw each place from those that are left, with the chance of its weight. So every queue is first now and
 * then: weights (1 or more each) share the work, and no queue starves. The share of an empty queue goes to
 * the others by their weights.
 */
void cq_queue_order_draw_weighted(size_t *order, const int64_t *weights, size_t count,
                                  cq_queue_order_draw_fn *draw, void *data);

#endif
