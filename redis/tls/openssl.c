#include "redis/tls/openssl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#define TEXT_OF(number) #number
#define NAME_WITH(version) "libssl.so." TEXT_OF(version)

/* POSIX has it that a pointer to data can hold one to a function; C has no cast for it. */
static bool find(void *library, const char *name, void *ret_function)
{
    void *symbol = dlsym(library, name);
    memcpy(ret_function, &symbol, sizeof(symbol));
    return symbol != NULL;
}

/* A handle's symbols are those of its dependencies as well, such as libcrypto's. */
static bool find_all(void *library, struct cq_openssl *openssl)
{
#define BIND(name)                             \
    if (!find(library, #name, &openssl->name)) \
        return false;
    CQ_OPENSSL_FUNCTIONS(BIND)
#undef BIND
    return true;
}

enum cq_code cq_openssl_open(const struct cq_openssl **ret_openssl, struct cq_error *err)
{
    static struct cq_openssl openssl;
    static bool open;
    if (!open) {
        /* The version of the headers: another one may have other functions. */
        void *library = dlopen(NAME_WITH(OPENSSL_SHLIB_VERSION), RTLD_NOW | RTLD_LOCAL);
        const char *why = library ? "it lacks functions" : dlerror();
        open = library && find_all(library, &openssl);
        if (!open && library)
            dlclose(library);
        if (!open)
            return cq_error_set(err, CQ_ERR_SYSTEM,
                                "rediss://: OpenSSL cannot be opened (%s); install it (Debian: apt-get "
                                "install libssl3)",
                                why ? why : "no reason given");
    }
    *ret_openssl = &openssl;
    return CQ_OK;
}
