/* A Redis URL: what is taken is a place to connect to, and its display form is a URL of the same place
 * without secrets. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "redis/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Does the display form show the part as it is? Not when it would have to be percent-encoded. */
static bool is_plain(const char *text)
{
    for (const char *p = text ? text : ""; *p; p++)
        if (*p == '%' || *p == '?' || *p == '#' || *p == '@' || (unsigned char)*p <= ' ')
            return false;
    return true;
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_display(const struct cq_address *address)
{
    char text[4096];
    struct cq_address again;
    cq_address_display(address, text, sizeof(text));
    if (!is_plain(address->host) || !is_plain(address->unix_path) || strlen(text) + 1 == sizeof(text) ||
        (address->host && strchr(address->host, '/')))
        return;
    if (cq_address_parse(text, &again, NULL) != CQ_OK)
        abort();
    if (!same(address->host, again.host) || !same(address->unix_path, again.unix_path) ||
        address->db != again.db || (!address->unix_path && address->port != again.port) ||
        address->tls != again.tls || again.password || again.username)
        abort();
    cq_address_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *url = cq_strndup((const char *)data, size);
    struct cq_address address;
    struct cq_error err = {.text = ""};
    if (cq_address_parse(url, &address, &err) == CQ_OK) {
        if (address.port < 1 || address.port > 65535 || address.db < 0 || address.connect_timeout_ms < 1 ||
            address.command_timeout_ms < 1 || !address.host == !address.unix_path)
            abort();
        check_display(&address);
        cq_address_release(&address);
    } else if (err.code != CQ_ERR_CONFIG || !err.text[0]) {
        abort();
    }
    free(url);
    return 0;
}
