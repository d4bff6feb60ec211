/*
 * Memory that is freed all at once: what decoding one payload or building one command allocates.
 * Blocks come from cq_alloc, so nothing here fails; nothing is freed before the arena is released.
 */
#ifndef CQ_BASE_ARENA_H
#define CQ_BASE_ARENA_H

#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct cq_arena_block;

struct cq_arena {
    struct cq_arena_block *blocks; /* owned, newest first; NULL: nothing allocated yet */
    size_t used;                   /* bytes handed out, for limits and tests */
};

#define CQ_ARENA_INIT ((struct cq_arena){NULL, 0})

void cq_arena_init(struct cq_arena *arena);
void cq_arena_release(struct cq_arena *arena); /* frees everything; usable again */

void *cq_arena_alloc(struct cq_arena *arena, size_t size); /* aligned for any type, uninitialised */
char *cq_arena_strndup(struct cq_arena *arena, const char *data, size_t len); /* a NUL is added */
struct cq_str cq_arena_str(struct cq_arena *arena, struct cq_str text);       /* a copy, a NUL follows it */
char *cq_arena_printf(struct cq_arena *arena, const char *format, ...) CQ_PRINTF(2, 3);

#endif
