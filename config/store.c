#include "config/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/number.h"
#include "config/dotted.h"
#include "config/settings.h"
#include "redis/address.h"
#include "serializers/serializer.h"

static void *field(const struct cq_setting *setting, struct cq_settings *settings)
{
    return (char *)settings + setting->offset;
}

static bool is_text(const struct cq_setting *setting)
{
    return setting->type == CQ_SETTING_TEXT || setting->type == CQ_SETTING_SECRET ||
           setting->type == CQ_SETTING_URL || setting->type == CQ_SETTING_CLASS ||
           setting->type == CQ_SETTING_INTERPRETER;
}

static bool is_list(const struct cq_setting *setting)
{
    return setting->type == CQ_SETTING_LIST || setting->type == CQ_SETTING_NAMES;
}

void cq_setting_release(const struct cq_setting *setting, struct cq_settings *settings)
{
    if (is_text(setting)) {
        char **slot = field(setting, settings);
        if (*slot && (setting->type == CQ_SETTING_SECRET || setting->type == CQ_SETTING_URL))
            explicit_bzero(*slot, strlen(*slot));
        free(*slot);
        *slot = NULL;
    } else if (is_list(setting)) {
        cq_strv_release(field(setting, settings));
    } else if (setting->type == CQ_SETTING_SERIALIZER) {
        struct cq_serializer_setting *serializer = field(setting, settings);
        free(serializer->path);
        serializer->path = NULL;
    }
}

/* A field that holds fewer values than an int64_t has bounds within them. */
static void put_number(const struct cq_setting *setting, struct cq_settings *settings, int64_t number)
{
    assert(number >= setting->min && number <= setting->max);
    if (setting->size == sizeof(int))
        *(int *)field(setting, settings) = (int)number;
    else
        *(int64_t *)field(setting, settings) = number;
}

static enum cq_code store_text(const struct cq_setting *setting, struct cq_settings *settings,
                               const char *value, const char *where, struct cq_error *err)
{
    if (setting->type == CQ_SETTING_URL && *value) {
        struct cq_address address;
        struct cq_error why;
        if (cq_address_parse(value, &address, &why) != CQ_OK)
            return cq_error_set(err, CQ_ERR_CONFIG, "%s: %s", where, why.text);
        cq_address_release(&address);
    }
    char *copy = *value ? cq_strdup(value) : NULL; /* value may be what the field holds */
    cq_setting_release(setting, settings);
    *(char **)field(setting, settings) = copy;
    return CQ_OK;
}

static enum cq_code store_number(const struct cq_setting *setting, struct cq_settings *settings,
                                 const char *value, const char *where, struct cq_error *err)
{
    int64_t number;
    bool seconds = setting->type == CQ_SETTING_SECONDS;
    bool ok = seconds ? cq_number_duration(cq_str(value), &number)
                      : cq_number_int(cq_str(value), INT64_MIN, INT64_MAX, &number);
    if (!ok || number < setting->min || number > setting->max)
        return cq_error_set(err, CQ_ERR_CONFIG, "%s: `%.60s` is not %s between %lld and %lld%s", where, value,
                            seconds ? "seconds" : "a whole number", (long long)setting->min,
                            (long long)setting->max, seconds ? " (5m, 2h and 1d also work)" : "");
    put_number(setting, settings, number);
    return CQ_OK;
}

/* KiB, or with a letter what that says. */
static bool read_size_kb(const char *value, int64_t *ret_kb)
{
    size_t len = strlen(value);
    int64_t factor = 1;
    switch (len ? value[len - 1] : 0) {
    case 'k':
    case 'K': len--; break;
    case 'm':
    case 'M': factor = 1024, len--; break;
    case 'g':
    case 'G': factor = 1024 * 1024, len--; break;
    }
    int64_t number;
    if (!cq_number_int(cq_str_n(value, len), 0, INT64_MAX / factor, &number))
        return false;
    *ret_kb = number * factor;
    return true;
}

static enum cq_code store_size(const struct cq_setting *setting, struct cq_settings *settings,
                               const char *value, const char *where, struct cq_error *err)
{
    int64_t kb;
    if (!read_size_kb(value, &kb) || kb < setting->min || kb > setting->max)
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "%s: `%.60s` is not a size in KiB between %lld and %lld (500M and 2G also work)",
                            where, value, (long long)setting->min, (long long)setting->max);
    put_number(setting, settings, kb);
    return CQ_OK;
}

static enum cq_code store_timeout(const struct cq_setting *setting, struct cq_settings *settings,
                                  const char *value, const char *where, struct cq_error *err)
{
    double seconds;
    if (!cq_number_double(cq_str(value), &seconds) || !(seconds * 1000 >= (double)setting->min) ||
        !(seconds * 1000 <= (double)setting->max))
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "%s: `%.60s` is not seconds between %g and %g, as in 0.5 or 30", where, value,
                            (double)setting->min / 1000, (double)setting->max / 1000);
    put_number(setting, settings, (int64_t)(seconds * 1000 + 0.5));
    return CQ_OK;
}

static enum cq_code store_bool(const struct cq_setting *setting, struct cq_settings *settings,
                               const char *value, const char *where, struct cq_error *err)
{
    static const char *const yes[] = {"true", "yes", "on", "1", "y", "t"}, *const no[] = {"false", "no",
                                                                                          "off",   "0",
                                                                                          "n",     "f"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(yes); i++) {
        bool is_yes = strcasecmp(value, yes[i]) == 0;
        if (is_yes || strcasecmp(value, no[i]) == 0) {
            *(bool *)field(setting, settings) = is_yes;
            return CQ_OK;
        }
    }
    return cq_error_set(err, CQ_ERR_CONFIG, "%s: `%.60s` is neither true nor false", where, value);
}

static enum cq_code store_choice(const struct cq_setting *setting, struct cq_settings *settings,
                                 const char *value, const char *where, struct cq_error *err)
{
    struct cq_buf names = CQ_BUF_INIT(200);
    for (const struct cq_setting_choice *choice = setting->choices; choice->name; choice++) {
        if (strcasecmp(value, choice->name) == 0) {
            *(int *)field(setting, settings) = choice->value;
            cq_buf_release(&names);
            return CQ_OK;
        }
        cq_buf_printf(&names, "%s%s",
                      choice == setting->choices ? ""
                      : choice[1].name           ? ", "
                                                 : " or ",
                      choice->name);
    }
    enum cq_code code;
    if (strchr(value, '%')) /* RQ's --log-format takes such: better refused than ignored */
        code = cq_error_set(err, CQ_ERR_CONFIG, "%s: cq has no Python format strings; give %s", where,
                            names.data);
    else
        code = cq_error_set(err, CQ_ERR_CONFIG, "%s: `%.60s` is not %s", where, value, names.data);
    cq_buf_release(&names);
    return code;
}

static enum cq_code store_level(const struct cq_setting *setting, struct cq_settings *settings,
                                const char *value, const char *where, struct cq_error *err)
{
    enum cq_log_level level;
    if (!cq_log_parse_level(value, &level))
        return cq_error_set(err, CQ_ERR_CONFIG, "%s: `%.60s` is not DEBUG, INFO, WARNING, ERROR or CRITICAL",
                            where, value);
    *(int *)field(setting, settings) = (int)level;
    return CQ_OK;
}

/* A name without a dot that is not a format is a typo, rarely a Python class. */
static enum cq_code store_serializer(const struct cq_setting *setting, struct cq_settings *settings,
                                     const char *value, const char *where, struct cq_error *err)
{
    struct cq_serializer_setting serializer = {.format = CQ_FORMAT_PICKLE};
    serializer.restricted = *value && cq_format_parse(value, &serializer.format);
    if (*value && !serializer.restricted) {
        if (!strchr(value, '.'))
            return cq_error_set(err, CQ_ERR_CONFIG,
                                "%s: `%.60s` is not pickle, json, msgpack or the dotted name of a serializer "
                                "of Python's",
                                where, value);
        enum cq_code code = cq_dotted_check(cq_str(value), 2, where, err);
        if (code != CQ_OK)
            return code;
        serializer.path = cq_strdup(value);
    }
    cq_setting_release(setting, settings);
    *(struct cq_serializer_setting *)field(setting, settings) = serializer;
    return CQ_OK;
}

static enum cq_code store_list(const struct cq_setting *setting, struct cq_settings *settings,
                               const char *value, const char *where, struct cq_error *err)
{
    struct cq_strv list = CQ_STRV_INIT;
    enum cq_code code = CQ_OK;
    if (setting->type == CQ_SETTING_NAMES)
        code = cq_setting_names(value, (int)setting->min, where, &list, err);
    else
        cq_strv_split(&list, cq_str(value), ',');
    if (code == CQ_OK && !list.len && setting->type == CQ_SETTING_LIST)
        code = cq_error_set(err, CQ_ERR_CONFIG, "%s: the list is empty; leave it out for the default, `%s`",
                            where, setting->initial);
    if (code != CQ_OK) {
        cq_strv_release(&list);
        return code;
    }
    cq_setting_release(setting, settings);
    *(struct cq_strv *)field(setting, settings) = list;
    return CQ_OK;
}

enum cq_code cq_setting_names(const char *value, int parts, const char *where, struct cq_strv *ret_names,
                              struct cq_error *err)
{
    struct cq_strv names = CQ_STRV_INIT;
    enum cq_code code = CQ_OK;
    for (const char *from = value; *value && code == CQ_OK;) {
        size_t len = strcspn(from, ",");
        struct cq_strv item = CQ_STRV_INIT;
        cq_strv_split(&item, cq_str_n(from, len), ','); /* cuts the spaces around it */
        if (!item.len)
            code = cq_error_set(err, CQ_ERR_CONFIG, "%s: an item of the list `%.60s` is empty", where, value);
        else
            code = cq_dotted_check(cq_str(item.items[0]), parts, where, err);
        if (code == CQ_OK)
            cq_strv_push(&names, cq_str(item.items[0]));
        cq_strv_release(&item);
        from += len;
        if (!*from++)
            break;
    }
    if (code != CQ_OK)
        cq_strv_release(&names);
    else
        *ret_names = names;
    return code;
}

enum cq_code cq_setting_store(const struct cq_setting *setting, struct cq_settings *settings,
                              const char *value, const char *where, struct cq_error *err)
{
    enum cq_code code = CQ_OK;
    switch (setting->type) {
    case CQ_SETTING_INT:
    case CQ_SETTING_SECONDS: return store_number(setting, settings, value, where, err);
    case CQ_SETTING_SIZE: return store_size(setting, settings, value, where, err);
    case CQ_SETTING_TIMEOUT: return store_timeout(setting, settings, value, where, err);
    case CQ_SETTING_BOOL: return store_bool(setting, settings, value, where, err);
    case CQ_SETTING_CHOICE: return store_choice(setting, settings, value, where, err);
    case CQ_SETTING_LEVEL: return store_level(setting, settings, value, where, err);
    case CQ_SETTING_LIST:
    case CQ_SETTING_NAMES: return store_list(setting, settings, value, where, err);
    case CQ_SETTING_CLASS: code = *value ? cq_dotted_check(cq_str(value), 2, where, err) : CQ_OK; break;
    case CQ_SETTING_SERIALIZER: return store_serializer(setting, settings, value, where, err);
    case CQ_SETTING_INTERPRETER: value = strcmp(value, "none") == 0 ? "" : value; break;
    case CQ_SETTING_TEXT:
    case CQ_SETTING_SECRET:
    case CQ_SETTING_URL: break;
    }
    return code == CQ_OK ? store_text(setting, settings, value, where, err) : code;
}
