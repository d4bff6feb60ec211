/*
 * The value model: what arguments, results and meta are made of, whichever serializer they came in.
 *
 * It is msgpack's object model plus the few plain Python types that RQ users pickle (tuple, set, big int,
 * datetime), because the description, `cq info` and an answer in kind need them told apart. A value is a
 * small struct that borrows: its bytes and children live in the arena that it was decoded or built in, and
 * die with that arena. To its readers a value is a tree: decoders refuse cycles. A reference that a pickle
 * shares may share its memory here too, but counts against the limits below each time that it is reached.
 */
#ifndef CQ_SERIALIZERS_VALUE_H
#define CQ_SERIALIZERS_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"

enum {
    CQ_VALUE_MAX_DEPTH = 100, /* containers inside each other */
    CQ_VALUE_MAX_ITEMS = 16 * 1024 *
                         1024,  /* elements of one payload, all containers together; a pair is two */
    CQ_VALUE_MAX_DIGITS = 4300, /* decimal digits of an integer: Python's own limit for int and str */
};

enum cq_value_kind {
    CQ_VALUE_NONE,
    CQ_VALUE_BOOL,
    CQ_VALUE_INT,    /* fits int64_t */
    CQ_VALUE_BIGINT, /* does not: decimal text in `text`, with `-` when negative */
    CQ_VALUE_FLOAT,
    CQ_VALUE_STR, /* UTF-8; lone surrogates of Python are kept as their 3-byte form */
    CQ_VALUE_BYTES,
    CQ_VALUE_LIST,
    CQ_VALUE_TUPLE,
    CQ_VALUE_SET,
    CQ_VALUE_FROZENSET,
    CQ_VALUE_MAP,      /* keys may be any value; order kept; `pairs` */
    CQ_VALUE_DATETIME, /* `text`: as Python's repr shows it, `datetime.datetime(2026, 1, 2, 3, 4)` */
    CQ_VALUE_OPAQUE,   /* what we cannot hold, by name in `text`: `decimal.Decimal`; never written by us */
};

struct cq_pair;

struct cq_value {
    enum cq_value_kind kind;
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct cq_str text; /* BIGINT, STR, BYTES, DATETIME, OPAQUE; a NUL follows the bytes */
        struct {
            struct cq_value *items;
            size_t len;
        } list; /* LIST, TUPLE, SET, FROZENSET */
        struct {
            struct cq_pair *pairs;
            size_t len;
        } map;
    } as;
};

struct cq_pair {
    struct cq_value key;
    struct cq_value value;
};

static inline struct cq_value cq_value_none(void)
{
    return (struct cq_value){.kind = CQ_VALUE_NONE};
}
static inline struct cq_value cq_value_bool(bool boolean)
{
    return (struct cq_value){.kind = CQ_VALUE_BOOL, .as.boolean = boolean};
}
static inline struct cq_value cq_value_int(int64_t integer)
{
    return (struct cq_value){.kind = CQ_VALUE_INT, .as.integer = integer};
}
static inline struct cq_value cq_value_float(double number)
{
    return (struct cq_value){.kind = CQ_VALUE_FLOAT, .as.number = number};
}
/* The text is borrowed, not copied; pass one from an arena, with a NUL after it. */
static inline struct cq_value cq_value_str(struct cq_str text)
{
    return (struct cq_value){.kind = CQ_VALUE_STR, .as.text = text};
}

/* Containers with room for len elements, all None; fill as.list.items / as.map.pairs. kind: one of the list
 * kinds. */
struct cq_value cq_value_list(struct cq_arena *arena, enum cq_value_kind kind, size_t len);
struct cq_value cq_value_map(struct cq_arena *arena, size_t len);

/* The value under a string key, or NULL. Linear. */
const struct cq_value *cq_value_get(const struct cq_value *map, const char *key);

/*
 * Set a string key, replacing or adding. *map must be a MAP in this arena. Replacing happens in place, so
 * that every copy of *map sees it; adding copies the pairs, so that only *map grows.
 */
void cq_value_set(struct cq_arena *arena, struct cq_value *map, const char *key, struct cq_value value);

/* A short word for messages: "str", "list", "int", as Python names the type; an opaque gives its own name. */
const char *cq_value_type_name(const struct cq_value *value);

/* May it be a dict's key or a set's member in Python? No list, dict or set in it. */
bool cq_value_hashable(const struct cq_value *value);

/*
 * What Python's dict and set do with equal keys (1, 1.0 and True are equal): the first place and, of pairs,
 * the last value stay. Works in place; returns the new length. Sorts, so that no choice of keys makes it
 * slow.
 */
size_t cq_value_unique_items(struct cq_value *items, size_t len);
size_t cq_value_unique_pairs(struct cq_pair *pairs, size_t len);

/*
 * Values collected by a parser that learns a container's length only at its end. What is pushed after a mark
 * becomes a container in an arena; small payloads never leave the space in the struct itself.
 */
struct cq_builder {
    struct cq_value *items; /* inside, or owned */
    size_t len;
    size_t cap;
    size_t total; /* ever pushed, for the limit */
    struct cq_value inside[32];
};

void cq_builder_init(struct cq_builder *builder);
void cq_builder_release(struct cq_builder *builder);

/* False: more than CQ_VALUE_MAX_ITEMS were pushed, nothing added. */
CQ_MUST_CHECK bool cq_builder_push(struct cq_builder *builder, struct cq_value value);

/* Take all above mark off, as a list kind, or as a map of keys and values in turn; equal keys are made
 * one. */
struct cq_value cq_builder_take(struct cq_builder *builder, size_t mark, struct cq_arena *arena,
                                enum cq_value_kind kind);

#endif
