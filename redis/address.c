#include "redis/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/str.h"

enum { DEFAULT_PORT = 6379, PORT_MAX = 65535 };

void cq_address_init(struct cq_address *address)
{
    *address = (struct cq_address){
        .host = cq_strdup("localhost"),
        .port = DEFAULT_PORT,
        .connect_timeout_ms = CQ_ADDRESS_DEFAULT_CONNECT_MS,
        .command_timeout_ms = CQ_ADDRESS_DEFAULT_COMMAND_MS,
    };
}

void cq_address_release(struct cq_address *address)
{
    free(address->host);
    free(address->unix_path);
    free(address->username);
    if (address->password)
        explicit_bzero(address->password, strlen(address->password));
    free(address->password);
    free(address->tls_ca_file);
    free(address->tls_cert_file);
    free(address->tls_key_file);
    *address = (struct cq_address){0};
}

/* Replace *slot by text; NULL or empty text leaves it NULL. */
static void replace(char **slot, char *text)
{
    if (*slot)
        explicit_bzero(*slot, strlen(*slot));
    free(*slot);
    *slot = text && *text ? text : NULL;
    if (!*slot)
        free(text);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Undo percent-encoding. NULL: a `%` without two digits, or a NUL; what names the part in the message. */
static char *decoded(struct cq_str text, const char *what, struct cq_error *err)
{
    char *out = cq_alloc(text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_value(text.data[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_value(text.data[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                explicit_bzero(out, len);
                free(out);
                cq_error_set(err, CQ_ERR_CONFIG,
                             "Redis URL: a %% in the %s wants two hexadecimal digits after it, not 00; "
                             "write a bare %% as %%25",
                             what);
                return NULL;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[len++] = c;
    }
    out[len] = '\0';
    return out;
}

static enum cq_code take_decoded(char **slot, struct cq_str text, const char *what, struct cq_error *err)
{
    char *value = decoded(text, what, err);
    if (!value)
        return CQ_ERR_CONFIG;
    replace(slot, value);
    return CQ_OK;
}

/* Cut text at the first c: the part before it is returned, *text keeps the part after it, or NONE. */
static struct cq_str cut(struct cq_str *text, char c)
{
    const char *at = text->len ? memchr(text->data, c, text->len) : NULL;
    struct cq_str before = *text;
    if (!at) {
        *text = CQ_STR_NONE;
        return before;
    }
    before.len = (size_t)(at - text->data);
    *text = cq_str_n(at + 1, text->len - before.len - 1);
    return before;
}

static enum cq_code take_user(struct cq_address *address, struct cq_str user, struct cq_error *err)
{
    struct cq_str password = user;
    struct cq_str name = cut(&password, ':');
    enum cq_code code = take_decoded(&address->username, name, "user name", err);
    if (code == CQ_OK && password.data)
        code = take_decoded(&address->password, password, "password", err);
    return code;
}

static enum cq_code take_db(struct cq_address *address, struct cq_str text, struct cq_error *err)
{
    int64_t db;
    if (!cq_number_int(text, 0, CQ_ADDRESS_DB_MAX, &db))
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "Redis URL: the database must be a number, as in redis://localhost:6379/0");
    address->db = (int)db;
    return CQ_OK;
}

/* Seconds, also with a fraction, as redis-py takes them. */
static enum cq_code take_timeout(int *ret_ms, struct cq_str text, const char *key, struct cq_error *err)
{
    double seconds;
    if (!cq_number_double(text, &seconds) || !(seconds >= 0.001 && seconds <= CQ_ADDRESS_TIMEOUT_MAX_S))
        return cq_error_set(err, CQ_ERR_CONFIG, "Redis URL: %s must be seconds between 0.001 and %d", key,
                            CQ_ADDRESS_TIMEOUT_MAX_S);
    *ret_ms = (int)(seconds * 1000 + 0.5);
    return CQ_OK;
}

static enum cq_code take_cert_reqs(struct cq_address *address, struct cq_str text, struct cq_error *err)
{
    if (!cq_str_is(text, "none") && !cq_str_is(text, "optional") && !cq_str_is(text, "required"))
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "Redis URL: ssl_cert_reqs must be none, optional or required");
    address->tls_no_verify = cq_str_is(text, "none");
    return CQ_OK;
}

/* Options that change how redis-py works inside and mean nothing to cq: a URL shared with Python may carry
 * them. */
static bool means_nothing_here(struct cq_str key)
{
    static const char *const keys[] = {"socket_keepalive", "retry_on_timeout",  "health_check_interval",
                                       "max_connections",  "timeout",           "protocol",
                                       "decode_responses", "ssl_check_hostname"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (cq_str_is(key, keys[i]))
            return true;
    return false;
}

static enum cq_code take_option(struct cq_address *address, struct cq_str key, struct cq_str value,
                                struct cq_error *err)
{
    if (cq_str_is(key, "db"))
        return take_db(address, value, err);
    if (cq_str_is(key, "username"))
        return take_decoded(&address->username, value, "user name", err);
    if (cq_str_is(key, "password"))
        return take_decoded(&address->password, value, "password", err);
    if (cq_str_is(key, "socket_timeout"))
        return take_timeout(&address->command_timeout_ms, value, "socket_timeout", err);
    if (cq_str_is(key, "socket_connect_timeout"))
        return take_timeout(&address->connect_timeout_ms, value, "socket_connect_timeout", err);
    if (cq_str_is(key, "ssl_cert_reqs"))
        return take_cert_reqs(address, value, err);
    if (cq_str_is(key, "ssl_ca_certs"))
        return take_decoded(&address->tls_ca_file, value, "ssl_ca_certs", err);
    if (cq_str_is(key, "ssl_certfile"))
        return take_decoded(&address->tls_cert_file, value, "ssl_certfile", err);
    if (cq_str_is(key, "ssl_keyfile"))
        return take_decoded(&address->tls_key_file, value, "ssl_keyfile", err);
    if (means_nothing_here(key))
        return CQ_OK;
    /* The key is not shown: it may be the rest of a password with a bare `?` or `&` in it. */
    return cq_error_set(
        err, CQ_ERR_CONFIG,
        "Redis URL: unknown option after the `?`; known are db, username, password, "
        "socket_timeout, socket_connect_timeout, ssl_cert_reqs, ssl_ca_certs, ssl_certfile, ssl_keyfile");
}

static enum cq_code take_query(struct cq_address *address, struct cq_str query, struct cq_error *err)
{
    while (query.data) {
        struct cq_str value = cut(&query, '&');
        if (!value.len)
            continue;
        struct cq_str key = cut(&value, '=');
        enum cq_code code = take_option(address, key, value.data ? value : CQ_STR_LIT(""), err);
        if (code != CQ_OK)
            return code;
    }
    return CQ_OK;
}

static enum cq_code take_host(struct cq_address *address, struct cq_str text, struct cq_error *err)
{
    struct cq_str port = text, host;
    if (text.len && text.data[0] == '[') {
        host = cut(&port, ']');
        if (!port.data || (port.len && port.data[0] != ':'))
            return cq_error_set(err, CQ_ERR_CONFIG, "Redis URL: an IPv6 address is written as [::1]:6379");
        host = cq_str_n(host.data + 1, host.len - 1);
        port = port.len ? cq_str_n(port.data + 1, port.len - 1) : CQ_STR_NONE;
    } else {
        host = cut(&port, ':');
        if (port.len && memchr(port.data, ':', port.len))
            return cq_error_set(err, CQ_ERR_CONFIG,
                                "Redis URL: more than one `:` in HOST:PORT; an IPv6 address is written "
                                "as [::1]:6379, a `:` in a password as %%3A");
    }
    int64_t number = DEFAULT_PORT;
    if (port.len && !cq_number_int(port, 1, PORT_MAX, &number))
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "Redis URL: the port must be a number between 1 and %d "
                            "(a password goes before an @: redis://:PASSWORD@HOST)",
                            PORT_MAX);
    address->port = (int)number;
    if (!host.len)
        return CQ_OK; /* localhost, as redis-py has it */
    return take_decoded(&address->host, host, "host name", err);
}

static enum cq_code take_tcp(struct cq_address *address, struct cq_str rest, struct cq_error *err)
{
    struct cq_str path = rest;
    struct cq_str host = cut(&path, '/');
    const char *at = host.len ? memrchr(host.data, '@', host.len) : NULL;
    if (at) {
        size_t len = (size_t)(at - host.data);
        enum cq_code code = take_user(address, cq_str_n(host.data, len), err);
        if (code != CQ_OK)
            return code;
        host = cq_str_n(at + 1, host.len - len - 1);
    }
    enum cq_code code = take_host(address, host, err);
    if (code == CQ_OK && path.len)
        code = take_db(address, path, err);
    return code;
}

static enum cq_code take_unix(struct cq_address *address, struct cq_str rest, struct cq_error *err)
{
    struct cq_str path = rest;
    if (!rest.len || rest.data[0] != '/') {
        struct cq_str user = cut(&path, '/');
        const char *at = memrchr(user.data, '@', user.len);
        if (!path.data || at != user.data + user.len - 1)
            return cq_error_set(
                err, CQ_ERR_CONFIG,
                "Redis URL: a socket is written with its whole path, as in unix:///run/redis.sock?db=0");
        enum cq_code code = take_user(address, cq_str_n(user.data, user.len - 1), err);
        if (code != CQ_OK)
            return code;
        path = cq_str_n(path.data - 1, path.len + 1);
    }
    enum cq_code code = take_decoded(&address->unix_path, path, "socket path", err);
    if (code != CQ_OK)
        return code;
    replace(&address->host, NULL);
    return CQ_OK;
}

/* What follows the scheme, its kind told by tls and is_unix. */
static enum cq_code take_rest(struct cq_address *address, struct cq_str rest, bool is_unix,
                              struct cq_error *err)
{
    if (rest.len && memchr(rest.data, '#', rest.len))
        return cq_error_set(err, CQ_ERR_CONFIG, "Redis URL: a # must be written as %%23");
    struct cq_str query = rest;
    rest = cut(&query, '?');
    const char *slash = rest.len ? memchr(rest.data, '/', rest.len) : NULL;
    bool late_at = query.data && memchr(query.data, '@', query.len) && !cq_str_starts(query, "password=") &&
                   !memmem(query.data, query.len, "&password=", 10);
    if (!is_unix && slash)
        late_at = late_at || memchr(slash, '@', (size_t)(rest.data + rest.len - slash));
    if (late_at)
        return cq_error_set(
            err, CQ_ERR_CONFIG,
            "Redis URL: in a user name or password / is written as %%2F, ? as %%3F and @ as %%40");
    enum cq_code code = is_unix ? take_unix(address, rest, err) : take_tcp(address, rest, err);
    if (code == CQ_OK && query.data)
        code = take_query(address, query, err);
    return code;
}

static bool host_is_clean(const char *host)
{
    for (const char *p = host; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7F || strchr("[]@\\\"'", *p))
            return false;
    return true;
}

enum cq_code cq_address_check(const struct cq_address *address, struct cq_error *err)
{
    size_t path_max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
    if (address->unix_path && strlen(address->unix_path) > path_max)
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "the path of Redis' socket is longer than the %zu bytes that a socket can have",
                            path_max);
    if (address->unix_path && address->tls)
        return cq_error_set(err, CQ_ERR_CONFIG, "TLS does not go with a Unix socket: leave out one of them");
    if (address->host && !host_is_clean(address->host))
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "the name of Redis' host holds a character that no host name has");
    if (!address->tls_cert_file != !address->tls_key_file)
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "a client's TLS certificate and key go together: give both or none");
    return CQ_OK;
}

enum cq_code cq_address_parse(const char *url, struct cq_address *ret_address, struct cq_error *err)
{
    struct cq_address address;
    cq_address_init(&address);
    bool is_unix = strncasecmp(url, "unix://", 7) == 0;
    address.tls = strncasecmp(url, "rediss://", 9) == 0;
    enum cq_code code;
    if (!is_unix && !address.tls && strncasecmp(url, "redis://", 8) != 0)
        code = cq_error_set(err, CQ_ERR_CONFIG,
                            "Redis URL: it must start with redis://, rediss:// or unix://, "
                            "as in redis://localhost:6379/0");
    else
        code = take_rest(&address, cq_str(strstr(url, "://") + 3), is_unix, err);
    if (code == CQ_OK)
        code = cq_address_check(&address, err);
    if (code != CQ_OK) {
        cq_address_release(&address);
        return code;
    }
    *ret_address = address;
    return CQ_OK;
}

const char *cq_address_display(const struct cq_address *address, char *text, size_t size)
{
    if (address->unix_path) {
        snprintf(text, size, address->db ? "unix://%s?db=%d" : "unix://%s", address->unix_path, address->db);
        return text;
    }
    const char *host = address->host ? address->host : "localhost";
    bool bracket = strchr(host, ':') != NULL;
    snprintf(text, size, "%s://%s%s%s:%d/%d", address->tls ? "rediss" : "redis", bracket ? "[" : "", host,
             bracket ? "]" : "", address->port, address->db);
    return text;
}
