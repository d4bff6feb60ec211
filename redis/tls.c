#include "redis/tls.h"

#ifdef CQ_HAVE_TLS

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/mem.h"

struct cq_tls {
    SSL_CTX *context;
    char *host;
    bool verify;
};

static const char *openssl_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason ? reason : "unknown reason";
}

static enum cq_code take_files(SSL_CTX *context, const struct cq_address *address, struct cq_error *err)
{
    if (address->tls_ca_file) {
        if (!SSL_CTX_load_verify_locations(context, address->tls_ca_file, NULL))
            return cq_error_set(err, CQ_ERR_CONFIG, "ssl_ca_certs: cannot use %s: %s", address->tls_ca_file, openssl_reason());
    } else if (!SSL_CTX_set_default_verify_paths(context)) {
        return cq_error_set(err, CQ_ERR_CONFIG, "TLS: cannot open the system's certificates: %s", openssl_reason());
    }
    if (!address->tls_cert_file)
        return CQ_OK;
    if (!SSL_CTX_use_certificate_chain_file(context, address->tls_cert_file))
        return cq_error_set(err, CQ_ERR_CONFIG, "ssl_certfile: cannot use %s: %s", address->tls_cert_file, openssl_reason());
    if (!SSL_CTX_use_PrivateKey_file(context, address->tls_key_file, SSL_FILETYPE_PEM))
        return cq_error_set(err, CQ_ERR_CONFIG, "ssl_keyfile: cannot use %s: %s", address->tls_key_file, openssl_reason());
    return CQ_OK;
}

enum cq_code cq_tls_new(const struct cq_address *address, struct cq_tls **ret_tls, struct cq_error *err)
{
    if (!address->tls) {
        *ret_tls = NULL;
        return CQ_OK;
    }
    struct cq_tls *tls = cq_calloc(1, sizeof(*tls));
    tls->host = cq_strdup(address->host ? address->host : "localhost");
    tls->verify = !address->tls_no_verify;
    tls->context = SSL_CTX_new(TLS_client_method());
    enum cq_code code;
    if (!tls->context || !SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION)) {
        code = cq_error_set(err, CQ_ERR_CONFIG, "TLS: OpenSSL does not start: %s", openssl_reason());
    } else {
        SSL_CTX_set_verify(tls->context, tls->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
        code = take_files(tls->context, address, err);
    }
    if (code != CQ_OK) {
        cq_tls_free(tls);
        return code;
    }
    *ret_tls = tls;
    return CQ_OK;
}

void cq_tls_free(struct cq_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    free(tls->host);
    free(tls);
}

enum cq_code cq_tls_start(struct cq_tls *tls, struct redisContext *context, struct cq_error *err)
{
    if (!tls)
        return CQ_OK;
    struct in6_addr number;
    bool by_number = inet_pton(AF_INET, tls->host, &number) == 1 || inet_pton(AF_INET6, tls->host, &number) == 1;
    SSL *ssl = SSL_new(tls->context);
    bool ready = ssl != NULL;
    if (ready && by_number)
        ready = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), tls->host) == 1;
    else if (ready)
        ready = SSL_set_tlsext_host_name(ssl, tls->host) == 1 && SSL_set1_host(ssl, tls->host) == 1;
    if (!ready) {
        SSL_free(ssl);
        return cq_error_set(err, CQ_ERR_CONNECTION, "TLS with %s does not start: %s", tls->host, openssl_reason());
    }
    ERR_clear_error();
    if (redisInitiateSSL(context, ssl) == REDIS_OK) /* owns ssl from here on */
        return CQ_OK;
    long verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK)
        cq_error_set(err, CQ_ERR_CONNECTION, "the certificate of Redis at %s is not accepted: %s", tls->host,
                     X509_verify_cert_error_string(verdict));
    else
        cq_error_set(err, CQ_ERR_CONNECTION, "TLS with Redis at %s failed: %s", tls->host, context->errstr);
    SSL_free(ssl);
    return CQ_ERR_CONNECTION;
}

#else /* no TLS in this build */

enum cq_code cq_tls_new(const struct cq_address *address, struct cq_tls **ret_tls, struct cq_error *err)
{
    if (address->tls)
        return cq_error_set(err, CQ_ERR_CONFIG, "rediss://: this build's hiredis has no TLS; use redis:// or unix://, a TLS tunnel "
                            "such as stunnel, or a cq built with hiredis 1.0 or newer");
    *ret_tls = NULL;
    return CQ_OK;
}

void cq_tls_free(struct cq_tls *tls)
{
    (void)tls;
}

enum cq_code cq_tls_start(struct cq_tls *tls, struct redisContext *context, struct cq_error *err)
{
    (void)tls;
    (void)context;
    (void)err;
    return CQ_OK;
}

#endif
