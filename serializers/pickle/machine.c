#include "serializers/pickle/machine.h"

#include <string.h>

enum {
    /* Pickles number their memo without gaps. A wild index may go this far past the entries set: 1.5 MB. */
    MEMO_GAP_MAX = 64 * 1024,
};

void cq_pickle_init(struct cq_pickle *pickle, struct cq_str bytes, struct cq_arena *arena,
                    struct cq_error *err)
{
    pickle->bytes = bytes;
    pickle->at = pickle->opcode_at = 0;
    pickle->opcode = 0;
    pickle->arena = arena;
    cq_arena_init(&pickle->scratch);
    pickle->stack = pickle->first_stack;
    pickle->stack_len = 0;
    pickle->stack_cap = CQ_ARRAY_LEN(pickle->first_stack);
    pickle->marks = NULL;
    pickle->marks_len = pickle->marks_cap = 0;
    pickle->memo = pickle->first_memo;
    pickle->memo_cap = CQ_ARRAY_LEN(pickle->first_memo);
    pickle->memo_used = 0;
    for (size_t i = 0; i < pickle->memo_cap; i++)
        pickle->memo[i].kind = (enum cq_value_kind)CQ_SLOT_UNSET;
    pickle->pushed = 0;
    pickle->expanded = 0;
    pickle->protocol = 0;
    pickle->watch = NULL;
    pickle->err = err;
}

void cq_pickle_release(struct cq_pickle *pickle)
{
    cq_arena_release(&pickle->scratch);
}

enum cq_code cq_pickle_fault(const struct cq_pickle *pickle, const char *what)
{
    return cq_error_set(pickle->err, CQ_ERR_DESERIALIZATION, "pickle: %s at byte %zu", what,
                        pickle->opcode_at);
}

/* --- Arguments of opcodes --- */

static enum cq_code truncated(const struct cq_pickle *pickle)
{
    return cq_error_set(pickle->err, CQ_ERR_DESERIALIZATION,
                        "pickle: truncated: it ends inside the opcode 0x%02x at byte %zu", pickle->opcode,
                        pickle->opcode_at);
}

enum cq_code cq_pickle_take(struct cq_pickle *pickle, uint64_t len, struct cq_str *ret_bytes)
{
    if (len > pickle->bytes.len - pickle->at)
        return truncated(pickle);
    *ret_bytes = cq_str_n(pickle->bytes.data + pickle->at, len);
    pickle->at += len;
    return CQ_OK;
}

/* A little-endian unsigned number of 1 to 8 bytes. */
enum cq_code cq_pickle_take_number(struct cq_pickle *pickle, unsigned size, uint64_t *ret_number)
{
    struct cq_str bytes = CQ_STR_NONE;
    enum cq_code code = cq_pickle_take(pickle, size, &bytes);
    *ret_number = 0;
    for (unsigned i = size; !code && i-- > 0;)
        *ret_number = *ret_number << 8 | (unsigned char)bytes.data[i];
    return code;
}

/* Bytes after their length, a number of `size` bytes. */
enum cq_code cq_pickle_take_sized(struct cq_pickle *pickle, unsigned size, struct cq_str *ret_bytes)
{
    uint64_t len = 0;
    enum cq_code code = cq_pickle_take_number(pickle, size, &len);
    return code ? code : cq_pickle_take(pickle, len, ret_bytes);
}

enum cq_code cq_pickle_take_line(struct cq_pickle *pickle, struct cq_str *ret_line)
{
    const char *start = pickle->bytes.data + pickle->at;
    const char *end = pickle->at < pickle->bytes.len ? memchr(start, '\n', pickle->bytes.len - pickle->at)
                                                     : NULL;
    if (!end)
        return truncated(pickle);
    *ret_line = cq_str_n(start, (size_t)(end - start));
    pickle->at += ret_line->len + 1;
    return CQ_OK;
}

/* --- Stack and memo --- */

/* A copy of an array in the scratch arena, with room for twice as much. The old one stays behind in the
 * arena. */
static void *grown(struct cq_pickle *pickle, const void *old, size_t len, size_t *cap, size_t size)
{
    *cap = *cap ? *cap * 2 : 16;
    void *array = cq_arena_alloc(&pickle->scratch, *cap * size);
    if (len)
        memcpy(array, old, len * size);
    return array;
}

/* Count one slot more. */
static enum cq_code count(struct cq_pickle *pickle)
{
    if (pickle->pushed >= CQ_VALUE_MAX_ITEMS)
        return cq_error_set(pickle->err, CQ_ERR_LIMIT, "pickle: more than %d elements, at byte %zu",
                            CQ_VALUE_MAX_ITEMS, pickle->opcode_at);
    pickle->pushed++;
    return CQ_OK;
}

enum cq_code cq_pickle_push(struct cq_pickle *pickle, struct cq_value slot)
{
    enum cq_code code = count(pickle);
    if (code)
        return code;
    if (pickle->stack_len == pickle->stack_cap)
        pickle->stack = grown(pickle, pickle->stack, pickle->stack_len, &pickle->stack_cap, sizeof(slot));
    pickle->stack[pickle->stack_len++] = slot;
    return CQ_OK;
}

static size_t fence(const struct cq_pickle *pickle)
{
    return pickle->marks_len ? pickle->marks[pickle->marks_len - 1] : 0;
}

enum cq_code cq_pickle_top(struct cq_pickle *pickle, struct cq_value *ret_slot)
{
    if (pickle->stack_len <= fence(pickle))
        return cq_pickle_fault(pickle, "an opcode that needs a value, but the stack is empty,");
    *ret_slot = pickle->stack[pickle->stack_len - 1];
    return CQ_OK;
}

/* getattr may be called or dropped. As an argument, an element or a state it would get where nobody watches
 * it. */
static enum cq_code getattr_strays(const struct cq_pickle *pickle)
{
    return cq_pickle_fault(pickle, "builtins.getattr as a value");
}

enum cq_code cq_pickle_pop(struct cq_pickle *pickle, struct cq_value *ret_slot)
{
    enum cq_code code = cq_pickle_top(pickle, ret_slot);
    if (!code && (int)ret_slot->kind == CQ_SLOT_GETATTR && pickle->opcode != 'R' && pickle->opcode != '0')
        return getattr_strays(pickle);
    if (!code)
        pickle->stack_len--;
    return code;
}

enum cq_code cq_pickle_mark(struct cq_pickle *pickle)
{
    enum cq_code code = count(pickle);
    if (code)
        return code;
    if (pickle->marks_len == pickle->marks_cap)
        pickle->marks = grown(pickle, pickle->marks, pickle->marks_len, &pickle->marks_cap,
                              sizeof(*pickle->marks));
    pickle->marks[pickle->marks_len++] = pickle->stack_len;
    return CQ_OK;
}

enum cq_code cq_pickle_pop_mark(struct cq_pickle *pickle, struct cq_value **ret_slots, size_t *ret_len)
{
    if (!pickle->marks_len)
        return cq_pickle_fault(pickle, "an opcode that needs a MARK, but there is none,");
    size_t mark = pickle->marks[--pickle->marks_len];
    for (size_t i = mark; pickle->watch && pickle->opcode != '1' && i < pickle->stack_len; i++)
        if ((int)pickle->stack[i].kind == CQ_SLOT_GETATTR)
            return getattr_strays(pickle);
    *ret_slots = pickle->stack + mark;
    *ret_len = pickle->stack_len - mark;
    pickle->stack_len = mark;
    return CQ_OK;
}

enum cq_code cq_pickle_put(struct cq_pickle *pickle, uint64_t index, struct cq_value slot)
{
    if (index >= pickle->memo_used + MEMO_GAP_MAX)
        return cq_pickle_fault(pickle, "a memo index far beyond the ones in use");
    while (index >= pickle->memo_cap) {
        size_t old = pickle->memo_cap;
        pickle->memo = grown(pickle, pickle->memo, old, &pickle->memo_cap, sizeof(slot));
        for (size_t i = old; i < pickle->memo_cap; i++)
            pickle->memo[i].kind = (enum cq_value_kind)CQ_SLOT_UNSET;
    }
    if ((int)pickle->memo[index].kind == CQ_SLOT_UNSET)
        pickle->memo_used++;
    pickle->memo[index] = slot;
    return CQ_OK;
}

enum cq_code cq_pickle_get(struct cq_pickle *pickle, uint64_t index, struct cq_value *ret_slot)
{
    if (index >= pickle->memo_cap || (int)pickle->memo[index].kind == CQ_SLOT_UNSET)
        return cq_pickle_fault(pickle, "a memo entry that was never put");
    *ret_slot = pickle->memo[index];
    return CQ_OK;
}

/* --- Containers --- */

void cq_pickle_extend(struct cq_pickle *pickle, struct cq_pickle_container *container,
                      const struct cq_value *slots, size_t len)
{
    if (!len)
        return;
    size_t need = container->len + len; /* as everything here no more than was pushed */
    if (need > container->cap) {
        /* The first batch, mostly the only one, gets just its size. */
        size_t cap = container->cap * 2u > need ? container->cap * 2u : need;
        struct cq_value *items = cq_arena_alloc(pickle->arena, cap * sizeof(*items));
        if (container->len)
            memcpy(items, container->items, container->len * sizeof(*items));
        container->items = items;
        container->cap = (uint32_t)cap;
    }
    memcpy(container->items + container->len, slots, len * sizeof(*slots));
    container->len = (uint32_t)need;
}

struct cq_value cq_pickle_make(struct cq_pickle *pickle, enum cq_value_kind kind,
                               const struct cq_value *slots, size_t len)
{
    struct cq_pickle_container *container = cq_arena_alloc(&pickle->scratch, sizeof(*container));
    *container = (struct cq_pickle_container){.kind = kind, .state = CQ_CONTAINER_OPEN};
    cq_pickle_extend(pickle, container, slots, len);
    return (struct cq_value){.kind = (enum cq_value_kind)CQ_SLOT_CONTAINER,
                             .as.list = {(void *)container, 0}};
}

/* --- From graph to tree --- */

/* All slots of the container are values now: make it one. */
static enum cq_code finish(const struct cq_pickle *pickle, struct cq_pickle_container *container)
{
    container->state = CQ_CONTAINER_DONE;
    bool is_map = container->kind == CQ_VALUE_MAP;
    if (is_map || container->kind == CQ_VALUE_SET || container->kind == CQ_VALUE_FROZENSET) {
        for (size_t i = 0; i < container->len; i += is_map ? 2 : 1)
            if (!cq_value_hashable(&container->items[i]))
                return cq_error_set(pickle->err, CQ_ERR_DESERIALIZATION,
                                    "pickle: a %s as a dict's key or in a set",
                                    cq_value_type_name(&container->items[i]));
        if (is_map)
            container->len = 2 * (uint32_t)cq_value_unique_pairs((struct cq_pair *)(void *)container->items,
                                                                 container->len / 2);
        else
            container->len = (uint32_t)cq_value_unique_items(container->items, container->len);
    }
    return CQ_OK;
}

static struct cq_value finished(const struct cq_pickle_container *container)
{
    if (container->kind == CQ_VALUE_MAP)
        return (struct cq_value){.kind = CQ_VALUE_MAP,
                                 .as.map = {(struct cq_pair *)(void *)container->items, container->len / 2}};
    return (struct cq_value){.kind = container->kind, .as.list = {container->items, container->len}};
}

struct frame {
    struct cq_pickle_container *container;
    size_t at; /* the slot to look at next */
};

static enum cq_code too_deep(const struct cq_pickle *pickle)
{
    return cq_error_set(pickle->err, CQ_ERR_LIMIT, "pickle: containers are more than %d levels deep",
                        CQ_VALUE_MAX_DEPTH);
}

/*
 * Look at the slots of the innermost frame. *ret_inner: a container to enter before this one can continue, or
 * NULL: this one is done. Its weight counts every element below it each time that it is reached, so that a
 * few bytes of shared references cannot make a value that takes for ever to walk.
 */
static enum cq_code walk(const struct cq_pickle *pickle, struct frame *frame, int depth,
                         struct cq_pickle_container **ret_inner)
{
    struct cq_pickle_container *outer = frame->container;
    *ret_inner = NULL;
    for (; frame->at < outer->len; frame->at++) {
        struct cq_value *slot = &outer->items[frame->at];
        struct cq_pickle_container *inner = cq_pickle_container(slot);
        if ((int)slot->kind == CQ_SLOT_GLOBAL)
            slot->kind = CQ_VALUE_OPAQUE;
        if (!inner)
            continue;
        if (inner->state == CQ_CONTAINER_ENTERED)
            return cq_error_set(pickle->err, CQ_ERR_DESERIALIZATION,
                                "pickle: a container holds itself; such values are not supported");
        if (inner->state == CQ_CONTAINER_OPEN) {
            *ret_inner = inner;
            return CQ_OK;
        }
        if (depth + inner->height > CQ_VALUE_MAX_DEPTH)
            return too_deep(pickle);
        if (outer->height <= inner->height)
            outer->height = (uint16_t)(inner->height + 1);
        outer->weight += inner->weight;
        if (outer->weight > CQ_VALUE_MAX_ITEMS)
            return cq_error_set(pickle->err, CQ_ERR_LIMIT,
                                "pickle: more than %d elements, shared ones counted each time",
                                CQ_VALUE_MAX_ITEMS);
        *slot = finished(inner);
    }
    return finish(pickle, outer);
}

enum cq_code cq_pickle_resolve(struct cq_pickle *pickle, struct cq_value slot, struct cq_value *ret_value)
{
    struct frame frames[CQ_VALUE_MAX_DEPTH];
    struct cq_pickle_container *root = cq_pickle_container(&slot), *inner = root;
    int depth = 0;
    if (!root) {
        if ((int)slot.kind == CQ_SLOT_GLOBAL)
            slot.kind = CQ_VALUE_OPAQUE;
        *ret_value = slot;
        return CQ_OK;
    }
    do {
        if (inner) {
            if (depth == CQ_VALUE_MAX_DEPTH)
                return too_deep(pickle);
            inner->state = CQ_CONTAINER_ENTERED;
            inner->height = 1;
            inner->weight = inner->len;
            frames[depth++] = (struct frame){inner, 0};
        }
        enum cq_code code = walk(pickle, &frames[depth - 1], depth, &inner);
        if (code)
            return code;
        if (!inner)
            depth--;
    } while (depth);
    *ret_value = finished(root);
    return CQ_OK;
}

enum cq_code cq_pickle_op_elsewhere(struct cq_pickle *p)
{
    struct cq_str line;
    struct cq_value slot;
    uint64_t number;
    enum cq_code code = CQ_OK;
    if (p->watch)
        return cq_pickle_fault(p, "a persistent id, an extension code or an out-of-band buffer");
    if (p->opcode == 'P')
        code = cq_pickle_take_line(p, &line);
    else if (p->opcode == 'Q')
        code = cq_pickle_pop(p, &slot);
    else if (p->opcode >= 0x82 && p->opcode <= 0x84)
        code = cq_pickle_take_number(p, p->opcode == 0x84 ? 4 : p->opcode - 0x81u, &number);
    if (code)
        return code;
    struct cq_str name = p->opcode == 'P' || p->opcode == 'Q' ? CQ_STR_LIT("persistent id")
                         : p->opcode == 0x97                  ? CQ_STR_LIT("out-of-band buffer")
                                                              : CQ_STR_LIT("copyreg extension");
    return cq_pickle_push(p, (struct cq_value){.kind = CQ_VALUE_OPAQUE, .as.text = name});
}

enum cq_code cq_pickle_op_readonly(struct cq_pickle *p)
{
    struct cq_value slot;
    return cq_pickle_top(p, &slot);
}
