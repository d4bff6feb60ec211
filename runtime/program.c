#include "runtime/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "runtime/context.h"

enum {
    COMMAND_MAX = 64 * 1024, /* bytes of a command as written */
    INDEX_MAX = 1000000,     /* of a positional argument in a placeholder; far above CQ_PROGRAM_ARGV_MAX */
};

void cq_programs_release(struct cq_programs *programs)
{
    for (size_t i = 0; i < programs->len; i++) {
        free(programs->items[i].name);
        cq_strv_release(&programs->items[i].words);
    }
    free(programs->items);
    *programs = CQ_PROGRAMS_INIT;
}

const struct cq_program_entry *cq_programs_find(const struct cq_programs *programs, struct cq_str name)
{
    for (size_t i = 0; i < programs->len; i++)
        if (cq_str_is(name, programs->items[i].name))
            return &programs->items[i];
    return NULL;
}

/* ---- the command ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Take one word from *text. A brace that a backslash or quotes protect is doubled: it is not a placeholder.
 */
static bool take_word(const char **text, struct cq_buf *word)
{
    char quote = '\0';
    const char *p = *text;
    for (; *p && (quote || !is_blank(*p)); p++) {
        if (quote && *p == quote) {
            quote = '\0';
        } else if (!quote && (*p == '\'' || *p == '"')) {
            quote = *p;
        } else if (*p == '\\' && quote != '\'' && p[1]) {
            p++;
            if (*p == '{' || *p == '}')
                cq_buf_char(word, *p);
            cq_buf_char(word, *p);
        } else {
            cq_buf_char(word, *p);
        }
    }
    *text = p;
    return !quote;
}

bool cq_program_split(const char *command, struct cq_strv *words)
{
    struct cq_buf word = CQ_BUF_INIT(COMMAND_MAX);
    bool closed = true;
    while (closed) {
        while (is_blank(*command))
            command++;
        if (!*command)
            break;
        cq_buf_clear(&word);
        closed = take_word(&command, &word);
        cq_strv_push(words, cq_buf_view(&word));
    }
    cq_buf_release(&word);
    return closed;
}

/* ---- placeholders ---- */

enum piece_kind { PIECE_TEXT, PIECE_PLACEHOLDER, PIECE_BROKEN, PIECE_END };

/* The next piece of a word: text up to a brace, one literal brace, or a placeholder's inside. */
static enum piece_kind take_piece(const char **word, struct cq_str *ret_piece)
{
    const char *p = *word;
    size_t len = strcspn(p, "{}");
    if (!*p)
        return PIECE_END;
    if (len > 0) {
        *ret_piece = cq_str_n(p, len);
        *word = p + len;
        return PIECE_TEXT;
    }
    if (p[1] == p[0]) {
        *ret_piece = cq_str_n(p, 1);
        *word = p + 2;
        return PIECE_TEXT;
    }
    const char *end = *p == '{' ? strchr(p, '}') : NULL;
    *ret_piece = cq_str(p);
    if (!end)
        return PIECE_BROKEN;
    *ret_piece = cq_str_n(p + 1, (size_t)(end - p - 1));
    *word = end + 1;
    return PIECE_PLACEHOLDER;
}

static bool is_index(struct cq_str name, int64_t *ret_index)
{
    return name.len > 0 && name.data[0] >= '0' && name.data[0] <= '9' &&
           cq_number_int(name, 0, INDEX_MAX, ret_index);
}

static bool is_keyword(struct cq_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.len > 0;
}

static enum cq_code check_word(const char *program, const char *word, bool is_command, bool *uses_arguments,
                               struct cq_error *err)
{
    const char *rest = word;
    struct cq_str piece;
    enum piece_kind kind;
    int64_t index;
    while ((kind = take_piece(&rest, &piece)) != PIECE_END) {
        if (kind == PIECE_TEXT)
            continue;
        if (kind == PIECE_BROKEN)
            return cq_error_set(err, CQ_ERR_CONFIG,
                                "program %s: a brace alone in '%s'; write {{ or }} for a brace", program,
                                word);
        if (!is_index(piece, &index) && !is_keyword(piece))
            return cq_error_set(err, CQ_ERR_CONFIG,
                                "program %s: '{%.*s}' stands for no argument: {0}, {key}, {args}, {json}, or "
                                "{{ and }} for braces",
                                program, (int)piece.len, piece.data);
        if (is_command)
            return cq_error_set(err, CQ_ERR_CONFIG,
                                "program %s: the command itself cannot come out of a job ('%s')", program,
                                word);
        if (cq_str_is(piece, "args") && strcmp(word, "{args}") != 0)
            return cq_error_set(err, CQ_ERR_CONFIG,
                                "program %s: {args} must be a word of its own, not part of '%s'", program,
                                word);
        *uses_arguments = true;
    }
    return CQ_OK;
}

enum cq_code cq_programs_add(struct cq_programs *programs, const char *name, const char *command,
                             struct cq_error *err)
{
    struct cq_program_entry entry = {.words = CQ_STRV_INIT};
    enum cq_code code = CQ_OK;
    if (strlen(command) > COMMAND_MAX)
        return cq_error_set(err, CQ_ERR_CONFIG, "program %s: the command is longer than %d bytes", name,
                            COMMAND_MAX);
    if (!cq_program_split(command, &entry.words))
        code = cq_error_set(err, CQ_ERR_CONFIG, "program %s: a quote is not closed in: %s", name, command);
    else if (entry.words.len == 0 || !entry.words.items[0][0])
        code = cq_error_set(err, CQ_ERR_CONFIG,
                            "program %s: no command; write %s = /path/to/program arguments", name, name);
    for (size_t i = 0; i < entry.words.len && !code; i++)
        code = check_word(name, entry.words.items[i], i == 0, &entry.uses_arguments, err);
    if (code) {
        cq_strv_release(&entry.words);
        return code;
    }
    for (size_t i = 0; i < programs->len; i++) {
        if (strcmp(programs->items[i].name, name) == 0) {
            cq_strv_release(&programs->items[i].words);
            entry.name = programs->items[i].name;
            programs->items[i] = entry;
            return CQ_OK;
        }
    }
    entry.name = cq_strdup(name);
    programs->items = cq_realloc(programs->items, (programs->len + 1) * sizeof(*programs->items));
    programs->items[programs->len++] = entry;
    return CQ_OK;
}

/* ---- filling in ---- */

int cq_program_call_json(struct cq_context *job, struct cq_buf *out)
{
    struct cq_error err;
    struct cq_value call = cq_value_map(&job->arena, 0);
    cq_value_set(&job->arena, &call, "args", job->call.args);
    cq_value_set(&job->arena, &call, "kwargs", job->call.kwargs);
    if (cq_encode(CQ_FORMAT_JSON, &call, out, &err))
        return cq_context_fail(job, "cq.ArgumentError",
                               "the arguments cannot be given to a program as JSON: %s", err.text);
    return CQ_DONE;
}

/* A str as it is, anything else as JSON. */
static int append_value(struct cq_context *job, struct cq_str name, const struct cq_value *value,
                        struct cq_buf *out)
{
    struct cq_error err;
    if (!value)
        return cq_context_fail(job, "cq.ArgumentError",
                               "the program's command needs argument {%.*s}, and the call has none",
                               (int)name.len, name.data);
    if (value->kind != CQ_VALUE_STR && cq_encode(CQ_FORMAT_JSON, value, out, &err))
        return cq_context_fail(job, "cq.ArgumentError", "argument {%.*s} cannot be given to a program: %s",
                               (int)name.len, name.data, err.text);
    if (value->kind == CQ_VALUE_STR && memchr(value->as.text.data, '\0', value->as.text.len))
        return cq_context_fail(job, "cq.ArgumentError",
                               "argument {%.*s} has a NUL in it, which no command line can hold",
                               (int)name.len, name.data);
    if (value->kind == CQ_VALUE_STR)
        cq_buf_str(out, value->as.text);
    return CQ_DONE;
}

static int expand_word(const char *word, struct cq_context *job, struct cq_strv *argv)
{
    struct cq_buf out = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    struct cq_str piece;
    enum piece_kind kind;
    int64_t index;
    int code = CQ_DONE;
    while (code == CQ_DONE && (kind = take_piece(&word, &piece)) != PIECE_END) {
        if (kind != PIECE_PLACEHOLDER) {
            cq_buf_str(&out, piece);
        } else if (cq_str_is(piece, "json")) {
            code = cq_program_call_json(job, &out);
        } else if (is_index(piece, &index)) {
            code = append_value(job, piece, cq_arg(job, (size_t)index), &out);
        } else {
            const char *key = cq_arena_strndup(&job->arena, piece.data, piece.len);
            code = append_value(job, piece, cq_kwarg(job, key), &out);
        }
    }
    if (code == CQ_DONE)
        cq_strv_push(argv, cq_buf_view(&out));
    cq_buf_release(&out);
    return code;
}

static int expand_all(struct cq_context *job, struct cq_strv *argv)
{
    char name[24];
    for (size_t i = 0; i < cq_arg_count(job); i++) {
        if (argv->len >= CQ_PROGRAM_ARGV_MAX)
            return cq_context_fail(job, "cq.ArgumentError", "more than %d arguments for a program",
                                   CQ_PROGRAM_ARGV_MAX);
        struct cq_buf out = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
        snprintf(name, sizeof(name), "%zu", i);
        int code = append_value(job, cq_str(name), cq_arg(job, i), &out);
        if (code == CQ_DONE)
            cq_strv_push(argv, cq_buf_view(&out));
        cq_buf_release(&out);
        if (code != CQ_DONE)
            return code;
    }
    return CQ_DONE;
}

int cq_program_expand(const struct cq_program_entry *program, struct cq_context *job, struct cq_strv *argv)
{
    int code = CQ_DONE;
    for (size_t i = 0; i < program->words.len && code == CQ_DONE; i++) {
        const char *word = program->words.items[i];
        code = strcmp(word, "{args}") == 0 ? expand_all(job, argv) : expand_word(word, job, argv);
    }
    return code;
}
