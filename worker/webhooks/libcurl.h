/*
 * libcurl, opened at the first webhook: linking it would put its dozens of libraries into the worker, every
 * stable and every horse, and fork copies each mapping. What is named here is all that is used of it.
 */
#ifndef CQ_WORKER_WEBHOOKS_LIBCURL_H
#define CQ_WORKER_WEBHOOKS_LIBCURL_H

#define CURL_DISABLE_TYPECHECK 1 /* its checking macros are for calls by name */
#include <curl/curl.h>
#include <stdint.h>

#include "base/error.h"

#define CQ_LIBCURL_FUNCTIONS(X) \
    X(global_init)              \
    X(easy_init)                \
    X(easy_setopt)              \
    X(easy_getinfo)             \
    X(easy_cleanup)             \
    X(easy_strerror)            \
    X(slist_append)             \
    X(slist_free_all)           \
    X(multi_init)               \
    X(multi_setopt)             \
    X(multi_add_handle)         \
    X(multi_remove_handle)      \
    X(multi_socket_action)      \
    X(multi_info_read)          \
    X(multi_assign)             \
    X(multi_cleanup)

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

struct cq_libcurl {
#define CQ_LIBCURL_MEMBER(name) __typeof__(&curl_##name) name;
    CQ_LIBCURL_FUNCTIONS(CQ_LIBCURL_MEMBER)
#undef CQ_LIBCURL_MEMBER
    /* SSL_CTX_set_options of the OpenSSL 3 that it uses; NULL where it uses another library. */
    uint64_t (*tls_options)(void *context, uint64_t options);
};

/* Open it, once for the process. Errors: CQ_ERR_SYSTEM: it is not there, or is too old; asked again, it looks
 * again. */
CQ_MUST_CHECK enum cq_code cq_libcurl_open(const struct cq_libcurl **ret_curl, struct cq_error *err);

#endif
