#include "cmd/line/arguments.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "serializers/literal.h"
#include "serializers/repr.h"
#include "serializers/zlib.h"

void cq_argument_split(const char *text, struct cq_argument *ret_argument)
{
    struct cq_argument argument = {CQ_ARGUMENT_TEXT, CQ_STR_NONE, cq_str(text)};
    const char *equals = strchr(text, '=');
    if (text[0] == ':' || text[0] == '%') {
        argument.mode = text[0] == ':' ? CQ_ARGUMENT_JSON : CQ_ARGUMENT_LITERAL;
        argument.value = cq_str(text + 1);
    } else if (equals && equals > text) {
        size_t keyword_len = (size_t)(equals - text);
        /* RQ looks at the first colon (or percent sign) only: it must stand right before the first equals
         * sign. */
        if (strchr(text, ':') == equals - 1)
            argument.mode = CQ_ARGUMENT_JSON;
        else if (strchr(text, '%') == equals - 1)
            argument.mode = CQ_ARGUMENT_LITERAL;
        if (argument.mode != CQ_ARGUMENT_TEXT)
            keyword_len--;
        argument.keyword = cq_str_n(text, keyword_len);
        argument.value = cq_str(equals + 1);
    }
    *ret_argument = argument;
}

/* Python opens files in text mode: \r\n and \r are read as \n. */
static void universal_newlines(struct cq_buf *text)
{
    size_t to = 0;
    for (size_t from = 0; from < text->len; from++) {
        if (text->data[from] != '\r') {
            text->data[to++] = text->data[from];
            continue;
        }
        text->data[to++] = '\n';
        if (from + 1 < text->len && text->data[from + 1] == '\n')
            from++;
    }
    text->len = to;
    if (text->data)
        text->data[to] = '\0';
}

static enum cq_code too_large(const char *path, struct cq_error *err)
{
    return cq_error_set(err, CQ_ERR_LIMIT,
                        "file '%s' holds more than %d bytes, the most that a job's data can be", path,
                        CQ_PAYLOAD_MAX);
}

static enum cq_code read_file(const char *path, struct cq_buf *text, struct cq_error *err)
{
    enum { CHUNK = 64 * 1024 };
    struct stat file;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return cq_error_set(err, CQ_ERR_INVALID_OPERATION, "Could not open file '%s': Not found", path);
    if (fd < 0)
        return cq_error_set(err, CQ_ERR_INVALID_OPERATION, "Could not open file '%s': %s", path,
                            strerror(errno));
    /* A regular file is refused before it is read; what has no size, such as a pipe, is refused when it has
     * sent too much. */
    enum cq_code code = fstat(fd, &file) == 0 && file.st_size > CQ_PAYLOAD_MAX ? too_large(path, err) : CQ_OK;
    while (code == CQ_OK) {
        char *room = cq_buf_reserve(text, CHUNK);
        ssize_t n = room ? read(fd, room, CHUNK) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (!room)
            code = too_large(path, err);
        else if (n < 0)
            code = cq_error_set(err, CQ_ERR_INVALID_OPERATION, "Could not read file '%s': %s", path,
                                strerror(errno));
        if (code != CQ_OK || n == 0)
            break;
        text->len += (size_t)n;
        text->data[text->len] = '\0';
    }
    close(fd);
    if (code == CQ_OK && !cq_utf8_valid(cq_buf_view(text)))
        code = cq_error_set(err, CQ_ERR_INVALID_OPERATION, "file '%s' is not UTF-8 text", path);
    universal_newlines(text);
    return code;
}

/* What RQ calls the argument in its complaints. */
static const char *argument_name(const struct cq_argument *argument, size_t position, char *text, size_t size)
{
    struct cq_buf buf = CQ_BUF_INIT(size - 1);
    if (argument->keyword.data) {
        struct cq_str shown = argument->keyword;
        if (shown.len > size / 2)
            shown.len = size / 2;
        cq_buf_str(&buf, shown);
    } else {
        cq_buf_printf(&buf, "%zu. non keyword argument", position);
    }
    memcpy(text, buf.data ? buf.data : "", buf.len + 1);
    cq_buf_release(&buf);
    return text;
}

static enum cq_code parse_value(const struct cq_argument *argument, size_t position, struct cq_str text,
                                struct cq_arena *arena, struct cq_value *ret_value, struct cq_error *err)
{
    char name[80];
    struct cq_error why;
    enum cq_code code;
    argument_name(argument, position, name, sizeof(name));
    if (!cq_utf8_valid(text))
        return cq_error_set(err, CQ_ERR_USAGE, "%s is not UTF-8 text", name);
    switch (argument->mode) {
    case CQ_ARGUMENT_JSON:
        code = cq_decode(CQ_FORMAT_JSON, text, arena, ret_value, &why);
        if (code != CQ_OK)
            return cq_error_set(err, code == CQ_ERR_LIMIT ? code : CQ_ERR_USAGE,
                                "Unable to parse %s as JSON: %s", name, why.text);
        return CQ_OK;
    case CQ_ARGUMENT_LITERAL:
        code = cq_literal_parse(text, arena, ret_value, &why);
        if (code != CQ_OK)
            return cq_error_set(err, code == CQ_ERR_LIMIT ? code : CQ_ERR_USAGE,
                                "Unable to eval %s as Python object: %s", name, why.text);
        return CQ_OK;
    case CQ_ARGUMENT_TEXT: break;
    }
    *ret_value = cq_value_str(cq_arena_str(arena, text));
    return CQ_OK;
}

static enum cq_code read_one(const struct cq_argument *argument, size_t position, struct cq_arena *arena,
                             struct cq_value *ret_value, struct cq_error *err)
{
    if (!argument->value.len || argument->value.data[0] != '@')
        return parse_value(argument, position, argument->value, arena, ret_value, err);
    struct cq_buf text = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    enum cq_code code = read_file(argument->value.data + 1, &text, err);
    if (code == CQ_OK)
        code = parse_value(argument, position, cq_buf_view(&text), arena, ret_value, err);
    cq_buf_release(&text);
    return code;
}

static bool has_key(const struct cq_value *map, size_t len, struct cq_str key)
{
    for (size_t i = 0; i < len; i++)
        if (cq_str_eq(map->as.map.pairs[i].key.as.text, key))
            return true;
    return false;
}

enum cq_code cq_arguments_read(const char *const *texts, size_t count, struct cq_arena *arena,
                               struct cq_function_call *call, struct cq_error *err)
{
    struct cq_value args = cq_value_list(arena, CQ_VALUE_LIST, count), kwargs = cq_value_map(arena, count);
    size_t arg_count = 0, kwarg_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct cq_argument argument;
        struct cq_value value;
        cq_argument_split(texts[i], &argument);
        if (argument.keyword.data && !cq_utf8_valid(argument.keyword))
            return cq_error_set(err, CQ_ERR_USAGE, "a keyword is not UTF-8 text");
        enum cq_code code = read_one(&argument, arg_count + 1, arena, &value, err);
        if (code != CQ_OK)
            return code;
        if (!argument.keyword.data) {
            args.as.list.items[arg_count++] = value;
            continue;
        }
        if (has_key(&kwargs, kwarg_count, argument.keyword))
            return cq_error_set(
                err, CQ_ERR_USAGE, "You can't specify multiple values for the same keyword: '%.*s'",
                (int)(argument.keyword.len < 80 ? argument.keyword.len : 80), argument.keyword.data);
        kwargs.as.map.pairs[kwarg_count].key = cq_value_str(cq_arena_str(arena, argument.keyword));
        kwargs.as.map.pairs[kwarg_count++].value = value;
    }
    args.as.list.len = arg_count;
    kwargs.as.map.len = kwarg_count;
    call->args = args;
    call->kwargs = kwargs;
    return CQ_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void cq_arguments_describe(const struct cq_function_call *call, struct cq_buf *out)
{
    size_t start = out->len, kwarg_count = call->kwargs.as.map.len;
    char **kwargs = cq_calloc(kwarg_count, sizeof(*kwargs));
    cq_buf_str(out, call->function);
    cq_buf_char(out, '(');
    for (size_t i = 0; i < call->args.as.list.len; i++) {
        cq_buf_text(out, i ? ", " : "");
        cq_repr(&call->args.as.list.items[i], out);
    }
    /* RQ sorts the finished texts `key=repr`, not the keys. */
    for (size_t i = 0; i < kwarg_count; i++) {
        struct cq_buf text = CQ_BUF_INIT(out->limit);
        cq_buf_str(&text, call->kwargs.as.map.pairs[i].key.as.text);
        cq_buf_char(&text, '=');
        cq_repr(&call->kwargs.as.map.pairs[i].value, &text);
        out->overflow = out->overflow || text.overflow;
        kwargs[i] = cq_buf_steal(&text);
    }
    qsort(kwargs, kwarg_count, sizeof(*kwargs), by_bytes);
    for (size_t i = 0; i < kwarg_count; i++) {
        cq_buf_text(out, i || call->args.as.list.len ? ", " : "");
        cq_buf_text(out, kwargs[i]);
        free(kwargs[i]);
    }
    free(kwargs);
    cq_buf_char(out, ')');
    if (out->overflow) {
        out->len = start;
        out->overflow = false;
        cq_function_call_describe(call, out);
    }
}
