#include "cron/configuration.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/number.h"
#include "config/interpreter.h"
#include "cron/schedule_parse.h"

enum { ANSWER_MAX = 64 * 1024 * 1024, FIELDS_MAX = 100, FIRST_ITEMS = 9 };

/*
 * Writes items as LENGTH:BYTES: for each job name, `1` when it was given, function, queue, schedule, `1` for
 * the front of the queue, group, what RQ shows of it as JSON, the number of fields, then field, value ... of
 * the job's hash. Or `!` and why not, as config/python_module.c does. RQ's own queue makes the job, so that
 * it is what this version of RQ would enqueue. Arguments: the configuration, the serializer, then -P.
 */
static const char script[] =
    "import json, logging, os, sys\n"
    "out = os.fdopen(os.dup(1), 'wb')\n"
    "os.dup2(2, 1)\n"
    "items = []\n"
    "class Wrong(BaseException): pass\n"
    "def where(error):\n"
    "    error = error.__cause__ or error\n"
    "    place = ''\n"
    "    at = error.__traceback__\n"
    "    while at is not None and not isinstance(error, SyntaxError):\n"
    "        file = at.tb_frame.f_code.co_filename\n"
    "        if '/importlib/' not in file and not file.endswith('/rq/cron.py') and file[:1] != '<': place = "
    "' (%s, line %d)' % (file, at.tb_lineno)\n"
    "        at = at.tb_next\n"
    "    return place\n"
    "def importable(func):\n"
    "    name = '%s.%s' % (getattr(func, '__module__', '?'), getattr(func, '__qualname__', getattr(func, "
    "'__name__', '?')))\n"
    "    if '<' in name: raise Wrong(name + ' has no name that a worker could import; register a function of "
    "a module')\n"
    "    if name.startswith(('rq_cron_config_', '__main__.')):\n"
    "        raise Wrong(func.__name__ + ' is defined in the configuration itself, which workers cannot "
    "import; move it into a module')\n"
    "def read(path):\n"
    "    try:\n"
    "        from redis import Redis\n"
    "        from rq import Queue\n"
    "    except ImportError as error: raise Wrong('%s has no rq (%s); --python names the interpreter that "
    "has it' % (sys.executable, error))\n"
    "    try:\n"
    "        from rq.cron import CronJob, CronScheduler\n"
    "        CronJob.to_dict\n" /* RQ 2.4 has none */
    "    except (ImportError, AttributeError):\n"
    "        from rq.version import VERSION\n"
    "        raise Wrong('%s has rq %s; for its cron take 2.6 or newer, or write the schedules into a plain "
    "file' % (sys.executable, VERSION))\n"
    "    logging.getLogger('rq.cron').addHandler(logging.NullHandler())\n"
    "    logging.getLogger('rq.cron').propagate = False\n"
    "    connection = Redis()\n"
    "    serializer = {'pickle': None, 'json': 'rq.serializers.JSONSerializer'}.get(sys.argv[2], "
    "sys.argv[2])\n"
    "    class Scheduler(CronScheduler):\n"
    "        def register(self, func, *args, **options):\n"
    "            try:\n"
    "                importable(func)\n"
    "                interval = options.get('interval')\n"
    "                if interval and interval != int(interval): raise Wrong('%s: interval=%s: cq goes by "
    "whole seconds' % (func.__name__, interval))\n"
    "                job = super().register(func, *args, **options)\n"
    "                job.named_by_user = bool(options.get('name'))\n"
    "                return job\n"
    "            except Exception as error: raise Wrong('%s: %s' % (getattr(func, '__name__', func), "
    "error))\n"
    "    class Catcher(Queue):\n"
    "        def enqueue_job(self, job, pipeline=None, at_front=False, unique=False, **more):\n"
    "            if unique or job._dependency_ids: raise Wrong('%s: a cron job is neither unique nor has "
    "dependencies' % job.func_name)\n"
    "            job.origin = self.name\n"
    "            self.caught = job, at_front\n"
    "            return job\n"
    "    scheduler = Scheduler(connection=connection)\n"
    "    scheduler.load_config_from_file(path)\n"
    "    for cron in scheduler.get_jobs():\n"
    "        try:\n"
    "            queue = Catcher(cron.queue_name, connection=connection, serializer=serializer)\n"
    "            queue.enqueue(cron.func, *cron.args, **cron.kwargs, **cron.job_options)\n"
    "            job, at_front = queue.caught\n"
    "            fields = job.to_dict()\n"
    "        except Exception as error: raise Wrong('%s: %s: %s' % (cron.func_name, type(error).__name__, "
    "error))\n"
    "        for name in ('created_at', 'enqueued_at', 'status'): fields.pop(name, None)\n"
    "        shown = {k: v for k, v in cron.to_dict().items() if k not in ('latest_enqueue_time', "
    "'next_enqueue_time')}\n"
    "        interval = cron.interval\n"
    "        items.extend([getattr(cron, 'name', '') or cron.func_name, '1' if cron.named_by_user else '', "
    "cron.func_name, cron.queue_name,\n"
    "                      '@every %ds' % interval if interval else cron.cron, '1' if at_front else '', "
    "job.group_id or '', json.dumps(shown), len(fields)])\n"
    "        for pair in fields.items(): items.extend(pair)\n"
    "sys.path[:] = sys.path[sys.path[:1] == ['']:] + sys.argv[3:]\n"
    "try: read(sys.argv[1])\n"
    "except Wrong as error: items = str(error)\n"
    "except BaseException as error: items = '%s: %s%s' % (type(error).__name__, error, where(error))\n"
    "if isinstance(items, str): out.write(b'!\\0' + ' '.join(items.replace('\\0', "
    "'').split()).encode('utf-8', 'replace') + b'\\0')\n"
    "else:\n"
    "    for item in items:\n"
    "        item = item if isinstance(item, bytes) else str(item).encode('utf-8', 'surrogateescape')\n"
    "        out.write(b'%d:' % len(item) + item)\n"
    "out.flush()\n"
    "os._exit(0)\n";

/* RQ takes app/schedules for app.schedules. */
static bool is_module(const char *name)
{
    char *dotted = cq_strdup(name);
    for (char *slash = dotted + (*dotted != '\0'); (slash = strchr(slash, '/')); slash++)
        *slash = '.';
    bool module = cq_config_is_module(dotted);
    free(dotted);
    return module;
}

bool cq_cron_is_python(const char *name)
{
    const char *dot = strrchr(name, '.');
    struct stat info;
    if (dot && (strcmp(dot, ".py") == 0 || strcmp(dot, ".cron") == 0 || strcmp(dot, ".crontab") == 0))
        return strcmp(dot, ".py") == 0;
    return stat(name, &info) != 0 ? is_module(name) : S_ISDIR(info.st_mode) && cq_config_is_module(name);
}

/* The next item; false: the answer is cut off. */
static bool take(struct cq_str *rest, struct cq_str *ret_item)
{
    const char *colon = rest->len ? memchr(rest->data, ':', rest->len < 20 ? rest->len : 20) : NULL;
    int64_t len;
    if (!colon ||
        !cq_number_int(cq_str_n(rest->data, (size_t)(colon - rest->data)), 0, (int64_t)rest->len, &len))
        return false;
    size_t start = (size_t)(colon - rest->data) + 1;
    if (rest->len - start < (size_t)len)
        return false;
    *ret_item = cq_str_n(rest->data + start, (size_t)len);
    *rest = cq_str_n(rest->data + start + len, rest->len - start - (size_t)len);
    return true;
}

static char *copy(struct cq_str text)
{
    return cq_strndup(text.data, text.len);
}

static enum cq_code write_fields(const struct cq_cron_job *job, struct cq_str id, cq_time now,
                                 struct cq_command *command, struct cq_error *err)
{
    (void)id, (void)now, (void)err;
    for (size_t i = 0; i < job->field_count; i++) {
        cq_command_text(command, job->fields[i].name);
        cq_command_arg(command, job->fields[i].value);
    }
    return CQ_OK;
}

static bool take_fields(struct cq_str *rest, struct cq_cron_job *job, size_t count)
{
    job->fields = cq_calloc(count, sizeof(*job->fields));
    for (; job->field_count < count; job->field_count++) {
        struct cq_str name, value;
        if (!take(rest, &name) || !take(rest, &value))
            return false;
        job->fields[job->field_count].name = copy(name);
        job->fields[job->field_count].value = cq_str_n(copy(value), value.len);
        if (cq_str_is(name, "ttl") && !cq_number_int(value, 1, INT64_MAX / CQ_SECOND, &job->ttl_s))
            return false;
    }
    return true;
}

/* False: the answer is not what the script writes. A schedule that we do not read fills err. */
static bool take_job(struct cq_str *rest, const char *file, struct cq_cron_table *table,
                     enum cq_code *ret_code, struct cq_error *err)
{
    struct cq_str items[FIRST_ITEMS];
    struct cq_error why;
    int64_t fields;
    for (size_t i = 0; i < FIRST_ITEMS; i++)
        if (!take(rest, &items[i]))
            return false;
    struct cq_cron_job *job = cq_cron_table_add(table);
    job->name = copy(items[0]);
    job->named = items[1].len > 0;
    job->function = copy(items[2]);
    job->queue = copy(items[3]);
    job->text = copy(items[4]);
    job->at_front = items[5].len > 0;
    job->group = items[6].len ? copy(items[6]) : NULL;
    job->shown = copy(items[7]);
    job->where = cq_strdup(file);
    job->zone = cq_strdup("UTC");
    job->write = write_fields;
    if (!cq_number_int(items[8], 1, FIELDS_MAX, &fields) || items[7].len < 2 ||
        !take_fields(rest, job, (size_t)fields))
        return false;
    *ret_code = CQ_OK;
    if (cq_schedule_parse(items[4], CQ_SCHEDULE_RQ, &job->schedule, &why) != CQ_OK)
        *ret_code = cq_error_set(err, CQ_ERR_CONFIG, "%.80s: %.60s: %s", file, job->function, why.text);
    job->missed = job->schedule.every_s > 0 ? CQ_CRON_ONCE : CQ_CRON_SKIP;
    return true;
}

static char **python_argv(const char *name, const struct cq_config_python *python, const char *serializer)
{
    size_t paths = python->paths ? python->paths->len : 0, at = 0;
    char **argv = cq_calloc(paths + 7, sizeof(*argv));
    argv[at++] = (char *)python->interpreter;
    argv[at++] = (char *)"-c";
    argv[at++] = (char *)script;
    argv[at++] = (char *)name;
    argv[at++] = (char *)serializer;
    for (size_t i = 0; i < paths; i++)
        argv[at++] = python->paths->items[i];
    if (!paths)
        argv[at] = (char *)".";
    return argv;
}

enum cq_code cq_cron_python_load(const char *name, const struct cq_config_python *python,
                                 const char *serializer, struct cq_cron_table *table, struct cq_error *err)
{
    if (!python->interpreter || strcmp(python->interpreter, "none") == 0)
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "%.100s: a Python configuration needs Python: --python names the interpreter",
                            name);
    struct cq_buf answer = CQ_BUF_INIT(ANSWER_MAX);
    char **argv = python_argv(name, python, serializer);
    enum cq_code code = cq_interpreter_ask(argv, name, "its jobs", &answer, err);
    const char *why;
    free(argv);
    if (code == CQ_OK && (why = cq_interpreter_said(&answer, '!')))
        code = cq_error_set(err, CQ_ERR_CONFIG, "%.100s: %s%s", name,
                            strstr(name, ".py") || !strstr(why, "No module named")
                                ? ""
                                : "no such file; as a Python module: ",
                            why);
    else if (code == CQ_OK && (why = cq_interpreter_said(&answer, '#')))
        code = cq_error_set(err, CQ_ERR_CONFIG,
                            "%.100s: cannot start %.60s: %s; --python names the interpreter", name,
                            python->interpreter, why);
    struct cq_str rest = cq_buf_view(&answer);
    while (code == CQ_OK && rest.len)
        if (!take_job(&rest, name, table, &code, err))
            code = cq_error_set(err, CQ_ERR_CONFIG, "%.100s: %.60s ended in the middle of its answer", name,
                                python->interpreter);
    cq_buf_release(&answer);
    return code;
}
