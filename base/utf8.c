#include "base/utf8.h"

int cq_utf8_decode(struct cq_str text, size_t at, uint32_t *ret_point)
{
    const unsigned char *p = (const unsigned char *)text.data + at;
    size_t left = text.len - at;
    int len;
    uint32_t point, least;
    if (!left)
        return 0;
    if (p[0] < 0x80) {
        *ret_point = p[0];
        return 1;
    } else if (p[0] >= 0xC2 && p[0] < 0xE0) {
        len = 2, point = p[0] & 0x1Fu, least = 0x80;
    } else if (p[0] >= 0xE0 && p[0] < 0xF0) {
        len = 3, point = p[0] & 0x0Fu, least = 0x800;
    } else if (p[0] >= 0xF0 && p[0] < 0xF5) {
        len = 4, point = p[0] & 0x07u, least = 0x10000;
    } else {
        return 0;
    }
    if (left < (size_t)len)
        return 0;
    for (int i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        point = point << 6 | (p[i] & 0x3Fu);
    }
    if (point < least || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
        return 0;
    *ret_point = point;
    return len;
}

size_t cq_utf8_put(char to[CQ_UTF8_MAX], uint32_t point)
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (char)(0xC0 | point >> 6);
        to[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xE0 | point >> 12);
        to[1] = (char)(0x80 | (point >> 6 & 0x3F));
        to[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | point >> 18);
    to[1] = (char)(0x80 | (point >> 12 & 0x3F));
    to[2] = (char)(0x80 | (point >> 6 & 0x3F));
    to[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}

void cq_utf8_append(struct cq_buf *out, uint32_t point)
{
    char bytes[CQ_UTF8_MAX];
    cq_buf_append(out, bytes, cq_utf8_put(bytes, point));
}

bool cq_utf8_valid(struct cq_str text)
{
    uint32_t point;
    for (size_t at = 0; at < text.len;) {
        int len = cq_utf8_decode(text, at, &point);
        if (!len)
            return false;
        at += (size_t)len;
    }
    return true;
}

/* C0, DEL and C1: the last of them are two bytes, and a terminal obeys them all the same. */
static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0);
}

void cq_utf8_escape_line(struct cq_buf *out, struct cq_str text)
{
    for (size_t at = 0; at < text.len;) {
        uint32_t point;
        int len = cq_utf8_decode(text, at, &point);
        if (len && !is_control(point)) {
            cq_buf_append(out, text.data + at, (size_t)len);
            at += (size_t)len;
            continue;
        }
        if (text.data[at] == '\n')
            cq_buf_text(out, "\\n");
        else if (text.data[at] == '\t')
            cq_buf_text(out, "\\t");
        else if (text.data[at] == '\r')
            cq_buf_text(out, "\\r");
        else
            cq_buf_printf(out, "\\x%02x", (unsigned char)text.data[at]);
        at++;
    }
}

void cq_utf8_append_valid(struct cq_buf *out, struct cq_str text)
{
    for (size_t at = 0; at < text.len;) {
        uint32_t point;
        int len = cq_utf8_decode(text, at, &point);
        if (len)
            cq_buf_append(out, text.data + at, (size_t)len);
        else
            cq_utf8_append(out, 0xFFFD);
        at += len ? (size_t)len : 1;
    }
}

void cq_utf8_escape_json(struct cq_buf *out, struct cq_str text)
{
    for (size_t at = 0; at < text.len;) {
        uint32_t point;
        int len = cq_utf8_decode(text, at, &point);
        if (!len) {
            cq_buf_text(out, "\\ufffd");
            at++;
            continue;
        }
        if (point == '"' || point == '\\')
            cq_buf_printf(out, "\\%c", (char)point);
        else if (point == '\n')
            cq_buf_text(out, "\\n");
        else if (is_control(point))
            cq_buf_printf(out, "\\u%04x", (unsigned)point);
        else
            cq_buf_append(out, text.data + at, (size_t)len);
        at += (size_t)len;
    }
}
