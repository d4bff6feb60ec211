#include "worker/webhooks/libcurl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"

static const char *const libraries[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

/* POSIX has it that a pointer to data can hold one to a function; C has no cast for it. */
static bool find(void *library, const char *name, void *ret_function)
{
    void *symbol = dlsym(library, name);
    memcpy(ret_function, &symbol, sizeof(symbol));
    return symbol != NULL;
}

static bool find_all(void *library, struct cq_libcurl *curl)
{
#define BIND(name)                                  \
    if (!find(library, "curl_" #name, &curl->name)) \
        return false;
    CQ_LIBCURL_FUNCTIONS(BIND)
#undef BIND
    return true;
}

/* A handle's symbols are those of its dependencies as well. */
static void find_tls(void *library, struct cq_libcurl *curl)
{
    enum { OPENSSL_3 = 0x30000000 }; /* before, it took options of another type */
    unsigned long (*version)(void) = NULL;
    if (!find(library, "OpenSSL_version_num", &version) || version() < OPENSSL_3 ||
        !find(library, "SSL_CTX_set_options", &curl->tls_options))
        curl->tls_options = NULL;
}

enum cq_code cq_libcurl_open(const struct cq_libcurl **ret_curl, struct cq_error *err)
{
    static struct cq_libcurl curl;
    static bool open;
    char why[160] = "";
    for (size_t i = 0; !open && i < CQ_ARRAY_LEN(libraries); i++) {
        void *library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
        const char *error = library ? NULL : dlerror();
        if (library && find_all(library, &curl) && curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
            open = true; /* for the life of the process: it has threads and handlers of its own */
            find_tls(library, &curl);
        } else if (library)
            dlclose(library);
        else if (error && !*why)
            snprintf(why, sizeof(why), "%s", error);
    }
    if (!open)
        return cq_error_set(err, CQ_ERR_SYSTEM,
                            "libcurl cannot be opened (%s); install it (Debian: apt-get install libcurl4)",
                            *why ? why : "it is too old");
    *ret_curl = &curl;
    return CQ_OK;
}
