#include "worker/runtimes/redis_url.h"

#include <string.h>

/* Percent-encode all but what is plain in every part of a URL, and what `also` has. */
static void encode(struct cq_buf *out, const char *text, const char *also)
{
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-._~", c) || strchr(also, c);
        if (plain)
            cq_buf_char(out, *p);
        else
            cq_buf_printf(out, "%%%02X", c);
    }
}

static void add_user(struct cq_buf *out, const struct cq_address *address)
{
    if (!address->username && !address->password)
        return;
    if (address->username)
        encode(out, address->username, "");
    if (address->password) {
        cq_buf_char(out, ':');
        encode(out, address->password, "");
    }
    cq_buf_char(out, '@');
}

static void add_option(struct cq_buf *out, char *separator, const char *key, const char *value)
{
    if (!value)
        return;
    cq_buf_printf(out, "%c%s=", *separator, key);
    encode(out, value, "/");
    *separator = '&';
}

static void add_timeout(struct cq_buf *out, char *separator, const char *key, int ms, int unless_ms)
{
    if (ms == unless_ms)
        return;
    cq_buf_printf(out, "%c%s=%d.%03d", *separator, key, ms / 1000, ms % 1000);
    *separator = '&';
}

void cq_redis_url(const struct cq_address *address, struct cq_buf *out)
{
    char separator = '?';
    if (address->unix_path) {
        cq_buf_text(out, "unix://");
        add_user(out, address);
        encode(out, address->unix_path, "/");
        cq_buf_printf(out, "?db=%d", address->db);
        separator = '&';
    } else {
        const char *host = address->host ? address->host : "localhost";
        bool bracket = strchr(host, ':') != NULL;
        cq_buf_text(out, address->tls ? "rediss://" : "redis://");
        add_user(out, address);
        if (bracket) {
            cq_buf_char(out, '[');
            encode(out, host, ":");
            cq_buf_char(out, ']');
        } else {
            encode(out, host, "");
        }
        cq_buf_printf(out, ":%d/%d", address->port, address->db);
    }
    add_timeout(out, &separator, "socket_timeout", address->command_timeout_ms,
                CQ_ADDRESS_DEFAULT_COMMAND_MS);
    add_timeout(out, &separator, "socket_connect_timeout", address->connect_timeout_ms,
                CQ_ADDRESS_DEFAULT_CONNECT_MS);
    if (!address->tls)
        return;
    if (address->tls_no_verify)
        add_option(out, &separator, "ssl_cert_reqs", "none");
    add_option(out, &separator, "ssl_ca_certs", address->tls_ca_file);
    add_option(out, &separator, "ssl_certfile", address->tls_cert_file);
    add_option(out, &separator, "ssl_keyfile", address->tls_key_file);
}
