#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Make text one printable line, and drop a UTF-8 sequence that vsnprintf cut in half. */
static void tidy(char *text)
{
    size_t len = strlen(text);
    size_t start = len;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start > 0 && (unsigned char)text[start - 1] >= 0xC0) {
        unsigned char lead = (unsigned char)text[start - 1];
        size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        if (len - (start - 1) < want)
            text[start - 1] = '\0';
    }
    char *to = text;
    for (const char *p = text; *p; p++) {
        bool c1 = p[0] == '\xC2' && (unsigned char)p[1] >= 0x80 &&
                  (unsigned char)p[1] < 0xA0; /* of two bytes */
        *to++ = c1 || (unsigned char)*p < 0x20 || *p == 0x7F ? '?' : *p;
        p += c1;
    }
    *to = '\0';
}

enum cq_code cq_error_set(struct cq_error *err, enum cq_code code, const char *format, ...)
{
    if (!err)
        return code;
    /* Format into a scratch first: an argument may be err->text itself. */
    char text[sizeof(err->text)];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    tidy(text);
    err->code = code;
    memcpy(err->text, text, sizeof(text));
    return code;
}

enum cq_code cq_error_errno(struct cq_error *err, int errno_value, const char *format, ...)
{
    if (!err)
        return CQ_ERR_SYSTEM;
    /* A long text is cut, so that the reason after it is not. */
    char text[sizeof(err->text)];
    const char *reason = strerror(errno_value);
    size_t behind = strlen(reason) + 2;
    va_list args;
    va_start(args, format);
    vsnprintf(text, behind < sizeof(text) ? sizeof(text) - behind : 1, format, args);
    va_end(args);
    tidy(text);
    return cq_error_set(err, CQ_ERR_SYSTEM, "%s: %s", text, reason);
}
