#include "config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/ini.h"
#include "config/nearest.h"
#include "config/sections.h"
#include "config/store.h"
#include "redis/address.h"

enum { WHERE_SIZE = 160 };

struct loading {
    struct cq_settings *settings;
    const char *file;
};

static bool is_own_section(const char *section)
{
    return strcmp(section, "redis") == 0 || strcmp(section, "worker") == 0;
}

static enum cq_code unknown_section(const struct loading *loading, const char *section, int line,
                                    struct cq_error *err)
{
    static const char *const sections[] = {"redis", "worker", "programs", "runtime.NAME"};
    if (!*section)
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "%s:%d: a setting before the first [section]; settings are in [redis], [worker], "
                            "[programs] and [runtime.NAME]",
                            loading->file, line);
    const char *nearest = cq_nearest(section, sections, CQ_ARRAY_LEN(sections));
    if (nearest)
        return cq_error_set(err, CQ_ERR_CONFIG, "%s:%d: no section [%.40s]; did you mean [%s]?",
                            loading->file, line, section, nearest);
    return cq_error_set(
        err, CQ_ERR_CONFIG,
        "%s:%d: no section [%.40s]; there are [redis], [worker], [programs] and [runtime.NAME]",
        loading->file, line, section);
}

static enum cq_code unknown_key(const struct loading *loading, const char *section, const char *key, int line,
                                struct cq_error *err)
{
    size_t count, names = 0;
    const struct cq_setting *table = cq_settings_table(&count);
    const char *keys[CQ_SETTINGS_COUNT];
    for (size_t i = 0; i < count; i++)
        if (table[i].section && strcmp(table[i].section, section) == 0)
            keys[names++] = table[i].key;
    const char *nearest = cq_nearest(key, keys, names);
    if (nearest)
        return cq_error_set(err, CQ_ERR_CONFIG, "%s:%d: no setting `%.60s` in [%s]; did you mean `%s`?",
                            loading->file, line, key, section, nearest);
    return cq_error_set(err, CQ_ERR_CONFIG,
                        "%s:%d: no setting `%.60s` in [%s]; config.example.ini lists them all", loading->file,
                        line, key, section);
}

static enum cq_code take_setting(const char *section, const char *key, const char *value, int line,
                                 void *data, struct cq_error *err)
{
    struct loading *loading = data;
    struct cq_settings *settings = loading->settings;
    const struct cq_section_line at = {loading->file, line, key, value};
    if (strcmp(section, "programs") == 0)
        return cq_section_program(settings, &at, err);
    if (strncmp(section, "runtime.", 8) == 0)
        return cq_section_runtime(settings, section + 8, &at, err);
    if (!is_own_section(section))
        return unknown_section(loading, section, line, err);
    const struct cq_setting *setting = cq_setting_find(cq_str(section), cq_str(key));
    if (!setting)
        return unknown_key(loading, section, key, line, err);
    size_t count;
    size_t index = (size_t)(setting - cq_settings_table(&count));
    if (settings->line[index])
        return cq_error_set(err, CQ_ERR_CONFIG, "%s:%d: [%s] %s is given twice, first in line %d",
                            loading->file, line, section, key, settings->line[index]);
    char where[WHERE_SIZE];
    snprintf(where, sizeof(where), "%.100s:%d: %s", loading->file, line, key);
    enum cq_code code = cq_setting_store(setting, settings, value, where, err);
    settings->line[index] = line;
    settings->source[index] = CQ_FROM_FILE;
    return code;
}

static bool is_python_file(const char *path)
{
    size_t len = strlen(path);
    return len > 3 && strcmp(path + len - 3, ".py") == 0;
}

static enum cq_code cannot_read(const char *path, const char *from, int error, struct cq_error *err)
{
    if (is_python_file(path))
        return cq_error_set(
            err, CQ_ERR_CONFIG,
            "%s%.100s: a Python module is named as Python names it, without .py, and found in a "
            "folder of --path: -c my.settings",
            from, path);
    return cq_error_set(err, CQ_ERR_CONFIG, "%s%.100s: cannot read the configuration: %s", from, path,
                        strerror(error));
}

static enum cq_code read_all(const char *path, const char *from, struct cq_buf *text, struct stat *info,
                             struct cq_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not waiting for the writer of a FIFO */
    if (fd < 0)
        return cannot_read(path, from, errno, err);
    enum cq_code code = CQ_OK;
    if (fstat(fd, info) != 0)
        code = cannot_read(path, from, errno, err);
    else if (S_ISDIR(info->st_mode))
        code = cannot_read(path, from, EISDIR, err);
    while (code == CQ_OK) {
        char chunk[4096];
        ssize_t n = text->overflow ? 0 : read(fd, chunk, sizeof(chunk));
        if (n > 0)
            cq_buf_append(text, chunk, (size_t)n);
        else if (n < 0 && errno != EINTR)
            code = cannot_read(path, from, errno, err);
        else if (n == 0)
            break;
    }
    close(fd);
    if (code == CQ_OK && text->overflow)
        code = cq_error_set(err, CQ_ERR_CONFIG, "%s%.100s: larger than %d KiB: is this a configuration?",
                            from, path, CQ_INI_FILE_MAX / 1024);
    if (code == CQ_OK && is_python_file(path))
        code = cannot_read(path, from, ENOENT, err);
    return code;
}

static bool holds_password(const struct cq_settings *settings)
{
    struct cq_address address;
    bool in_url = settings->url && cq_address_parse(settings->url, &address, NULL) == CQ_OK;
    if (in_url) {
        in_url = address.password != NULL;
        cq_address_release(&address);
    }
    return settings->password || in_url;
}

/* A URL beside parts of it: one of them would count and the other be left out without a word. */
static enum cq_code check_url_alone(const struct loading *loading, struct cq_error *err)
{
    static const char *const parts[] = {"host", "port", "db", "username", "password", "socket", "tls"};
    size_t count;
    const struct cq_setting *table = cq_settings_table(&count);
    const int *line = loading->settings->line;
    size_t url = (size_t)(cq_setting_find(CQ_STR_LIT("redis"), CQ_STR_LIT("url")) - table);
    for (size_t i = 0; i < CQ_ARRAY_LEN(parts) && line[url] && loading->settings->url; i++) {
        size_t part = (size_t)(cq_setting_find(CQ_STR_LIT("redis"), cq_str(parts[i])) - table);
        if (line[part])
            return cq_error_set(err, CQ_ERR_CONFIG,
                                "%s:%d: [redis] has a url in line %d, which says this too: give one of them",
                                loading->file, line[part], line[url]);
    }
    return CQ_OK;
}

enum cq_code cq_settings_load_text(struct cq_settings *settings, struct cq_str text, const char *name,
                                   struct cq_error *err)
{
    struct loading loading = {.settings = settings, .file = name};
    enum cq_code code = cq_ini_parse(text, name, take_setting, &loading, err);
    if (code == CQ_OK)
        code = cq_section_runtimes_check(settings, name, err);
    return code == CQ_OK ? check_url_alone(&loading, err) : code;
}

static enum cq_code load_file(struct cq_settings *settings, const char *path, const char *from,
                              struct cq_error *err)
{
    struct cq_buf text = CQ_BUF_INIT(CQ_INI_FILE_MAX);
    struct stat info;
    enum cq_code code = read_all(path, from, &text, &info, err);
    if (code == CQ_OK)
        code = cq_settings_load_text(settings, cq_buf_view(&text), path, err);
    if (code == CQ_OK && (info.st_mode & (S_IRGRP | S_IROTH)) && S_ISREG(info.st_mode) &&
        holds_password(settings)) {
        struct cq_buf warning = CQ_BUF_INIT(4096);
        cq_buf_printf(&warning, "%.1000s holds a password and others may read it: chmod 600 it", path);
        cq_strv_push(&settings->warnings, cq_buf_view(&warning));
        cq_buf_release(&warning);
    }
    if (code == CQ_OK)
        settings->file = cq_strdup(path);
    if (text.data)
        explicit_bzero(text.data, text.cap);
    cq_buf_release(&text);
    return code;
}

static const char *from_process(const char *name, void *data)
{
    (void)data;
    return getenv(name);
}

/* without_redis: REDIS_... variables are left out, as RQ does when it has a settings module. RQ_REDIS_URL
 * always counts. */
static enum cq_code load_environment(struct cq_settings *settings, bool without_redis,
                                     cq_settings_env_fn *env, void *env_data, struct cq_error *err)
{
    size_t count;
    const struct cq_setting *table = cq_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < CQ_ARRAY_LEN(table[i].env) && table[i].env[j]; j++) {
            if (without_redis && strncmp(table[i].env[j], "REDIS_", 6) == 0)
                continue;
            const char *value = env(table[i].env[j], env_data);
            /* Kubernetes gives every pod REDIS_PORT=tcp://... when a service has the name redis; nobody asked
             * for it. */
            if (!value || !*value ||
                (strcmp(table[i].env[j], "REDIS_PORT") == 0 && strncmp(value, "tcp://", 6) == 0))
                continue;
            enum cq_code code = cq_setting_store(&table[i], settings, value, table[i].env[j], err);
            if (code != CQ_OK)
                return code;
            settings->source[i] = CQ_FROM_ENVIRONMENT;
            break;
        }
    }
    return CQ_OK;
}

/* What the module is read with: the command line's interpreter, else CQ_PYTHON, else the setting's
 * default. */
static enum cq_code load_module(struct cq_settings *settings, const char *name, const char *from,
                                const struct cq_config_python *python, cq_settings_env_fn *env,
                                void *env_data, struct cq_error *err)
{
    struct cq_config_python how = {NULL, NULL};
    if (python)
        how = *python;
    if (!how.interpreter)
        how.interpreter = env("CQ_PYTHON", env_data);
    if (!how.interpreter || !*how.interpreter)
        how.interpreter = settings->python;
    char *interpreter = cq_strdup(how.interpreter); /* env's is borrowed until the next call */
    how.interpreter = interpreter;
    enum cq_code code = cq_config_module_load(settings, name, from, &how, err);
    free(interpreter);
    return code;
}

enum cq_code cq_settings_load(struct cq_settings *settings, const char *path,
                              const struct cq_config_python *python, cq_settings_env_fn *env, void *env_data,
                              struct cq_error *err)
{
    static const char *const names[] = {"CQ_CONFIG", "RQ_CONFIG"};
    char from[16] = "";
    if (!env)
        env = from_process;
    char *file = cq_strdup(path);
    for (size_t i = 0; i < CQ_ARRAY_LEN(names) && !file; i++) {
        const char *value = env(names[i], env_data);
        if (!value || !*value)
            continue;
        file = cq_strdup(value);
        snprintf(from, sizeof(from), "%s: ", names[i]);
    }
    bool module = file && cq_config_is_module(file);
    enum cq_code code = CQ_OK;
    if (module)
        code = load_module(settings, file, from, python, env, env_data, err);
    else if (file)
        code = load_file(settings, file, from, err);
    if (code == CQ_OK)
        code = load_environment(settings, module, env, env_data, err);
    free(file);
    return code;
}
