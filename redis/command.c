#include "redis/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    HEADER_ROOM = 16,           /* "*2147483647\r\n" fits */
    DIGITS_MAX = 20,            /* of a 64-bit number */
    ARG_FRAME = DIGITS_MAX + 5, /* "$", "\r\n" and "\r\n" around an argument, with its length */
    KEEP_MAX = 1024 *
               1024, /* bytes that a cleared command keeps allocated: one huge job must not stay in memory */
};

void cq_command_init(struct cq_command *command)
{
    cq_buf_init(&command->body, CQ_COMMAND_MAX);
    command->argc = 0;
    command->script = CQ_SCRIPT_NONE;
}

void cq_command_release(struct cq_command *command)
{
    cq_buf_release(&command->body);
    cq_command_init(command);
}

void cq_command_clear(struct cq_command *command)
{
    if (command->body.cap > KEEP_MAX)
        cq_buf_release(&command->body);
    cq_buf_clear(&command->body);
    command->argc = 0;
    command->script = CQ_SCRIPT_NONE;
}

/* Write value so that it ends before end; returns its first digit. */
static char *digits_before(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return end;
}

static char *put_digits(char *at, uint64_t value)
{
    char scratch[DIGITS_MAX];
    char *end = scratch + sizeof(scratch);
    char *first = digits_before(end, value);
    size_t len = (size_t)(end - first);
    memcpy(at, first, len);
    return at + len;
}

/* Room for an argument of len bytes with its frame; its place among the others is taken when all of it is
 * written. */
static char *start_arg(struct cq_command *command, size_t len)
{
    struct cq_buf *body = &command->body;
    size_t header = body->len ? 0 : HEADER_ROOM;
    if (len > CQ_COMMAND_MAX) {
        body->overflow = true;
        return NULL;
    }
    char *at = cq_buf_reserve(body, header + len + ARG_FRAME);
    if (!at)
        return NULL;
    at += header;
    *at++ = '$';
    at = put_digits(at, len);
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

static void end_arg(struct cq_command *command, char *at)
{
    *at++ = '\r';
    *at++ = '\n';
    *at = '\0';
    command->body.len = (size_t)(at - command->body.data);
    command->argc++;
}

void cq_command_arg(struct cq_command *command, struct cq_str arg)
{
    char *at = start_arg(command, arg.len);
    if (!at)
        return;
    if (arg.len)
        memcpy(at, arg.data, arg.len);
    end_arg(command, at + arg.len);
}

void cq_command_text(struct cq_command *command, const char *arg)
{
    cq_command_arg(command, cq_str(arg));
}

void cq_command_int(struct cq_command *command, int64_t arg)
{
    char scratch[DIGITS_MAX + 1];
    char *end = scratch + sizeof(scratch);
    char *first = digits_before(end, arg < 0 ? 0 - (uint64_t)arg : (uint64_t)arg);
    if (arg < 0)
        *--first = '-';
    cq_command_arg(command, cq_str_n(first, (size_t)(end - first)));
}

void cq_command_argf(struct cq_command *command, const char *format, ...)
{
    char small[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof(small)) {
        cq_command_arg(command, cq_str_n(small, (size_t)len));
    } else if (len >= 0) {
        char *large = cq_alloc((size_t)len + 1);
        vsnprintf(large, (size_t)len + 1, format, again);
        cq_command_arg(command, cq_str_n(large, (size_t)len));
        free(large);
    } else {
        command->body.overflow = true; /* longer than INT_MAX: far above the limit */
    }
    va_end(again);
}

void cq_command_texts(struct cq_command *command, ...)
{
    va_list args;
    va_start(args, command);
    for (const char *arg = va_arg(args, const char *); arg; arg = va_arg(args, const char *))
        cq_command_text(command, arg);
    va_end(args);
}

void cq_command_script(struct cq_command *command, enum cq_script script, int nkeys)
{
    cq_command_clear(command);
    command->script = script;
    cq_command_arg(command, CQ_STR_LIT("EVALSHA"));
    cq_command_text(command, cq_scripts[script].sha);
    cq_command_int(command, nkeys);
}

struct cq_str cq_command_wire(struct cq_command *command)
{
    if (!command->body.len)
        return CQ_STR_LIT(""); /* its only argument overflowed; the sender checks that */
    char *end = command->body.data + HEADER_ROOM;
    *--end = '\n';
    *--end = '\r';
    char *first = digits_before(end, (uint64_t)command->argc);
    *--first = '*';
    return cq_str_n(first, (size_t)(command->body.data + command->body.len - first));
}
