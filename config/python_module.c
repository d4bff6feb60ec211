#include "config/python_module.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "config/interpreter.h"
#include "config/settings.h"
#include "config/store.h"

enum {
    ANSWER_MAX = 256 * 1024, /* bytes of all settings */
    WHERE_SIZE = 200,
};

/*
 * Writes NAME NUL VALUE NUL for each setting, one pair per item of a list; or `!` and why it cannot be
 * imported, `=` and what is wrong with a value; become_python writes `#` and why it could not start. The
 * names are the arguments up to `--`, the rest is module and paths, which RQ puts behind Python's own. Ends
 * without waiting for threads that the module has started. Source of what counts as set: rq/cli/helpers.py
 * get_redis_from_config, rq/cli/workers.py worker.
 */
static const char script[] =
    "import importlib, os, sys\n"
    "out = os.fdopen(os.dup(1), 'wb')\n"
    "os.dup2(2, 1)\n"
    "pairs = []\n"
    "class Wrong(Exception): pass\n"
    "def plain(name, value):\n"
    "    if isinstance(value, bool): value = 'true' if value else 'false'\n"
    "    if not isinstance(value, (str, int, os.PathLike)): raise Wrong('%s is a %s; write a str or an int' "
    "% (name, type(value).__name__))\n"
    "    if '\\0' in str(value): raise Wrong(name + ' holds a NUL')\n"
    "    return str(value)\n"
    "def where(error):\n"
    "    place = ''\n"
    "    at = error.__traceback__\n"
    "    while at is not None and not isinstance(error, SyntaxError):\n"
    "        file = at.tb_frame.f_code.co_filename\n"
    "        if file != importlib.__file__ and file[:1] != '<': place = ' (%s, line %d)' % (file, "
    "at.tb_lineno)\n"
    "        at = at.tb_next\n"
    "    return place\n"
    "end = sys.argv.index('--')\n"
    "sys.path[:] = sys.path[sys.path[:1] == ['']:] + sys.argv[end + 2:]\n"
    "try:\n"
    "    module = vars(importlib.import_module(sys.argv[end + 1]))\n"
    "    for name in sys.argv[1:end]:\n"
    "        value = module.get(name.rstrip('?[]'))\n"
    "        if name.endswith('?'): pairs += [(name, '')] if value else []\n"
    "        elif name.endswith('[]') and isinstance(value, str): raise Wrong(name[:-2] + ' is a str; write "
    "a list')\n"
    "        elif name.endswith('[]'): pairs += [(name, plain(name[:-2], item)) for item in value or ()]\n"
    "        elif value is not None: pairs.append((name, plain(name, value)))\n"
    "except Wrong as error: pairs = [('=', str(error))]\n"
    "except BaseException as error:\n"
    "    text = ' '.join(('%s: %s%s' % (type(error).__name__, error, where(error))).split())\n"
    "    pairs = [('!', text.replace('\\0', ''))]\n"
    "for pair in pairs:\n"
    "    for text in pair: out.write(text.encode('utf-8', 'surrogateescape') + b'\\0')\n"
    "out.flush()\n"
    "os._exit(0)\n";

/* Names of RQ, and the settings they are. `?` marks one of which only its being there counts, `[]` a list. */
static const struct {
    const char *name;
    const char *section, *key; /* NULL: not a setting */
    const char *refused;       /* why it cannot be */
    const char *unused;        /* what a worker is warned of */
} names[] = {
    {"REDIS_URL", "redis", "url", NULL, NULL},
    {"SENTINEL?", NULL, NULL, "cq has no Sentinel; give the address of the master as REDIS_URL", NULL},
    {"REDIS_SSL_CA_DATA?", NULL, NULL,
     "cq reads authorities from a file; write them into one and name it in REDIS_SSL_CA_CERTS", NULL},
    {"REDIS_HOST", "redis", "host", NULL, NULL},
    {"REDIS_PORT", "redis", "port", NULL, NULL},
    {"REDIS_DB", "redis", "db", NULL, NULL},
    {"REDIS_PASSWORD", "redis", "password", NULL, NULL},
    {"REDIS_SSL", "redis", "tls", NULL, NULL},
    {"REDIS_SSL_CA_CERTS", "redis", "tls_ca_certs", NULL, NULL},
    {"REDIS_SSL_CERT_REQS", "redis", "tls_cert_reqs", NULL, NULL},
    {"REDIS_SSL_KEYFILE", "redis", "tls_keyfile", NULL, NULL},
    {"REDIS_SSL_CERTFILE", "redis", "tls_certfile", NULL, NULL},
    {"QUEUES[]", "worker", "queues", NULL, NULL},
    {"NAME", "worker", "name", NULL, NULL},
    {"DICT_CONFIG?", NULL, NULL, NULL,
     "call logging.config.dictConfig in a module that is named with --preload"},
    {"SENTRY_DSN?", NULL, NULL, NULL, "call sentry_sdk.init in a module that is named with --preload"},
};

bool cq_config_is_module(const char *name)
{
    static const char *const endings[] = {".ini", ".conf", ".cfg", ".config", ".txt", ".py"};
    struct stat info;
    size_t len = strlen(name);
    for (size_t i = 0; i < CQ_ARRAY_LEN(endings); i++)
        if (len > strlen(endings[i]) && strcmp(name + len - strlen(endings[i]), endings[i]) == 0)
            return false;
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && (unsigned char)*p < 0x80 && *p != '_' &&
            (*p != '.' || p == name || p[1] == '.' || !p[1]))
            return false;
    /* A package is a folder of that name. */
    return len && !isdigit((unsigned char)name[0]) &&
           (stat(name, &info) != 0 ? errno == ENOENT : S_ISDIR(info.st_mode));
}

static char **python_argv(const char *name, const struct cq_config_python *python)
{
    size_t paths = python->paths ? python->paths->len : 0, at = 0;
    char **argv = cq_calloc(CQ_ARRAY_LEN(names) + paths + 7, sizeof(*argv));
    argv[at++] = (char *)python->interpreter;
    argv[at++] = (char *)"-c";
    argv[at++] = (char *)script;
    for (size_t i = 0; i < CQ_ARRAY_LEN(names); i++)
        argv[at++] = (char *)names[i].name;
    argv[at++] = (char *)"--";
    argv[at++] = (char *)name;
    for (size_t i = 0; i < paths; i++)
        argv[at++] = python->paths->items[i];
    if (!paths)
        argv[at] = (char *)".";
    return argv;
}

static enum cq_code run_python(const char *name, const char *from, const struct cq_config_python *python,
                               struct cq_buf *answer, struct cq_error *err)
{
    char who[WHERE_SIZE];
    const char *why;
    snprintf(who, sizeof(who), "%s%.100s", from, name);
    char **argv = python_argv(name, python);
    enum cq_code code = cq_interpreter_ask(argv, who, "its settings", answer, err);
    free(argv);
    if (code != CQ_OK)
        return code;
    if ((why = cq_interpreter_said(answer, '!')))
        return cq_error_set(err, CQ_ERR_CONFIG, "%s: no such file, and %.60s cannot import it: %s", who,
                            python->interpreter, why);
    if ((why = cq_interpreter_said(answer, '#')))
        return cq_error_set(
            err, CQ_ERR_CONFIG,
            "%s: no such file, and as a Python module it cannot be read: cannot start %.60s: %s; "
            "--python names the interpreter",
            who, python->interpreter, why);
    if ((why = cq_interpreter_said(answer, '=')))
        return cq_error_set(err, CQ_ERR_CONFIG, "%s: %s", who, why);
    if (answer->len && answer->data[answer->len - 1] != '\0')
        return cq_error_set(err, CQ_ERR_CONFIG, "%s: %.60s ended in the middle of its answer", who,
                            python->interpreter);
    return CQ_OK;
}

/* RQ takes a URL alone, and looks at nothing else of the place then. */
static bool is_covered_by_url(const struct cq_settings *settings, size_t name)
{
    return settings->url && cq_settings_source(settings, "redis.url") == CQ_FROM_FILE &&
           strcmp(names[name].name, "REDIS_URL") != 0 &&
           (!names[name].section || strcmp(names[name].section, "redis") == 0) && !names[name].unused;
}

static enum cq_code take(struct cq_settings *settings, const char *module, size_t name, const char *value,
                         struct cq_error *err)
{
    char where[WHERE_SIZE];
    size_t count;
    int shown = (int)strcspn(names[name].name, "?[");
    snprintf(where, sizeof(where), "%.100s.%.*s", module, shown, names[name].name);
    if (is_covered_by_url(settings, name) || (!*value && names[name].section))
        return CQ_OK;
    if (names[name].refused)
        return cq_error_set(err, CQ_ERR_CONFIG, "%s: %s", where, names[name].refused);
    if (names[name].unused) {
        struct cq_buf warning = CQ_BUF_INIT(4096);
        cq_buf_printf(&warning, "%s is not used: %s", where, names[name].unused);
        cq_strv_push(&settings->worker_warnings, cq_buf_view(&warning));
        cq_buf_release(&warning);
        return CQ_OK;
    }
    const struct cq_setting *table = cq_settings_table(&count);
    const struct cq_setting *setting = cq_setting_find(cq_str(names[name].section), cq_str(names[name].key));
    enum cq_code code = cq_setting_store(setting, settings, value, where, err);
    if (code == CQ_OK)
        settings->source[setting - table] = CQ_FROM_FILE;
    return code;
}

/* The queues come one by one: a comma in a name stays in it, for the worker to refuse. */
static void take_queues(struct cq_settings *settings, const struct cq_strv *queues)
{
    size_t count;
    const struct cq_setting *table = cq_settings_table(&count);
    if (!queues->len)
        return;
    cq_settings_set_list(settings, "worker.queues", (const char *const *)queues->items, queues->len);
    settings->source[cq_setting_find(CQ_STR_LIT("worker"), CQ_STR_LIT("queues")) - table] = CQ_FROM_FILE;
}

enum cq_code cq_config_module_load(struct cq_settings *settings, const char *name, const char *from,
                                   const struct cq_config_python *python, struct cq_error *err)
{
    struct cq_buf answer = CQ_BUF_INIT(ANSWER_MAX);
    struct cq_strv queues = CQ_STRV_INIT;
    if (!python || !python->interpreter || strcmp(python->interpreter, "none") == 0)
        return cq_error_set(
            err, CQ_ERR_CONFIG,
            "%s%.100s: there is no such ini file, and without Python (--python) no module is read", from,
            name);
    enum cq_code code = run_python(name, from, python, &answer, err);
    const char *at = answer.data, *end = answer.data + answer.len;
    while (code == CQ_OK && at < end) {
        const char *key = at, *value = key + strlen(key) + 1;
        at = value < end ? value + strlen(value) + 1 : end;
        for (size_t i = 0; i < CQ_ARRAY_LEN(names) && code == CQ_OK; i++) {
            if (strcmp(names[i].name, key) != 0 || value >= end)
                continue;
            if (strchr(key, '['))
                cq_strv_push(&queues, cq_str(value));
            else
                code = take(settings, name, i, value, err);
        }
    }
    if (code == CQ_OK) {
        take_queues(settings, &queues);
        settings->file = cq_strdup(name);
    }
    if (answer.data)
        explicit_bzero(answer.data, answer.cap);
    cq_buf_release(&answer);
    cq_strv_release(&queues);
    return code;
}
