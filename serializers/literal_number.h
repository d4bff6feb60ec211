/* The numbers of a Python literal, and what they share with the rest of its parser (literal.c). */
#ifndef CQ_SERIALIZERS_LITERAL_NUMBER_H
#define CQ_SERIALIZERS_LITERAL_NUMBER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "serializers/value.h"

struct cq_literal {
    struct cq_str text;
    size_t at;
    int brackets; /* open ones: inside, newlines and comments are space */
    struct cq_arena *arena;
    struct cq_builder values;
    struct cq_error *err;
};

/* Columns count bytes from 1, for a text that is one argument of a command line. */
static inline enum cq_code cq_literal_fault(const struct cq_literal *p, size_t at, const char *what)
{
    return cq_error_set(p->err, CQ_ERR_DESERIALIZATION, "not a Python literal: %s at column %zu", what,
                        at + 1);
}

static inline enum cq_code cq_literal_push(struct cq_literal *p, struct cq_value value)
{
    if (cq_builder_push(&p->values, value))
        return CQ_OK;
    return cq_error_set(p->err, CQ_ERR_LIMIT, "the literal has more than %d elements", CQ_VALUE_MAX_ITEMS);
}

static inline char cq_literal_peek_at(const struct cq_literal *p, size_t ahead)
{
    return p->text.len - p->at > ahead ? p->text.data[p->at + ahead] : '\0';
}

static inline char cq_literal_peek(const struct cq_literal *p)
{
    return cq_literal_peek_at(p, 0);
}

static inline bool cq_literal_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool cq_literal_is_word(char c)
{
    return cq_literal_is_digit(c) || c == '_' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (unsigned char)c >= 0x80;
}

/*
 * Read a number that begins here, and push its value.
 *   negative  a minus was before it, and is read
 * Errors: CQ_ERR_DESERIALIZATION, CQ_ERR_LIMIT when it has too many digits.
 */
enum cq_code cq_literal_number(struct cq_literal *p, bool negative);

#endif
