#include "config/dotted.h"

#include <stdbool.h>

#include "base/utf8.h"

static bool is_part_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c >= 0x80;
}

enum cq_code cq_dotted_check(struct cq_str name, int parts, const char *where, struct cq_error *err)
{
    enum { SHOWN_MAX = 80 };
    int shown = (int)(name.len < SHOWN_MAX ? name.len : SHOWN_MAX), found = 1;
    bool good = name.len > 0 && cq_utf8_valid(name), after_dot = true;
    if (name.len > CQ_DOTTED_MAX)
        return cq_error_set(err, CQ_ERR_CONFIG, "%s: a name of %zu bytes; %d is the most", where, name.len,
                            CQ_DOTTED_MAX);
    for (size_t i = 0; i < name.len && good; i++) {
        bool dot = name.data[i] == '.';
        good = dot ? !after_dot
                   : is_part_char((unsigned char)name.data[i]) && !(after_dot && name.data[i] == '-');
        found += dot;
        after_dot = dot;
    }
    if (!good || after_dot)
        return cq_error_set(err, CQ_ERR_CONFIG, "%s: `%.*s` is not a dotted name, as in package.module.%s",
                            where, shown, name.data, parts > 1 ? "name" : "part");
    if (found < parts)
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "%s: `%.*s` names no module; write it in full, as in package.module.%.*s", where,
                            shown, name.data, shown, name.data);
    return CQ_OK;
}
