#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ALIGNMENT = 16, BLOCK_BYTES = 4096 };

struct cq_arena_block {
    struct cq_arena_block *next;
    size_t used; /* bytes of data handed out */
    size_t size; /* bytes of data */
    _Alignas(ALIGNMENT) char data[];
};

void cq_arena_init(struct cq_arena *arena)
{
    *arena = CQ_ARENA_INIT;
}

void cq_arena_release(struct cq_arena *arena)
{
    struct cq_arena_block *block = arena->blocks;
    while (block) {
        struct cq_arena_block *next = block->next;
        free(block);
        block = next;
    }
    cq_arena_init(arena);
}

void *cq_arena_alloc(struct cq_arena *arena, size_t size)
{
    size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (size > SIZE_MAX / 2)
        rounded = SIZE_MAX /
                  2; /* with the block's head it is still no small number: let cq_alloc refuse it */
    struct cq_arena_block *block = arena->blocks;
    if (!block || block->size - block->used < rounded) {
        size_t data = rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES;
        struct cq_arena_block *fresh = cq_alloc(sizeof(*fresh) + data);
        fresh->used = 0;
        fresh->size = data;
        /* A big request goes behind the current block, whose rest stays in use. */
        if (block && rounded > BLOCK_BYTES / 2) {
            fresh->next = block->next;
            block->next = fresh;
        } else {
            fresh->next = block;
            arena->blocks = fresh;
        }
        block = fresh;
    }
    void *place = block->data + block->used;
    block->used += rounded;
    arena->used += size;
    return place;
}

char *cq_arena_strndup(struct cq_arena *arena, const char *data, size_t len)
{
    char *copy = cq_arena_alloc(arena, len < SIZE_MAX ? len + 1 : len);
    if (len)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

struct cq_str cq_arena_str(struct cq_arena *arena, struct cq_str text)
{
    return (struct cq_str){cq_arena_strndup(arena, text.data, text.len), text.len};
}

char *cq_arena_printf(struct cq_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        return cq_arena_strndup(arena, "", 0);
    char *text = cq_arena_alloc(arena, (size_t)len + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}
