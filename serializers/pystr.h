/*
 * Python's str as bytes: UTF-8 in which a lone surrogate keeps its 3-byte form (surrogatepass), and the
 * backslash escapes and quotes of Python's source and of old pickles.
 */
#ifndef CQ_SERIALIZERS_PYSTR_H
#define CQ_SERIALIZERS_PYSTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The code point at text.data[at], surrogates too. Returns its length in bytes; 0: malformed. */
int cq_pystr_decode(struct cq_str text, size_t at, uint32_t *ret_point);

/* Is every byte part of such a code point? Returns text.len, or where the first malformed one begins. */
size_t cq_pystr_check(struct cq_str text);

/* The value of `count` hex digits at text.data[at]. False: too few, or something else there. */
bool cq_pystr_hex(struct cq_str text, size_t at, int count, uint32_t *ret_value);

enum cq_escapes {
    CQ_ESCAPES_STR,   /* of a str literal: also \u and \U */
    CQ_ESCAPES_BYTES, /* of a bytes literal, and of protocol 0's STRING */
    /* raw-unicode-escape, of protocol 0's UNICODE: bytes are Latin-1, only \u and \U are escapes */
    CQ_ESCAPES_RAW,
};

/*
 * Undo escapes. `to` has room for 2 * text.len bytes (Latin-1 bytes may double).
 * Returns NULL and *ret_len, or what is wrong, a short phrase, and *ret_at, where.
 */
const char *cq_pystr_unescape(struct cq_str text, enum cq_escapes kind, char *to, size_t *ret_len,
                              size_t *ret_at);

/* A string of Python's source, with prefix and quotes. */
struct cq_pystr_token {
    struct cq_str body; /* between the quotes, escapes not undone; part of the text */
    bool raw, bytes;    /* its prefix has an r, a b */
    size_t end;         /* in the text, after the closing quotes */
};

/* Does one start at text.data[at]: a quote, or a prefix and a quote? */
bool cq_pystr_starts(struct cq_str text, size_t at);

/* Find its parts; it must start there. Returns NULL, or what is wrong with it. */
const char *cq_pystr_token(struct cq_str text, size_t at, struct cq_pystr_token *ret_token);

#endif
