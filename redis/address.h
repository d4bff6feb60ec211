/*
 * Where Redis is: a parsed URL and the connection options. The password lives here and nowhere else; nothing
 * that is printed or logged comes from it, cq_address_display() gives the safe form.
 */
#ifndef CQ_REDIS_ADDRESS_H
#define CQ_REDIS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct cq_address {
    char *host; /* owned; NULL with a Unix socket */
    int port;
    char *unix_path; /* owned; NULL with TCP */
    char *username;  /* owned; NULL: the default user */
    char *password;  /* owned; wiped on release; NULL: none */
    int db;
    bool tls; /* rediss:// */
    int connect_timeout_ms;
    int command_timeout_ms; /* of a blocking call; the worker's own timer uses it too */
    bool tls_no_verify;     /* ssl_cert_reqs=none: take any certificate */
    char *tls_ca_file;      /* owned; NULL: the system's certificate authorities */
    char *tls_cert_file;    /* owned; the client's certificate and key, both or none */
    char *tls_key_file;     /* owned */
};

#define CQ_ADDRESS_DEFAULT_CONNECT_MS 5000
#define CQ_ADDRESS_DEFAULT_COMMAND_MS 30000
#define CQ_ADDRESS_TIMEOUT_MAX_S 86400
#define CQ_ADDRESS_DB_MAX INT32_MAX

void cq_address_init(struct cq_address *address); /* redis://localhost:6379/0 */
void cq_address_release(struct cq_address *address);

/*
 * Parse redis://[user[:password]@]host[:port][/db][?db=N], rediss://...,
 * unix://[user[:password]@]/path[?db=N]. Percent-encoding, [IPv6] hosts and query keys db, username,
 * password, socket_timeout, socket_connect_timeout and ssl_cert_reqs, ssl_ca_certs, ssl_certfile, ssl_keyfile
 * as redis-py takes them. Errors: CQ_ERR_CONFIG names the part that is wrong and never the password.
 * *ret_address is untouched then; on success it is overwritten, so it need not be initialised and must hold
 * nothing that is owned.
 */
CQ_MUST_CHECK enum cq_code cq_address_parse(const char *url, struct cq_address *ret_address,
                                            struct cq_error *err);

/*
 * Can these parts go together: host name and socket path, certificate and key, TLS and a socket? For
 * addresses that were put together by hand; cq_address_parse asks it too. Errors: CQ_ERR_CONFIG.
 */
CQ_MUST_CHECK enum cq_code cq_address_check(const struct cq_address *address, struct cq_error *err);

/* The URL without user and password, for messages; borrowed, valid until the next call with the same
 * buffer. */
const char *cq_address_display(const struct cq_address *address, char *text, size_t size);

#endif
