/*
 * The pickle reader's machine, shared by read.c (opcodes), machine.c (stack, memo, the way from graph to
 * tree), reduce.c (globals and what is called with them) and globals.c (which names a pickle uses). Nobody
 * else includes it.
 *
 * A pickle builds a graph: a container may be memoized, referred to and filled later. So while the machine
 * runs, a container is a struct of its own, and a slot (a struct cq_value on the stack, in the memo, in a
 * container) of the kind CQ_SLOT_CONTAINER points to it. At STOP the graph becomes the tree of values, in
 * place: no slot is copied.
 */
#ifndef CQ_SERIALIZERS_PICKLE_MACHINE_H
#define CQ_SERIALIZERS_PICKLE_MACHINE_H

#include "base/arena.h"
#include "base/error.h"
#include "serializers/pickle/globals.h"
#include "serializers/value.h"

/* Kinds of slots beside those of values. */
enum {
    CQ_SLOT_CONTAINER = CQ_VALUE_OPAQUE + 1, /* as.list.items is its struct cq_pickle_container */
    CQ_SLOT_GLOBAL,  /* a class or function by dotted name in as.text; an OPAQUE at the end */
    CQ_SLOT_GETATTR, /* the global builtins.getattr, while globals are watched */
    CQ_SLOT_UNSET,   /* in the memo: nothing was put there */
};

enum cq_pickle_state { CQ_CONTAINER_OPEN, CQ_CONTAINER_ENTERED, CQ_CONTAINER_DONE };

/* Small, for a pickle of one byte per container makes millions of them; CQ_VALUE_MAX_ITEMS fits its
 * counts. */
struct cq_pickle_container {
    struct cq_value *items; /* in the caller's arena; of a map keys and values in turn */
    uint32_t len;
    uint32_t cap;
    uint32_t weight; /* elements in it and below, a shared one counted each time; once DONE */
    uint16_t height; /* levels of containers, itself included; once DONE */
    enum cq_value_kind kind : 8;
    enum cq_pickle_state
        state : 8; /* ENTERED while the walk at STOP is inside: meeting it again is a cycle */
};

_Static_assert(CQ_VALUE_MAX_ITEMS < UINT32_MAX / 4 && CQ_VALUE_MAX_DEPTH < UINT16_MAX, "counts fit");

struct cq_pickle {
    struct cq_str bytes;
    size_t at;        /* the next byte to read */
    size_t opcode_at; /* where the current opcode is, for messages */
    unsigned char opcode;
    struct cq_arena *arena;  /* the caller's: texts and items */
    struct cq_arena scratch; /* all that is not needed after STOP */
    struct cq_value *stack;
    size_t stack_len, stack_cap;
    size_t *marks; /* stack lengths at each MARK; the last is a fence for pops */
    size_t marks_len, marks_cap;
    struct cq_value *memo;
    size_t memo_cap, memo_used; /* used: entries that are set */
    size_t pushed;              /* slots ever made, against CQ_VALUE_MAX_ITEMS */
    size_t expanded;            /* bytes of text that reductions took, at most twice the pickle itself */
    unsigned protocol;          /* of the last PROTO; 0: none yet */
    struct cq_globals
        *watch; /* NULL: values are wanted. Else only names are, and what could hide one is refused */
    struct cq_error *err;
    struct cq_value first_stack[32], first_memo[32];
};

void cq_pickle_init(struct cq_pickle *pickle, struct cq_str bytes, struct cq_arena *arena,
                    struct cq_error *err);
void cq_pickle_release(struct cq_pickle *pickle);

/* CQ_ERR_DESERIALIZATION: "pickle: <what> at byte N". */
enum cq_code cq_pickle_fault(const struct cq_pickle *pickle, const char *what);

/* What follows an opcode. Errors: CQ_ERR_DESERIALIZATION when the pickle ends before it does. */
enum cq_code cq_pickle_take(struct cq_pickle *pickle, uint64_t len, struct cq_str *ret_bytes);
enum cq_code cq_pickle_take_number(struct cq_pickle *pickle, unsigned size,
                                   uint64_t *ret_number); /* little-endian */
enum cq_code cq_pickle_take_sized(struct cq_pickle *pickle, unsigned size,
                                  struct cq_str *ret_bytes); /* after a length of size bytes */
enum cq_code cq_pickle_take_line(struct cq_pickle *pickle,
                                 struct cq_str *ret_line); /* its \n is not part of it */

enum cq_code cq_pickle_push(struct cq_pickle *pickle, struct cq_value slot);
enum cq_code cq_pickle_pop(struct cq_pickle *pickle, struct cq_value *ret_slot);
enum cq_code cq_pickle_top(struct cq_pickle *pickle, struct cq_value *ret_slot); /* without taking it */

enum cq_code cq_pickle_mark(struct cq_pickle *pickle);
/* Undo the last MARK: the slots above it are at *ret_slots until the next push. */
enum cq_code cq_pickle_pop_mark(struct cq_pickle *pickle, struct cq_value **ret_slots, size_t *ret_len);

enum cq_code cq_pickle_put(struct cq_pickle *pickle, uint64_t index, struct cq_value slot);
enum cq_code cq_pickle_get(struct cq_pickle *pickle, uint64_t index, struct cq_value *ret_slot);

/* The container behind a slot, or NULL. */
static inline struct cq_pickle_container *cq_pickle_container(const struct cq_value *slot)
{
    return (int)slot->kind == CQ_SLOT_CONTAINER ? (struct cq_pickle_container *)(void *)slot->as.list.items
                                                : NULL;
}

/* A new container holding copies of slots. */
struct cq_value cq_pickle_make(struct cq_pickle *pickle, enum cq_value_kind kind,
                               const struct cq_value *slots, size_t len);
void cq_pickle_extend(struct cq_pickle *pickle, struct cq_pickle_container *container,
                      const struct cq_value *slots, size_t len);

/* The tree of values that hangs on a slot. Refuses cycles, and more depth or elements than the limits of
 * value.h. */
enum cq_code cq_pickle_resolve(struct cq_pickle *pickle, struct cq_value slot, struct cq_value *ret_value);

/* The opcodes of what a pickle does not hold (persistent ids, extension codes, out-of-band buffers), and
 * 0x98. */
enum cq_code cq_pickle_op_elsewhere(struct cq_pickle *pickle);
enum cq_code cq_pickle_op_readonly(struct cq_pickle *pickle);

#endif
