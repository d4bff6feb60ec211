/*
 * OpenSSL, opened at the first rediss://: linking it would put its libraries into the worker, every stable
 * and every horse, and fork copies each mapping. What is named here is all that is used of it.
 */
#ifndef CQ_REDIS_TLS_OPENSSL_H
#define CQ_REDIS_TLS_OPENSSL_H

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/error.h"

#define CQ_OPENSSL_FUNCTIONS(X)           \
    X(ERR_clear_error)                    \
    X(ERR_peek_last_error)                \
    X(ERR_reason_error_string)            \
    X(SSL_CTX_ctrl)                       \
    X(SSL_CTX_free)                       \
    X(SSL_CTX_load_verify_locations)      \
    X(SSL_CTX_new)                        \
    X(SSL_CTX_set_default_verify_paths)   \
    X(SSL_CTX_set_verify)                 \
    X(SSL_CTX_use_PrivateKey_file)        \
    X(SSL_CTX_use_certificate_chain_file) \
    X(SSL_ctrl)                           \
    X(SSL_free)                           \
    X(SSL_get0_param)                     \
    X(SSL_get_error)                      \
    X(SSL_get_verify_mode)                \
    X(SSL_get_verify_result)              \
    X(SSL_new)                            \
    X(SSL_pending)                        \
    X(SSL_read)                           \
    X(SSL_set1_host)                      \
    X(SSL_set_connect_state)              \
    X(SSL_set_fd)                         \
    X(SSL_want)                           \
    X(SSL_write)                          \
    X(TLS_client_method)                  \
    X(X509_VERIFY_PARAM_set1_ip_asc)      \
    X(X509_verify_cert_error_string)

struct cq_openssl {
#define CQ_OPENSSL_MEMBER(name) __typeof__(&name) name;
    CQ_OPENSSL_FUNCTIONS(CQ_OPENSSL_MEMBER)
#undef CQ_OPENSSL_MEMBER
};

/*
 * Open it, once for the process.
 *   ret_openssl  its functions; borrowed, valid for the life of the process
 * Errors: CQ_ERR_SYSTEM: it is not there, or is too old; asked again, it looks again.
 */
CQ_MUST_CHECK enum cq_code cq_openssl_open(const struct cq_openssl **ret_openssl, struct cq_error *err);

#endif
