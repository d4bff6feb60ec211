#include "runtime/module.h"

#include <dlfcn.h>
#include <elf.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

void cq_modules_init(struct cq_modules *modules, const struct cq_strv *paths, const char *remark)
{
    *modules = (struct cq_modules){.paths = paths, .remark = remark};
}

static void unload(struct cq_modules *modules, size_t index)
{
    struct cq_module *module = &modules->items[index];
    dlclose(module->handle);
    free(module->file);
    for (size_t i = 0; i < module->function_count; i++)
        free(module->functions[i].symbol);
    modules->len--;
    memmove(module, module + 1, (modules->len - index) * sizeof(*module));
}

void cq_modules_release(struct cq_modules *modules)
{
    while (modules->len > 0)
        unload(modules, modules->len - 1);
}

/* A part of a dotted path becomes a part of a file name: nothing that a file system could read otherwise. */
static bool is_part(struct cq_str part)
{
    for (size_t i = 0; i < part.len; i++) {
        unsigned char c = (unsigned char)part.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (!letter && !(c == '-' && i > 0) && c < 0x80)
            return false;
    }
    return part.len > 0;
}

/* Split at the last dot: `path/to` (slashes for dots) and `func`. */
static bool split(struct cq_str name, char ret_file[CQ_FUNCTION_NAME_MAX], const char **ret_symbol)
{
    if (name.len == 0 || name.len >= CQ_FUNCTION_NAME_MAX)
        return false;
    memcpy(ret_file, name.data, name.len);
    ret_file[name.len] = '\0';
    char *last_dot = NULL;
    size_t start = 0;
    for (size_t i = 0; i <= name.len; i++) {
        if (i < name.len && name.data[i] != '.')
            continue;
        if (!is_part(cq_str_n(name.data + start, i - start)))
            return false;
        start = i + 1;
        if (i < name.len) {
            last_dot = ret_file + i;
            *last_dot = '/';
        }
    }
    if (!last_dot)
        return false;
    *last_dot = '\0';
    *ret_symbol = last_dot + 1;
    return true;
}

static bool same_file(const struct cq_module *module, const struct stat *info)
{
    return module->device == info->st_dev && module->inode == info->st_ino && module->size == info->st_size &&
           module->changed_at.tv_sec == info->st_mtim.tv_sec &&
           module->changed_at.tv_nsec == info->st_mtim.tv_nsec;
}

/* The first regular file `<path>/<module>.so`. False: there is none. */
static bool locate(const struct cq_strv *paths, const char *module, struct cq_buf *file,
                   struct stat *ret_info)
{
    for (size_t i = 0; i < paths->len; i++) {
        cq_buf_clear(file);
        /* A slash has to be in it, or dlopen searches the system's libraries: `cq.func` must not find
         * libcq.so. */
        cq_buf_printf(file, "%s/%s.so", paths->items[i], module);
        if (!file->overflow && stat(file->data, ret_info) == 0 && S_ISREG(ret_info->st_mode))
            return true;
    }
    return false;
}

bool cq_module_exists(const struct cq_strv *paths, struct cq_str name)
{
    char module[CQ_FUNCTION_NAME_MAX];
    const char *symbol;
    struct stat info;
    struct cq_buf file = CQ_BUF_INIT(PATH_MAX);
    bool found = split(name, module, &symbol) && locate(paths, module, &file, &info);
    cq_buf_release(&file);
    return found;
}

static struct cq_module *loaded(struct cq_modules *modules, const char *file, const struct stat *info)
{
    for (size_t i = 0; i < modules->len; i++) {
        struct cq_module *module = &modules->items[i];
        if (strcmp(module->file, file) != 0)
            continue;
        if (same_file(module, info))
            return module;
        unload(modules, i);
        return NULL;
    }
    return NULL;
}

/* NULL: dlerror() has the reason. */
static struct cq_module *load(struct cq_modules *modules, const char *file, const struct stat *info)
{
    if (modules->len == CQ_MODULES_MAX)
        unload(modules, 0);
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return NULL;
    struct cq_module *module = &modules->items[modules->len++];
    *module = (struct cq_module){
        .file = cq_strdup(file),
        .handle = handle,
        .device = info->st_dev,
        .inode = info->st_ino,
        .size = info->st_size,
        .changed_at = info->st_mtim,
    };
    return module;
}

/*
 * A function that the module itself defines. dlsym() also searches what the module is linked against, and a
 * job must not be able to name libc's functions.
 */
static cq_function *own_function(void *handle, const char *symbol)
{
    struct link_map *module_map = NULL, *found_map = NULL;
    const ElfW(Sym) *entry = NULL;
    Dl_info info;
    void *address = dlsym(handle, symbol);
    if (!address || dlinfo(handle, RTLD_DI_LINKMAP, &module_map) != 0)
        return NULL;
    if (!dladdr1(address, &info, (void **)&found_map, RTLD_DL_LINKMAP) || found_map != module_map)
        return NULL;
    if (!dladdr1(address, &info, (void **)&entry, RTLD_DL_SYMENT) || !entry ||
        ELF64_ST_TYPE(entry->st_info) != STT_FUNC)
        return NULL;
    cq_function *function;
    memcpy(&function, &address, sizeof(function)); /* ISO C has no cast from void * to a function */
    return function;
}

/* The same through what is remembered. NULL: no such function. */
static cq_function *find_function(struct cq_module *module, const char *symbol, bool *ret_was_known)
{
    *ret_was_known = true;
    for (size_t i = 0; i < module->function_count; i++)
        if (strcmp(module->functions[i].symbol, symbol) == 0)
            return module->functions[i].call;
    cq_function *call = own_function(module->handle, symbol);
    if (call && module->function_count < CQ_FUNCTIONS_MAX) {
        module->functions[module->function_count++] = (struct cq_module_function){cq_strdup(symbol), call};
        *ret_was_known = false;
    }
    return call;
}

static bool fail_not_found(const struct cq_modules *modules, struct cq_str name, const char *module,
                           struct cq_buf *failure)
{
    cq_buf_printf(failure, "Looked for %s.so in:", module);
    for (size_t i = 0; i < modules->paths->len; i++)
        cq_buf_printf(failure, " %s", modules->paths->items[i]);
    cq_buf_printf(failure,
                  "\nAdd the folder that has it with --path, or map the name to a command in [programs].\n"
                  "cq.FunctionNotFound: %.*s: no module %s.so on --path and no program of that name%s",
                  (int)name.len, name.data, module, modules->remark);
    return false;
}

static bool fail_name(const struct cq_modules *modules, struct cq_str name, struct cq_buf *failure)
{
    bool plain = name.len > 0 && name.len < CQ_FUNCTION_NAME_MAX && is_part(name);
    cq_buf_printf(
        failure, "cq.FunctionNotFound: %.*s: %s%s", (int)(name.len < 256 ? name.len : 256), name.data,
        plain ? "no program of that name in [programs], and a function of a module is written module.function"
              : "not a function's name: write path.to.function, letters, digits and _ between the dots",
        modules->remark);
    return false;
}

bool cq_modules_find(struct cq_modules *modules, struct cq_str name, cq_function **ret_function,
                     bool *ret_was_known, struct cq_buf *failure)
{
    char module_name[CQ_FUNCTION_NAME_MAX];
    const char *symbol;
    struct stat info;
    struct cq_buf file = CQ_BUF_INIT(PATH_MAX);
    bool found = false, was_known;
    if (!split(name, module_name, &symbol))
        return fail_name(modules, name, failure);
    if (!locate(modules->paths, module_name, &file, &info)) {
        fail_not_found(modules, name, module_name, failure);
        goto out;
    }
    struct cq_module *module = loaded(modules, file.data, &info);
    if (!module)
        module = load(modules, file.data, &info);
    if (!module) {
        cq_buf_printf(failure,
                      "Build modules with: cc -shared -fPIC $(pkg-config --cflags cq)\n"
                      "cq.ModuleError: %.*s: %s does not load: %s",
                      (int)name.len, name.data, file.data, dlerror());
        goto out;
    }
    cq_function *function = find_function(module, symbol, &was_known);
    if (!function) {
        cq_buf_printf(
            failure,
            "List what the module has with: nm -D --defined-only %s\n"
            "cq.FunctionNotFound: %.*s: %s has no function %s; it must be global, and extern \"C\" in C++",
            file.data, (int)name.len, name.data, file.data, symbol);
        goto out;
    }
    *ret_function = function;
    if (ret_was_known)
        *ret_was_known = was_known;
    found = true;
out:
    cq_buf_release(&file);
    return found;
}

void cq_modules_preload(struct cq_modules *modules, struct cq_str name)
{
    cq_function *function;
    struct cq_buf failure = CQ_BUF_INIT(4096);
    /* With a full table nothing is evicted for it: what is loaded has been used as well. */
    if (modules->len < CQ_MODULES_MAX && cq_modules_find(modules, name, &function, NULL, &failure))
        (void)function;
    cq_buf_release(&failure);
}

void cq_modules_drop_changed(struct cq_modules *modules)
{
    struct stat info;
    for (size_t i = modules->len; i > 0; i--)
        if (stat(modules->items[i - 1].file, &info) != 0 || !same_file(&modules->items[i - 1], &info))
            unload(modules, i - 1);
}
