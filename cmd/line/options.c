#include "cmd/line/options.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "config/nearest.h"

enum { NAMES_MAX = 128 }; /* options of one command, looked through for the nearest name */

/* What the parser knows while it walks argv. */
struct option_walk {
    const struct cq_option_set *sets;
    size_t set_count;
    char **argv;
    int argc;
    int at; /* the argument that is looked at */
};

static void *field_of(const struct cq_option *option, void *target)
{
    return (char *)target + option->field;
}

static bool takes_value(const struct cq_option *option)
{
    return option->argument != NULL;
}

void cq_options_mask_url(char *url)
{
    char *start = strstr(url, "://");
    char *host = strrchr(url, '@');
    if (!start)
        return;
    start += strlen("://");
    if (host && host > start)
        memset(start, 'x', (size_t)(host - start));
    for (char *query = strstr(url, "password="); query; query = strstr(query, "password=")) {
        query += strlen("password=");
        size_t len = strcspn(query, "&");
        memset(query, 'x', len);
        query += len;
    }
}

const char *cq_options_spelling(const struct cq_option *option, char *text, size_t size)
{
    if (option->name) {
        size_t len = strlen(option->name);
        len = len < size - 3 ? len : size - 3;
        memcpy(text, "--", 2);
        memcpy(text + 2, option->name, len);
        text[2 + len] = '\0';
    } else {
        text[0] = '-';
        text[1] = option->letter;
        text[2] = '\0';
    }
    return text;
}

/* The place of value in `a|b|c`, or -1. */
static int choice_index(const char *words, const char *value)
{
    size_t len = strlen(value);
    for (int index = 0;; index++) {
        size_t word_len = strcspn(words, "|");
        if (word_len == len && memcmp(words, value, len) == 0)
            return index;
        if (!words[word_len])
            return -1;
        words += word_len + 1;
    }
}

static enum cq_code store_number(const struct cq_option *option, const char *value, int64_t *ret_number,
                                 struct cq_error *err)
{
    char name[64];
    bool duration = option->kind == CQ_OPTION_DURATION || option->kind == CQ_OPTION_DURATIONS;
    bool good = duration ? cq_number_duration(cq_str(value), ret_number)
                         : cq_number_int(cq_str(value), INT64_MIN + 1, INT64_MAX, ret_number);
    if (good && *ret_number >= option->min && *ret_number <= option->max)
        return CQ_OK;
    cq_options_spelling(option, name, sizeof(name));
    if (!good && duration)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "%s: '%s' is not a duration; write seconds, or 90s, 5m, 2h, 1d", name, value);
    if (!good)
        return cq_error_set(err, CQ_ERR_USAGE, "%s: '%s' is not a whole number", name, value);
    return cq_error_set(err, CQ_ERR_USAGE, "%s: %s is out of range; give %lld to %lld", name, value,
                        (long long)option->min, (long long)option->max);
}

/* The last value counts, but lists collect theirs. */
static void keep_given(struct cq_options_given *given, const struct cq_option *option, const char *value)
{
    size_t at = 0;
    bool list = option->setting->type == CQ_SETTING_NAMES || option->setting->type == CQ_SETTING_LIST;
    while (at < given->len && (list || given->items[at].option->setting != option->setting))
        at++;
    if (at == given->len)
        given->items = cq_realloc(given->items, ++given->len * sizeof(*given->items));
    given->items[at] = (struct cq_option_given){option, value};
}

void cq_options_given_release(struct cq_options_given *given)
{
    free(given->items);
    *given = (struct cq_options_given){NULL, 0};
}

/* The option of a setting, as its row has it, under what `option` says otherwise. */
static struct cq_option filled(const struct cq_setting *setting, struct cq_option option)
{
    const struct cq_setting_option *row = &setting->option;
    option.kind = CQ_OPTION_SETTING;
    option.setting = setting;
    option.name = option.name ? option.name : row->name;
    option.letter = option.letter ? option.letter : row->letter;
    option.alias = option.alias ? option.alias : row->alias;
    option.short_word = option.short_word ? option.short_word : row->short_word;
    option.argument = option.argument ? option.argument : row->argument;
    option.value = option.value ? option.value : row->value;
    if (!option.fallback && option.argument && !strstr(option.help ? option.help : setting->help, "default:"))
        option.fallback = setting->initial;
    option.help = option.help ? option.help : setting->help;
    return option;
}

void cq_options_expand(const struct cq_option *table, struct cq_option *ret_rows)
{
    size_t count, len = 0;
    const struct cq_setting *settings = cq_settings_table(&count);
    for (const struct cq_option *option = table; option && option->kind != CQ_OPTION_END; option++) {
        if (option->kind == CQ_OPTION_SETTING) {
            assert(len < CQ_OPTIONS_MAX - 1 && cq_setting_named(option->key));
            ret_rows[len++] = filled(cq_setting_named(option->key), *option);
        } else if (option->kind != CQ_OPTION_SETTINGS) {
            assert(len < CQ_OPTIONS_MAX - 1);
            ret_rows[len++] = *option;
        }
        for (size_t i = 0; option->kind == CQ_OPTION_SETTINGS && i < count; i++) {
            if (settings[i].option.group != option->group)
                continue;
            assert(len < CQ_OPTIONS_MAX - 1);
            ret_rows[len++] = filled(&settings[i], (struct cq_option){0});
        }
    }
    ret_rows[len] = (struct cq_option){.kind = CQ_OPTION_END};
}

static enum cq_code store(const struct cq_option *option, const struct cq_option_set *set, char *value,
                          struct cq_error *err)
{
    char name[64];
    void *field = field_of(option, set->target);
    int64_t number;
    switch (option->kind) {
    case CQ_OPTION_FLAG: *(bool *)field = true; return CQ_OK;
    case CQ_OPTION_TEXT: *(const char **)field = value; return CQ_OK;
    case CQ_OPTION_INT:
    case CQ_OPTION_DURATION:
        if (store_number(option, value, &number, err) != CQ_OK)
            return CQ_ERR_USAGE;
        *(int64_t *)field = number;
        return CQ_OK;
    case CQ_OPTION_NUMBER: {
        double seconds;
        if (!cq_number_double(cq_str(value), &seconds) || !(seconds > 0) || seconds > (double)option->max)
            return cq_error_set(err, CQ_ERR_USAGE, "%s: '%s' is not a number above 0 and up to %lld",
                                cq_options_spelling(option, name, sizeof(name)), value,
                                (long long)option->max);
        *(double *)field = seconds;
        return CQ_OK;
    }
    case CQ_OPTION_CHOICE: {
        int index = choice_index(option->words, value);
        if (index < 0)
            return cq_error_set(err, CQ_ERR_USAGE, "%s: '%s' is not one of %s%s%s",
                                cq_options_spelling(option, name, sizeof(name)), value, option->words,
                                option->otherwise ? "; " : "", option->otherwise ? option->otherwise : "");
        *(int *)field = index;
        return CQ_OK;
    }
    case CQ_OPTION_DURATIONS:
        if (store_number(option, value, &number, err) != CQ_OK)
            return CQ_ERR_USAGE;
        snprintf(name, sizeof(name), "%lld",
                 (long long)number); /* `007` and `2m` are not JSON, 7 and 120 are */
        cq_strv_push(field, cq_str(name));
        return CQ_OK;
    case CQ_OPTION_TEXTS: cq_strv_push(field, cq_str(value)); return CQ_OK;
    case CQ_OPTION_SETTING:
        keep_given(set->given, option, option->argument ? value : option->value);
        return CQ_OK;
    case CQ_OPTION_MISSING:
        return cq_error_set(err, CQ_ERR_USAGE, "this version of cq does not have %s%s%s",
                            cq_options_spelling(option, name, sizeof(name)), option->help ? "; " : "",
                            option->help ? option->help : "");
    case CQ_OPTION_END:
    case CQ_OPTION_SETTINGS:
    case CQ_OPTION_HEADING: break;
    }
    return cq_error_set(err, CQ_ERR_USAGE, "not an option: %s", value ? value : "");
}

void cq_options_defaults(const struct cq_option_set *set)
{
    for (const struct cq_option *option = set->options; option->kind != CQ_OPTION_END; option++) {
        void *field = field_of(option, set->target);
        switch (option->kind) {
        case CQ_OPTION_FLAG: *(bool *)field = false; break;
        case CQ_OPTION_TEXT: *(const char **)field = option->fallback; break;
        case CQ_OPTION_INT:
        case CQ_OPTION_DURATION:
            if (!option->fallback || store_number(option, option->fallback, field, NULL) != CQ_OK)
                *(int64_t *)field = CQ_OPTION_UNSET;
            break;
        case CQ_OPTION_NUMBER: *(double *)field = 0; break;
        case CQ_OPTION_CHOICE:
            *(int *)field = option->fallback ? choice_index(option->words, option->fallback) : -1;
            break;
        case CQ_OPTION_TEXTS:
        case CQ_OPTION_DURATIONS: cq_strv_init(field); break;
        case CQ_OPTION_END:
        case CQ_OPTION_HEADING:
        case CQ_OPTION_SETTING:
        case CQ_OPTION_SETTINGS:
        case CQ_OPTION_MISSING: break;
        }
    }
}

void cq_options_release(const struct cq_option_set *set)
{
    for (const struct cq_option *option = set->options; option->kind != CQ_OPTION_END; option++) {
        void *field = field_of(option, set->target);
        if (option->kind == CQ_OPTION_TEXTS || option->kind == CQ_OPTION_DURATIONS)
            cq_strv_release(field);
    }
}

bool cq_options_name(const struct cq_option *table, const struct cq_option *option)
{
    for (; table && table->kind != CQ_OPTION_END; table++)
        if (option->name ? table->name && strcmp(table->name, option->name) == 0
                         : option->letter && table->letter == option->letter)
            return true;
    return false;
}

static bool is_name(const char *name, const char *text, size_t len)
{
    return name && strlen(name) == len && memcmp(name, text, len) == 0;
}

enum spelled { SPELLED_LONG, SPELLED_WORD, SPELLED_LETTER };

static const struct cq_option *find(const struct option_walk *walk, enum spelled how, const char *text,
                                    size_t len, const struct cq_option_set **ret_set)
{
    for (size_t s = 0; s < walk->set_count; s++) {
        for (const struct cq_option *option = walk->sets[s].options; option->kind != CQ_OPTION_END;
             option++) {
            bool match = false;
            if (option->kind == CQ_OPTION_HEADING)
                continue;
            if (how == SPELLED_LONG)
                match = is_name(option->name, text, len) || is_name(option->alias, text, len);
            else if (how == SPELLED_WORD)
                match = is_name(option->short_word, text, len);
            else
                match = option->letter == *text;
            if (match) {
                *ret_set = &walk->sets[s];
                return option;
            }
        }
    }
    return NULL;
}

static enum cq_code unknown_long(const struct option_walk *walk, const char *text, size_t len,
                                 struct cq_error *err)
{
    char typed[64];
    const char *words[NAMES_MAX];
    size_t count = 0, kept = len < sizeof(typed) - 1 ? len : sizeof(typed) - 1;
    memcpy(typed, text, kept);
    typed[kept] = '\0';
    for (size_t s = 0; s < walk->set_count; s++)
        for (const struct cq_option *option = walk->sets[s].options; option->kind != CQ_OPTION_END; option++)
            if (option->name && option->kind != CQ_OPTION_MISSING && option->kind != CQ_OPTION_HEADING &&
                count < NAMES_MAX)
                words[count++] = option->name;
    const char *nearest = cq_nearest(typed, words, count);
    if (nearest)
        return cq_error_set(err, CQ_ERR_USAGE, "unknown option '--%s'; did you mean '--%s'?", typed, nearest);
    return cq_error_set(err, CQ_ERR_USAGE, "unknown option '--%s'; --help lists the options", typed);
}

/* Give an option its value: the text after `=` or the letter when inline_value is not NULL, else the next
 * argument. */
static enum cq_code give(struct option_walk *walk, const struct cq_option *option,
                         const struct cq_option_set *set, char *inline_value, struct cq_error *err)
{
    char name[64];
    if (!takes_value(option))
        return store(option, set, NULL, err);
    if (!inline_value) {
        if (walk->at + 1 >= walk->argc)
            return cq_error_set(err, CQ_ERR_USAGE, "%s needs a value: %s",
                                cq_options_spelling(option, name, sizeof(name)), option->argument);
        inline_value = walk->argv[++walk->at];
    }
    return store(option, set, inline_value, err);
}

static enum cq_code parse_long(struct option_walk *walk, char *text, struct cq_error *err)
{
    size_t len = strcspn(text, "=");
    const struct cq_option_set *set;
    const struct cq_option *option = find(walk, SPELLED_LONG, text, len, &set);
    if (!option)
        return unknown_long(walk, text, len, err);
    if (text[len] && !takes_value(option) && option->kind != CQ_OPTION_MISSING)
        return cq_error_set(err, CQ_ERR_USAGE, "--%s takes no value", option->name);
    return give(walk, option, set, text[len] ? text + len + 1 : NULL, err);
}

/* Letters behind one dash: flags may be joined, the first one that takes a value takes the rest. */
static enum cq_code parse_letters(struct option_walk *walk, char *text, struct cq_error *err)
{
    const struct cq_option_set *set;
    size_t word_len = strcspn(text, "=");
    const struct cq_option *option = find(walk, SPELLED_WORD, text, word_len, &set);
    if (option)
        return give(walk, option, set, text[word_len] ? text + word_len + 1 : NULL, err);
    for (char *letter = text; *letter; letter++) {
        option = find(walk, SPELLED_LETTER, letter, 1, &set);
        if (!option && *letter >= '0' && *letter <= '9' && letter == text)
            return cq_error_set(err, CQ_ERR_USAGE,
                                "unknown option '-%s'; arguments that begin with '-' go after '--'", text);
        if (!option)
            return cq_error_set(err, CQ_ERR_USAGE, "unknown option '-%c'; --help lists the options", *letter);
        bool valued = takes_value(option);
        enum cq_code code = give(walk, option, set, valued && letter[1] ? letter + 1 : NULL, err);
        if (code != CQ_OK || valued)
            return code;
    }
    return CQ_OK;
}

enum cq_code cq_options_parse(const struct cq_option_set *sets, size_t set_count, int argc, char **argv,
                              const char **ret_args, size_t *ret_count, struct cq_error *err)
{
    struct option_walk walk = {.sets = sets, .set_count = set_count, .argv = argv, .argc = argc};
    size_t count = 0;
    bool ended = false;
    for (walk.at = 0; walk.at < argc; walk.at++) {
        char *text = argv[walk.at];
        enum cq_code code = CQ_OK;
        if (ended || text[0] != '-' || !text[1])
            ret_args[count++] = text;
        else if (strcmp(text, "--") == 0)
            ended = true;
        else if (text[1] == '-')
            code = parse_long(&walk, text + 2, err);
        else
            code = parse_letters(&walk, text + 1, err);
        if (code != CQ_OK)
            return code;
    }
    *ret_count = count;
    return CQ_OK;
}
