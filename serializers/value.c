#include "serializers/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct cq_value cq_value_list(struct cq_arena *arena, enum cq_value_kind kind, size_t len)
{
    struct cq_value list = {.kind = kind, .as.list = {NULL, len}};
    if (len)
        list.as.list.items = cq_arena_alloc(arena, len * sizeof(*list.as.list.items));
    for (size_t i = 0; i < len; i++)
        list.as.list.items[i] = cq_value_none();
    return list;
}

struct cq_value cq_value_map(struct cq_arena *arena, size_t len)
{
    struct cq_value map = {.kind = CQ_VALUE_MAP, .as.map = {NULL, len}};
    if (len)
        map.as.map.pairs = cq_arena_alloc(arena, len * sizeof(*map.as.map.pairs));
    for (size_t i = 0; i < len; i++)
        map.as.map.pairs[i] = (struct cq_pair){cq_value_none(), cq_value_none()};
    return map;
}

static struct cq_pair *find(const struct cq_value *map, const char *key)
{
    if (map->kind != CQ_VALUE_MAP)
        return NULL;
    for (size_t i = 0; i < map->as.map.len; i++) {
        struct cq_pair *pair = &map->as.map.pairs[i];
        if (pair->key.kind == CQ_VALUE_STR && cq_str_is(pair->key.as.text, key))
            return pair;
    }
    return NULL;
}

const struct cq_value *cq_value_get(const struct cq_value *map, const char *key)
{
    const struct cq_pair *pair = find(map, key);
    return pair ? &pair->value : NULL;
}

void cq_value_set(struct cq_arena *arena, struct cq_value *map, const char *key, struct cq_value value)
{
    struct cq_pair *pair = find(map, key);
    if (pair) {
        pair->value = value;
        return;
    }
    size_t len = map->as.map.len;
    struct cq_pair *pairs = cq_arena_alloc(arena, (len + 1) * sizeof(*pairs));
    if (len)
        memcpy(pairs, map->as.map.pairs, len * sizeof(*pairs));
    pairs[len] = (struct cq_pair){cq_value_str(cq_arena_str(arena, cq_str(key))), value};
    map->as.map.pairs = pairs;
    map->as.map.len = len + 1;
}

const char *cq_value_type_name(const struct cq_value *value)
{
    static const char *const names[] = {
        [CQ_VALUE_NONE] = "NoneType", [CQ_VALUE_BOOL] = "bool",   [CQ_VALUE_INT] = "int",
        [CQ_VALUE_BIGINT] = "int",    [CQ_VALUE_FLOAT] = "float", [CQ_VALUE_STR] = "str",
        [CQ_VALUE_BYTES] = "bytes",   [CQ_VALUE_LIST] = "list",   [CQ_VALUE_TUPLE] = "tuple",
        [CQ_VALUE_SET] = "set",       [CQ_VALUE_MAP] = "dict",    [CQ_VALUE_FROZENSET] = "frozenset",
    };
    static const char *const moments[] = {"datetime", "date", "timedelta", "timezone", "time"};
    if (value->kind == CQ_VALUE_OPAQUE)
        return value->as.text.data;
    if (value->kind != CQ_VALUE_DATETIME)
        return names[value->kind];
    for (size_t i = 0; i < CQ_ARRAY_LEN(moments); i++) {
        size_t len = strlen(moments[i]), module = strlen("datetime.");
        struct cq_str text = value->as.text;
        if (text.len > module + len && memcmp(text.data + module, moments[i], len) == 0 &&
            (text.data[module + len] == '(' || text.data[module + len] == '.'))
            return moments[i];
    }
    return "datetime";
}

/* --- Keys --- */

static bool hashable_at(const struct cq_value *value, int depth)
{
    if (value->kind == CQ_VALUE_LIST || value->kind == CQ_VALUE_SET || value->kind == CQ_VALUE_MAP ||
        depth > CQ_VALUE_MAX_DEPTH)
        return false;
    if (value->kind == CQ_VALUE_TUPLE)
        for (size_t i = 0; i < value->as.list.len; i++)
            if (!hashable_at(&value->as.list.items[i], depth + 1))
                return false;
    return true;
}

bool cq_value_hashable(const struct cq_value *value)
{
    return hashable_at(value, 0);
}

/* Kinds that Python compares with each other share a class. */
static int key_class(enum cq_value_kind kind)
{
    return kind == CQ_VALUE_BOOL || kind == CQ_VALUE_FLOAT ? CQ_VALUE_INT : (int)kind;
}

/* Never equal to another key: NaN, and an opaque, whose equality we do not know. */
static bool key_alone(const struct cq_value *key)
{
    if (key->kind == CQ_VALUE_TUPLE || key->kind == CQ_VALUE_FROZENSET) {
        for (size_t i = 0; i < key->as.list.len; i++)
            if (key_alone(&key->as.list.items[i]))
                return true;
        return false;
    }
    return key->kind == CQ_VALUE_OPAQUE || (key->kind == CQ_VALUE_FLOAT && isnan(key->as.number));
}

static int compare_numbers(const struct cq_value *a, const struct cq_value *b)
{
    int64_t left = a->kind == CQ_VALUE_BOOL ? a->as.boolean : a->as.integer;
    int64_t right = b->kind == CQ_VALUE_BOOL ? b->as.boolean : b->as.integer;
    if (a->kind != CQ_VALUE_FLOAT && b->kind != CQ_VALUE_FLOAT)
        return (left > right) - (left < right);
    /* long double holds every int64_t and every double. */
    long double x = a->kind == CQ_VALUE_FLOAT ? (long double)a->as.number : (long double)left;
    long double y = b->kind == CQ_VALUE_FLOAT ? (long double)b->as.number : (long double)right;
    if (isnan(x) || isnan(y))
        return (isnan(x) != 0) - (isnan(y) != 0);
    return (x > y) - (x < y);
}

/* A total order in which equal keys meet; the order itself means nothing. */
static int compare_keys(const struct cq_value *a, const struct cq_value *b)
{
    int left = key_class(a->kind), right = key_class(b->kind);
    if (left != right)
        return left - right;
    switch (left) {
    case CQ_VALUE_NONE: return 0;
    case CQ_VALUE_INT: return compare_numbers(a, b);
    case CQ_VALUE_LIST:
    case CQ_VALUE_TUPLE:
    case CQ_VALUE_SET:
    case CQ_VALUE_FROZENSET:
        if (a->as.list.len != b->as.list.len)
            return a->as.list.len < b->as.list.len ? -1 : 1;
        for (size_t i = 0; i < a->as.list.len; i++) {
            int order = compare_keys(&a->as.list.items[i], &b->as.list.items[i]);
            if (order)
                return order;
        }
        return 0;
    case CQ_VALUE_MAP: return (a > b) - (a < b); /* msgpack only: a map as a key equals no other */
    default:
        if (a->as.text.len != b->as.text.len)
            return a->as.text.len < b->as.text.len ? -1 : 1;
        return a->as.text.len ? memcmp(a->as.text.data, b->as.text.data, a->as.text.len) : 0;
    }
}

struct key {
    const struct cq_value *value;
    size_t at;
};

static int compare_places(const void *a, const void *b)
{
    const struct key *left = a, *right = b;
    int order = compare_keys(left->value, right->value);
    return order ? order : (left->at > right->at) - (left->at < right->at);
}

/*
 * For each element, the place of the first with an equal key; step: elements per key (2: pairs).
 * NULL: all keys differ, which is the rule. Free it.
 */
static size_t *first_places(const struct cq_value *items, size_t len, size_t step)
{
    struct key few[16];
    struct key *keys = len <= CQ_ARRAY_LEN(few) ? few : cq_calloc(len, sizeof(*keys));
    size_t *first = NULL;
    for (size_t i = 0; i < len; i++)
        keys[i] = (struct key){&items[i * step], i};
    qsort(keys, len, sizeof(*keys), compare_places);
    for (size_t i = 1; i < len; i++) {
        if (compare_keys(keys[i - 1].value, keys[i].value) != 0 || key_alone(keys[i].value))
            continue;
        if (!first) {
            first = cq_calloc(len, sizeof(*first));
            for (size_t j = 0; j < len; j++)
                first[j] = j;
        }
        first[keys[i].at] = first[keys[i - 1].at];
    }
    if (keys != few)
        free(keys);
    return first;
}

size_t cq_value_unique_items(struct cq_value *items, size_t len)
{
    size_t *first = len > 1 ? first_places(items, len, 1) : NULL;
    size_t kept = 0;
    if (!first)
        return len;
    for (size_t i = 0; i < len; i++)
        if (first[i] == i)
            items[kept++] = items[i];
    free(first);
    return kept;
}

_Static_assert(sizeof(struct cq_pair) == 2 * sizeof(struct cq_value), "a pair is two values, key first");

size_t cq_value_unique_pairs(struct cq_pair *pairs, size_t len)
{
    size_t *first = len > 1 ? first_places(&pairs->key, len, 2) : NULL;
    size_t kept = 0;
    if (!first)
        return len;
    for (size_t i = 0; i < len; i++)
        if (first[i] != i)
            pairs[first[i]].value = pairs[i].value;
    for (size_t i = 0; i < len; i++)
        if (first[i] == i)
            pairs[kept++] = pairs[i];
    free(first);
    return kept;
}

/* --- Builder --- */

void cq_builder_init(struct cq_builder *builder)
{
    builder->items = builder->inside;
    builder->len = 0;
    builder->cap = CQ_ARRAY_LEN(builder->inside);
    builder->total = 0;
}

void cq_builder_release(struct cq_builder *builder)
{
    if (builder->items != builder->inside)
        free(builder->items);
    cq_builder_init(builder);
}

bool cq_builder_push(struct cq_builder *builder, struct cq_value value)
{
    if (builder->total >= CQ_VALUE_MAX_ITEMS)
        return false;
    if (builder->len == builder->cap) {
        size_t bytes = builder->cap * 2 * sizeof(value);
        if (builder->items == builder->inside) {
            builder->items = cq_alloc(bytes);
            memcpy(builder->items, builder->inside, sizeof(builder->inside));
        } else {
            builder->items = cq_realloc(builder->items, bytes);
        }
        builder->cap *= 2;
    }
    builder->items[builder->len++] = value;
    builder->total++;
    return true;
}

struct cq_value cq_builder_take(struct cq_builder *builder, size_t mark, struct cq_arena *arena,
                                enum cq_value_kind kind)
{
    size_t len = builder->len - mark;
    const struct cq_value *from = builder->items + mark;
    builder->len = mark;
    if (kind == CQ_VALUE_MAP) {
        struct cq_value map = {.kind = kind, .as.map = {NULL, len / 2}};
        if (len) {
            map.as.map.pairs = cq_arena_alloc(arena, len * sizeof(*from));
            memcpy(map.as.map.pairs, from, len * sizeof(*from));
        }
        map.as.map.len = cq_value_unique_pairs(map.as.map.pairs, len / 2);
        return map;
    }
    struct cq_value list = {.kind = kind, .as.list = {NULL, len}};
    if (len) {
        list.as.list.items = cq_arena_alloc(arena, len * sizeof(*from));
        memcpy(list.as.list.items, from, len * sizeof(*from));
    }
    if (kind == CQ_VALUE_SET || kind == CQ_VALUE_FROZENSET)
        list.as.list.len = cq_value_unique_items(list.as.list.items, len);
    return list;
}
