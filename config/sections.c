#include "config/sections.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/nearest.h"
#include "config/settings.h"
#include "config/store.h"
#include "runtime/program.h"

enum { WHERE_SIZE = 200, NAME_MAX_LEN = 200, MAPPINGS_MAX = 10000 };

/* That the command can be run as written is known here and now, with the line; the worker reads it again for
 * itself. */
static enum cq_code check_program(const struct cq_section_line *at, struct cq_error *err)
{
    struct cq_programs programs = CQ_PROGRAMS_INIT;
    struct cq_error wrong;
    enum cq_code code = cq_programs_add(&programs, at->key, at->value, &wrong);
    cq_programs_release(&programs);
    return code == CQ_OK ? CQ_OK : cq_error_set(err, code, "%s:%d: %s", at->file, at->line, wrong.text);
}

enum cq_code cq_section_program(struct cq_settings *settings, const struct cq_section_line *at,
                                struct cq_error *err)
{
    if (!*at->value)
        return cq_error_set(err, CQ_ERR_CONFIG, "%s:%d: [programs] %.60s: there is no command after the `=`",
                            at->file, at->line, at->key);
    for (size_t i = 0; i < settings->program_count; i++)
        if (strcmp(settings->programs[i].name, at->key) == 0)
            return cq_error_set(err, CQ_ERR_CONFIG, "%s:%d: [programs] %.60s is given twice", at->file,
                                at->line, at->key);
    if (strlen(at->key) > NAME_MAX_LEN || settings->program_count == MAPPINGS_MAX)
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "%s:%d: [programs] holds at most %d names of at most %d bytes", at->file,
                            at->line, MAPPINGS_MAX, NAME_MAX_LEN);
    enum cq_code code = check_program(at, err);
    if (code != CQ_OK)
        return code;
    settings->programs = cq_realloc(settings->programs,
                                    (settings->program_count + 1) * sizeof(*settings->programs));
    settings->programs[settings->program_count++] = (struct cq_settings_program){
        .name = cq_strdup(at->key), .command = cq_strdup(at->value)};
    return CQ_OK;
}

/* The runtime of that name, made when this is its first line; NULL with err filled when it cannot be. */
static struct cq_settings_runtime *runtime_of(struct cq_settings *settings, const char *name,
                                              const struct cq_section_line *at, struct cq_error *err)
{
    static const char *const built_in[] = {"native", "program", "programs", "python"};
    const char *remedy = "as in [runtime.ruby]";
    for (size_t i = 0; i < settings->runtime_count; i++)
        if (strcmp(settings->runtimes[i].name, name) == 0)
            return &settings->runtimes[i];
    for (size_t i = 0; i < CQ_ARRAY_LEN(built_in); i++)
        if (strcmp(name, built_in[i]) == 0) {
            cq_error_set(err, CQ_ERR_CONFIG, "%s:%d: [runtime.%s] is cq's own; give yours another name, %s",
                         at->file, at->line, name, remedy);
            return NULL;
        }
    if (!*name || settings->runtime_count == MAPPINGS_MAX) {
        if (!*name)
            cq_error_set(err, CQ_ERR_CONFIG, "%s:%d: a runtime has a name, %s", at->file, at->line, remedy);
        else
            cq_error_set(err, CQ_ERR_CONFIG, "%s:%d: more than %d runtimes", at->file, at->line,
                         MAPPINGS_MAX);
        return NULL;
    }
    settings->runtimes = cq_realloc(settings->runtimes,
                                    (settings->runtime_count + 1) * sizeof(*settings->runtimes));
    struct cq_settings_runtime *runtime = &settings->runtimes[settings->runtime_count++];
    *runtime = (struct cq_settings_runtime){
        .name = cq_strdup(name), .functions = CQ_STRV_INIT, .line = at->line};
    return runtime;
}

static enum cq_code given_twice(const char *name, const struct cq_section_line *at, struct cq_error *err)
{
    return cq_error_set(err, CQ_ERR_CONFIG, "%s:%d: [runtime.%s] %s is given twice", at->file, at->line, name,
                        at->key);
}

/* Split into words as a program's command is, but nothing is put in: a brace would be a mistake. */
static enum cq_code check_command(const char *name, const struct cq_section_line *at, struct cq_error *err)
{
    struct cq_programs programs = CQ_PROGRAMS_INIT;
    struct cq_error wrong;
    enum cq_code code = cq_programs_add(&programs, name, at->value, &wrong);
    bool placeholders = code == CQ_OK && programs.items[0].uses_arguments;
    cq_programs_release(&programs);
    if (code != CQ_OK)
        return cq_error_set(err, code, "%s:%d: [runtime.%s] command: %s", at->file, at->line, name,
                            wrong.text);
    if (placeholders)
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "%s:%d: [runtime.%s] command: a runtime is started before any job: there are no "
                            "arguments to put in for {}",
                            at->file, at->line, name);
    return CQ_OK;
}

enum cq_code cq_section_runtime(struct cq_settings *settings, const char *name,
                                const struct cq_section_line *at, struct cq_error *err)
{
    static const char *const keys[] = {"command", "functions"};
    bool is_command = strcmp(at->key, keys[0]) == 0;
    struct cq_settings_runtime *runtime = runtime_of(settings, name, at, err);
    if (!runtime)
        return CQ_ERR_CONFIG;
    if (!is_command && strcmp(at->key, keys[1]) != 0) {
        const char *nearest = cq_nearest(at->key, keys, CQ_ARRAY_LEN(keys));
        return cq_error_set(err, CQ_ERR_CONFIG, "%s:%d: no setting `%.60s` in [runtime.%s]; %s%s%s", at->file,
                            at->line, at->key, name,
                            nearest ? "did you mean `" : "it has `command` and `functions`",
                            nearest ? nearest : "", nearest ? "`?" : "");
    }
    if (!*at->value)
        return cq_error_set(err, CQ_ERR_CONFIG, "%s:%d: [runtime.%s] %s: there is nothing after the `=`",
                            at->file, at->line, name, at->key);
    if (!is_command) {
        char where[WHERE_SIZE];
        snprintf(where, sizeof(where), "%.100s:%d: functions", at->file, at->line);
        return runtime->functions.len ? given_twice(name, at, err)
                                      : cq_setting_names(at->value, 1, where, &runtime->functions, err);
    }
    if (runtime->command)
        return given_twice(name, at, err);
    enum cq_code code = check_command(name, at, err);
    if (code == CQ_OK)
        runtime->command = cq_strdup(at->value);
    return code;
}

/* The runtime before `end` that has this prefix too; NULL: none. */
static const char *other_with(const struct cq_settings *settings, size_t end, const char *prefix)
{
    for (size_t i = 0; i < end; i++)
        for (size_t j = 0; j < settings->runtimes[i].functions.len; j++)
            if (strcmp(settings->runtimes[i].functions.items[j], prefix) == 0)
                return settings->runtimes[i].name;
    return NULL;
}

enum cq_code cq_section_runtimes_check(const struct cq_settings *settings, const char *file,
                                       struct cq_error *err)
{
    for (size_t i = 0; i < settings->runtime_count; i++) {
        const struct cq_settings_runtime *runtime = &settings->runtimes[i];
        if (!runtime->command)
            return cq_error_set(err, CQ_ERR_CONFIG,
                                "%s:%d: [runtime.%s] has no command, the program to start", file,
                                runtime->line, runtime->name);
        if (!runtime->functions.len)
            return cq_error_set(err, CQ_ERR_CONFIG,
                                "%s:%d: [runtime.%s] has no functions, so no job would reach it; name their "
                                "beginnings, as in `functions = reports, mail.send`",
                                file, runtime->line, runtime->name);
        for (size_t j = 0; j < runtime->functions.len; j++) {
            const char *other = other_with(settings, i, runtime->functions.items[j]);
            if (other)
                return cq_error_set(err, CQ_ERR_CONFIG,
                                    "%s:%d: [runtime.%s] functions: `%.80s` is [runtime.%s]'s already", file,
                                    runtime->line, runtime->name, runtime->functions.items[j], other);
        }
    }
    return CQ_OK;
}
