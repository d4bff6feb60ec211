#include "config/redis_address.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int source_of(const struct cq_settings *settings, const char *key)
{
    return (int)cq_settings_source(settings, key);
}

static void replace(char **slot, const char *text)
{
    if (*slot)
        explicit_bzero(*slot, strlen(*slot));
    free(*slot);
    *slot = cq_strdup(text);
}

/* Does the setting go into an address of which `said` is what it says itself (NULL: nothing)? */
static bool is_set(const struct cq_settings *settings, const char *key, int above, const char *said)
{
    int source = source_of(settings, key);
    return source > above || (source > CQ_FROM_DEFAULT && !said);
}

/* Put what comes from a source above `above`, or what the address leaves open, into it. */
static void overlay(const struct cq_settings *settings, int above, struct cq_address *address)
{
    if (source_of(settings, "redis.port") > above)
        address->port = settings->port;
    if (source_of(settings, "redis.db") > above)
        address->db = settings->db;
    if (source_of(settings, "redis.username") > above)
        replace(&address->username, settings->username);
    if (source_of(settings, "redis.password") > above)
        replace(&address->password, settings->password);
    if (source_of(settings, "redis.tls") > above)
        address->tls = settings->tls;
    if (source_of(settings, "redis.tls_cert_reqs") >=
        above) /* lighter ones never loosen the check of a URL */
        address->tls_no_verify = settings->tls_cert_reqs == CQ_TLS_CERT_NONE;
    /* A rediss:// URL seldom names files: they come from beside it, or from below. */
    if (is_set(settings, "redis.tls_ca_certs", above, address->tls_ca_file))
        replace(&address->tls_ca_file, settings->tls_ca_certs);
    bool own_certificate = address->tls_cert_file ||
                           address->tls_key_file; /* these two go together, and so they are left out */
    if (is_set(settings, "redis.tls_certfile", above, own_certificate ? "" : NULL))
        replace(&address->tls_cert_file, settings->tls_certfile);
    if (is_set(settings, "redis.tls_keyfile", above, own_certificate ? "" : NULL))
        replace(&address->tls_key_file, settings->tls_keyfile);
    if (source_of(settings, "redis.connect_timeout") > above ||
        address->connect_timeout_ms == CQ_ADDRESS_DEFAULT_CONNECT_MS)
        address->connect_timeout_ms = settings->connect_timeout_ms;
    if (source_of(settings, "redis.command_timeout") > above ||
        address->command_timeout_ms == CQ_ADDRESS_DEFAULT_COMMAND_MS)
        address->command_timeout_ms = settings->command_timeout_ms;
}

enum cq_code cq_settings_address(const struct cq_settings *settings, struct cq_address *ret_address,
                                 struct cq_error *err)
{
    int url = settings->url ? source_of(settings, "redis.url") : CQ_FROM_DEFAULT;
    int socket = settings->socket ? source_of(settings, "redis.socket") : CQ_FROM_DEFAULT;
    int host = settings->host ? source_of(settings, "redis.host") : CQ_FROM_DEFAULT;
    struct cq_address address;
    if (url > CQ_FROM_DEFAULT && url >= socket && url >= host) {
        enum cq_code code = cq_address_parse(settings->url, &address, err);
        if (code != CQ_OK)
            return code;
        overlay(settings, url, &address);
    } else {
        cq_address_init(&address);
        overlay(settings, CQ_FROM_DEFAULT, &address);
        if (socket > CQ_FROM_DEFAULT && socket >= host) {
            replace(&address.host, NULL);
            replace(&address.unix_path, settings->socket);
        } else if (settings->host) {
            replace(&address.host, settings->host);
        }
    }
    enum cq_code code = cq_address_check(&address, err);
    if (code != CQ_OK) {
        cq_address_release(&address);
        return code;
    }
    *ret_address = address;
    return CQ_OK;
}
