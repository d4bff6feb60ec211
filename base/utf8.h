/* UTF-8: checking it, walking it, and showing bytes that may not be it. */
#ifndef CQ_BASE_UTF8_H
#define CQ_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * Decode the sequence at text.data[at]. Returns its length in bytes, 1 to 4, and the code point; 0 when the
 * bytes are not UTF-8 (overlong, a surrogate, above U+10FFFF, cut short).
 */
int cq_utf8_decode(struct cq_str text, size_t at, uint32_t *ret_point);

/* Write one code point below 0x110000, surrogates too, as Python's surrogatepass does. Returns its bytes. */
enum { CQ_UTF8_MAX = 4 };
size_t cq_utf8_put(char to[CQ_UTF8_MAX], uint32_t point);

/* Append one. */
void cq_utf8_append(struct cq_buf *out, uint32_t point);

bool cq_utf8_valid(struct cq_str text);

/* Append text with U+FFFD for each byte that is not UTF-8: it takes up to three times its length. */
void cq_utf8_append_valid(struct cq_buf *out, struct cq_str text);

/* Append text with control characters (C0, DEL, C1) and bytes that are not UTF-8 as \n, \t, \xNN: one
 * printable line. */
void cq_utf8_escape_line(struct cq_buf *out, struct cq_str text);

/* Append text as the inside of a JSON string: control characters as \n, \uNNNN; bytes that are not UTF-8
 * become U+FFFD. */
void cq_utf8_escape_json(struct cq_buf *out, struct cq_str text);

#endif
