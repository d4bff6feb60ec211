#include "redis/tls/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "redis/tls/openssl.h"

static const struct cq_openssl *openssl; /* NULL until the first cq_tls_new() that needs it */

struct cq_tls {
    SSL_CTX *context;
    char *host;
};

struct cq_tls_session {
    SSL *ssl;
    char reason[120];
};

static const char *openssl_reason(void)
{
    const char *reason = openssl->ERR_reason_error_string(openssl->ERR_peek_last_error());
    return reason ? reason : "unknown reason";
}

static enum cq_code cannot_use(const char *setting, const char *path, struct cq_error *err)
{
    const char *why = access(path, R_OK) == 0
                          ? openssl_reason()
                          : strerror(errno); /* of a file it cannot open, OpenSSL says "BIO lib" */
    return cq_error_set(err, CQ_ERR_CONFIG, "%s: cannot use %.80s: %s", setting, path, why);
}

static enum cq_code take_files(SSL_CTX *context, const struct cq_address *address, struct cq_error *err)
{
    if (address->tls_ca_file) {
        if (!openssl->SSL_CTX_load_verify_locations(context, address->tls_ca_file, NULL))
            return cannot_use("ssl_ca_certs", address->tls_ca_file, err);
    } else if (!openssl->SSL_CTX_set_default_verify_paths(context)) {
        return cq_error_set(err, CQ_ERR_CONFIG, "TLS: cannot open the system's certificates: %s",
                            openssl_reason());
    }
    if (!address->tls_cert_file)
        return CQ_OK;
    if (openssl->SSL_CTX_use_certificate_chain_file(context, address->tls_cert_file) != 1)
        return cannot_use("ssl_certfile", address->tls_cert_file, err);
    if (openssl->SSL_CTX_use_PrivateKey_file(context, address->tls_key_file, SSL_FILETYPE_PEM) != 1)
        return cannot_use("ssl_keyfile", address->tls_key_file, err);
    return CQ_OK;
}

enum cq_code cq_tls_new(const struct cq_address *address, struct cq_tls **ret_tls, struct cq_error *err)
{
    if (!address->tls) {
        *ret_tls = NULL;
        return CQ_OK;
    }
    enum cq_code code = cq_openssl_open(&openssl, err);
    if (code != CQ_OK)
        return code;
    struct cq_tls *tls = cq_calloc(1, sizeof(*tls));
    tls->host = cq_strdup(address->host ? address->host : "localhost");
    tls->context = openssl->SSL_CTX_new(openssl->TLS_client_method());
    openssl->ERR_clear_error();
    if (!tls->context ||
        !openssl->SSL_CTX_ctrl(tls->context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL)) {
        code = cq_error_set(err, CQ_ERR_CONFIG, "TLS: OpenSSL does not start: %s", openssl_reason());
    } else {
        /* A write that was cut short is repeated from a buffer that may have moved and grown since. */
        openssl->SSL_CTX_ctrl(tls->context, SSL_CTRL_MODE,
                              SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER, NULL);
        openssl->SSL_CTX_set_verify(tls->context, address->tls_no_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                                    NULL);
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
    openssl->SSL_CTX_free(tls->context);
    free(tls->host);
    free(tls);
}

enum cq_code cq_tls_begin(struct cq_tls *tls, int fd, struct cq_tls_session **ret_session,
                          struct cq_error *err)
{
    *ret_session = NULL;
    if (!tls)
        return CQ_OK;
    struct in6_addr number;
    bool by_number = inet_pton(AF_INET, tls->host, &number) == 1 ||
                     inet_pton(AF_INET6, tls->host, &number) == 1;
    SSL *ssl = openssl->SSL_new(tls->context);
    bool ready = ssl && openssl->SSL_set_fd(ssl, fd) == 1;
    if (ready && by_number)
        ready = openssl->X509_VERIFY_PARAM_set1_ip_asc(openssl->SSL_get0_param(ssl), tls->host) == 1;
    else if (ready)
        ready = openssl->SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, tls->host) ==
                    1 &&
                openssl->SSL_set1_host(ssl, tls->host) == 1;
    if (!ready) {
        openssl->SSL_free(ssl);
        return cq_error_set(err, CQ_ERR_CONFIG, "TLS with %.80s does not start: %s", tls->host,
                            openssl_reason());
    }
    openssl->SSL_set_connect_state(ssl);
    struct cq_tls_session *session = cq_calloc(1, sizeof(*session));
    session->ssl = ssl;
    *ret_session = session;
    return CQ_OK;
}

void cq_tls_end(struct cq_tls_session *session)
{
    if (!session)
        return;
    openssl->SSL_free(session->ssl);
    free(session);
}

static const char *remedy_for(long verdict)
{
    switch (verdict) {
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: return " (see ssl_ca_certs)";
    default: return "";
    }
}

/* What a read or write that gave n <= 0 means, in the terms of read(2). */
static ssize_t outcome(struct cq_tls_session *session, int n, int errno_value)
{
    switch (openssl->SSL_get_error(session->ssl, n)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: errno = EAGAIN; return -1;
    case SSL_ERROR_ZERO_RETURN: return 0;
    case SSL_ERROR_SYSCALL:
        if (!errno_value)
            return 0;
        errno = errno_value;
        return -1;
    default: break;
    }
    long verdict = openssl->SSL_get_verify_result(session->ssl);
    if (verdict != X509_V_OK && openssl->SSL_get_verify_mode(session->ssl) != SSL_VERIFY_NONE)
        snprintf(session->reason, sizeof(session->reason), "its certificate: %s%s",
                 openssl->X509_verify_cert_error_string(verdict), remedy_for(verdict));
    else
        snprintf(session->reason, sizeof(session->reason), "TLS: %s", openssl_reason());
    errno = EPROTO;
    return -1;
}

ssize_t cq_tls_read(struct cq_tls_session *session, void *data, size_t size)
{
    openssl->ERR_clear_error();
    errno = 0;
    int n = openssl->SSL_read(session->ssl, data, size > INT_MAX ? INT_MAX : (int)size);
    return n > 0 ? n : outcome(session, n, errno);
}

ssize_t cq_tls_write(struct cq_tls_session *session, const void *data, size_t len)
{
    openssl->ERR_clear_error();
    errno = 0;
    int n = openssl->SSL_write(session->ssl, data, len > INT_MAX ? INT_MAX : (int)len);
    if (n > 0)
        return n;
    ssize_t rc = outcome(session, n, errno);
    if (rc == 0) {
        errno = EPIPE;
        rc = -1;
    }
    return rc;
}

bool cq_tls_has_more(const struct cq_tls_session *session)
{
    return openssl->SSL_pending(session->ssl) > 0;
}

bool cq_tls_wants_read(const struct cq_tls_session *session)
{
    return openssl->SSL_want(session->ssl) == SSL_READING;
}

const char *cq_tls_reason(const struct cq_tls_session *session)
{
    return session->reason;
}
