/* What the tests of the settings share: a folder with an ini file, and an environment. Included by one test
 * program each. */
#ifndef CQ_TESTS_SETTINGS_SCENE_H
#define CQ_TESTS_SETTINGS_SCENE_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/ini.h"
#include "config/load.h"
#include "config/redis_address.h"
#include "config/settings.h"

static struct cq_settings settings;
static struct cq_error err;
static char folder[32], path[64];

static inline void setup(void)
{
    strcpy(folder, "/tmp/cq-conf-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/cq.ini", folder);
    memset(&err, 0, sizeof(err));
    cq_settings_init(&settings);
}

static inline void teardown(void)
{
    cq_settings_release(&settings);
    unlink(path);
    rmdir(folder);
}

/* The environment of a test: NAME=VALUE texts up to NULL. */
static inline const char *lookup(const char *name, void *data)
{
    size_t len = strlen(name);
    for (const char *const *entry = data; entry && *entry; entry++)
        if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
            return *entry + len + 1;
    return NULL;
}

static const char *const nothing[] = {NULL};

static inline void write_file(const char *text, size_t len, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
    close(fd);
}

static inline enum cq_code load(const char *text, const char *const *env)
{
    if (text)
        write_file(text, strlen(text), 0600);
    return cq_settings_load(&settings, text ? path : NULL, NULL, lookup, (void *)env, &err);
}

static inline void load_ok(const char *text, const char *const *env)
{
    ck_assert_msg(load(text, env) == CQ_OK, "%s", err.text);
}

#endif
