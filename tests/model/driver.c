/*
 * cq's transitions for the model-based test, one a line: `VERB NAME=VALUE ...` on standard input, one line of
 * answer on standard output. The call goes over one blocking connection, as the command line's would. now=
 * microseconds since 1970, in every call twice=1  the call is sent twice, as after a lost answer; the answer
 * is that of the second usage: driver SOCKET
 */
#include "tests/model/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "redis/connection.h"

struct cq_command call;

static struct cq_connection *connection;
static char *words[WORDS_MAX];
static size_t word_count;

/* --- The words of a line. */

struct cq_str given(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < word_count; i++)
        if (strncmp(words[i], name, len) == 0 && words[i][len] == '=')
            return cq_str(words[i] + len + 1);
    return CQ_STR_NONE;
}

int64_t number(const char *name, int64_t otherwise)
{
    struct cq_str text = given(name);
    return text.data ? strtoll(text.data, NULL, 10) : otherwise;
}

bool flag(const char *name)
{
    return number(name, 0) != 0;
}

cq_time now(void)
{
    return number("now", 0);
}

/* Bytes that would not fit a line: as hex digits, changed in place. */
struct cq_str bytes(const char *name)
{
    struct cq_str text = given(name);
    char *data = (char *)text.data;
    unsigned value;
    for (size_t i = 0; i + 1 < text.len; i += 2)
        data[i / 2] = (char)(sscanf((char[]){data[i], data[i + 1], '\0'}, "%x", &value) == 1 ? value : 0);
    return (struct cq_str){data, text.len / 2};
}

/* A comma's list, cut up in place. */
size_t list(const char *name, struct cq_str ret_items[LIST_MAX])
{
    size_t count = 0;
    struct cq_str text = given(name);
    for (char *at = text.data ? strtok((char *)text.data, ",") : NULL; at && count < LIST_MAX;
         at = strtok(NULL, ","))
        ret_items[count++] = cq_str(at);
    return count;
}

/* --- Calls. */

void answer(enum cq_code code, const struct cq_error *err, const char *text)
{
    if (code == CQ_OK)
        printf("ok %s\n", text);
    else
        printf("error %d %s\n", (int)code, err->text);
    fflush(stdout);
}

/* The reply of `call`, errors of Redis among them; NULL: said so already. */
struct cq_reply *sent(void)
{
    struct cq_reply *reply = NULL;
    struct cq_error err = {0};
    if (cq_connection_send(connection, &call, &err) == CQ_OK &&
        cq_connection_receive(connection, &reply, &err) == CQ_OK)
        return reply;
    answer(err.code, &err, "");
    return NULL;
}

struct cq_reply *run(void)
{
    if (flag("twice"))
        cq_reply_free(sent());
    return sent();
}

void run_plain(reader *read)
{
    struct cq_error err = {0};
    struct cq_reply *reply = run();
    if (reply)
        answer(read(reply, &err), &err, "");
    cq_reply_free(reply);
}

/* --- The loop. */

static const struct verb *verb_of(const char *name)
{
    const struct verb *const tables[] = {work_verbs, manage_verbs, more_verbs};
    for (size_t i = 0; i < CQ_ARRAY_LEN(tables); i++)
        for (const struct verb *verb = tables[i]; verb->name; verb++)
            if (strcmp(verb->name, name) == 0)
                return verb;
    return NULL;
}

static void obey(char *line)
{
    line[strcspn(line, "\n")] = '\0';
    word_count = 0;
    for (char *at = strtok(line, " "); at && word_count < WORDS_MAX; at = strtok(NULL, " "))
        words[word_count++] = at;
    const struct verb *verb = word_count > 0 ? verb_of(words[0]) : NULL;
    if (verb) {
        verb->run();
    } else {
        puts("error 0 unknown verb");
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    struct cq_address address;
    struct cq_error err = {0};
    if (argc != 2) {
        fputs("usage: driver SOCKET\n", stderr);
        return 2;
    }
    cq_address_init(&address);
    address.unix_path = cq_strdup(argv[1]);
    if (cq_connection_open(&address, NULL, &connection, &err) != CQ_OK) {
        fprintf(stderr, "driver: %s\n", err.text);
        return 1;
    }
    for (int script = 0; script < CQ_SCRIPT_COUNT; script++)
        if (cq_connection_load(connection, (enum cq_script)script, &err) != CQ_OK) {
            fprintf(stderr, "driver: %s\n", err.text);
            return 1;
        }
    cq_command_init(&call);
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0)
        obey(line);
    free(line);
    cq_command_release(&call);
    cq_connection_close(connection);
    cq_address_release(&address);
    return 0;
}
