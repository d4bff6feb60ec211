/*
 * TLS for rediss://, where hiredis has it (CQ_HAVE_TLS, set by the Makefile): the server's certificate is checked
 * against the system's authorities (or ssl_ca_certs) and against the host name, which is also sent as SNI.
 */
#ifndef CQ_REDIS_TLS_H
#define CQ_REDIS_TLS_H

#include "redis/address.h"

struct cq_tls; /* certificates and settings, shared by the connections made one after another */
struct redisContext;

/*
 * *ret_tls is NULL when the address wants no TLS.
 * Errors: CQ_ERR_CONFIG when this build has no TLS, or a certificate file cannot be used.
 */
CQ_MUST_CHECK enum cq_code cq_tls_new(const struct cq_address *address, struct cq_tls **ret_tls, struct cq_error *err);
void cq_tls_free(struct cq_tls *tls); /* NULL-safe */

/* Begin TLS on a connection; NULL tls: does nothing. Errors: CQ_ERR_CONNECTION, with OpenSSL's reason. */
CQ_MUST_CHECK enum cq_code cq_tls_start(struct cq_tls *tls, struct redisContext *context, struct cq_error *err);

#endif
