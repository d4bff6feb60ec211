/*
 * TLS for rediss://: the server's certificate is checked against the system's authorities (or ssl_ca_certs)
 * and against the host name, which is also sent as SNI.
 */
#ifndef CQ_REDIS_TLS_TLS_H
#define CQ_REDIS_TLS_TLS_H

#include <sys/types.h>

#include "redis/address.h"

struct cq_tls;         /* certificates and settings, shared by the connections made one after another */
struct cq_tls_session; /* of one connection */

/*
 * *ret_tls is NULL when the address wants no TLS. Reads files, so it is done once, at the start.
 * Errors: CQ_ERR_CONFIG when a certificate file cannot be used, CQ_ERR_SYSTEM when OpenSSL cannot be opened.
 */
CQ_MUST_CHECK enum cq_code cq_tls_new(const struct cq_address *address, struct cq_tls **ret_tls,
                                      struct cq_error *err);
void cq_tls_free(struct cq_tls *tls); /* NULL-safe; sessions may outlive it */

/* A session over a connected socket, which stays the caller's; NULL for a NULL tls. The handshake goes with
 * the first bytes. */
CQ_MUST_CHECK enum cq_code cq_tls_begin(struct cq_tls *tls, int fd, struct cq_tls_session **ret_session,
                                        struct cq_error *err);
void cq_tls_end(struct cq_tls_session *session); /* NULL-safe */

/* As read(2) and write(2); EAGAIN: not now; EPROTO: TLS failed, cq_tls_reason() says why. */
ssize_t cq_tls_read(struct cq_tls_session *session, void *data, size_t size);
ssize_t cq_tls_write(struct cq_tls_session *session, const void *data, size_t len);

bool cq_tls_has_more(const struct cq_tls_session *session);      /* bytes that were read ahead */
bool cq_tls_wants_read(const struct cq_tls_session *session);    /* the last call waits for the peer */
const char *cq_tls_reason(const struct cq_tls_session *session); /* borrowed from the session */

#endif
