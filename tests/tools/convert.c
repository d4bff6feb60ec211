/*
 * A filter for the differential tests: reads records from standard input, writes one answer per record.
 * A record is a line `ACTION LENGTH`, then LENGTH bytes. Actions: FROM:TO with FROM pickle, json, msgpack,
 * literal or auto, TO pickle, json, msgpack or repr; or pickle:names, the classes and functions that it
 * names, one a line, those that getattr takes with a colon in front. An answer is a line `ok LENGTH` or
 * `error LENGTH`, then that many bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "serializers/literal.h"
#include "serializers/pickle/globals.h"
#include "serializers/repr.h"
#include "serializers/serializer.h"

enum { RECORD_MAX = 64 * 1024 * 1024 };

struct names {
    struct cq_globals globals;
    struct cq_buf *out;
};

static enum cq_code seen(struct cq_globals *globals, struct cq_str name, bool attribute, struct cq_error *err)
{
    const struct names *names = (const struct names *)(void *)globals;
    (void)err;
    if (attribute)
        cq_buf_char(names->out, ':');
    cq_buf_str(names->out, name);
    cq_buf_char(names->out, '\n');
    return CQ_OK;
}

static enum cq_code list_names(struct cq_str bytes, struct cq_buf *out, struct cq_error *err)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct names names = {.globals = {.seen = seen}, .out = out};
    enum cq_code code = cq_pickle_globals(bytes, &names.globals, &arena, NULL, err);
    cq_arena_release(&arena);
    return code;
}

static enum cq_code convert(const char *from, const char *to, struct cq_str bytes, struct cq_buf *out,
                            struct cq_error *err)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_value value;
    enum cq_format format = cq_format_detect(bytes);
    enum cq_code code;
    if (strcmp(from, "literal") == 0)
        code = cq_literal_parse(bytes, &arena, &value, err);
    else if (strcmp(from, "auto") != 0 && !cq_format_parse(from, &format))
        code = cq_error_set(err, CQ_ERR_USAGE, "no format %s", from);
    else
        code = cq_decode(format, bytes, &arena, &value, err);
    if (!code && strcmp(to, "repr") == 0)
        cq_repr(&value, out);
    else if (!code && !cq_format_parse(to, &format))
        code = cq_error_set(err, CQ_ERR_USAGE, "no format %s", to);
    else if (!code)
        code = cq_encode(format, &value, out, err);
    cq_arena_release(&arena);
    return code;
}

int main(void)
{
    char from[16], to[16];
    size_t len;
    while (scanf("%15[a-z]:%15[a-z] %zu", from, to, &len) == 3 && getchar() == '\n' && len <= RECORD_MAX) {
        char *bytes = cq_alloc(len);
        if (fread(bytes, 1, len, stdin) != len)
            return 1;
        struct cq_buf out = CQ_BUF_INIT(RECORD_MAX);
        struct cq_error err;
        struct cq_str record = cq_str_n(bytes, len);
        enum cq_code code = strcmp(to, "names") == 0 ? list_names(record, &out, &err)
                                                     : convert(from, to, record, &out, &err);
        struct cq_str answer = code ? cq_str(err.text) : cq_buf_view(&out);
        printf("%s %zu\n", code ? "error" : "ok", answer.len);
        fwrite(answer.data, 1, answer.len, stdout);
        cq_buf_release(&out);
        free(bytes);
    }
    return fflush(stdout) != 0 || !feof(stdin);
}
