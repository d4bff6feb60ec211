#include "worker/webhooks/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/mem.h"
#include "worker/webhooks/reach.h"

enum {
    REDIRECTS_MAX = 10,            /* urllib's max_redirections */
    HEADERS_MAX = 256 * 1024,      /* bytes of an answer's headers */
    REDIRECT_BODY_MAX = 64 * 1024, /* bytes of the text that comes with a redirect */
};

/* ---- what is kept ---- */

static const char *keep(struct cq_transfer *transfer, const char *text)
{
    return cq_arena_strndup(&transfer->arena, text, strlen(text));
}

struct cq_transfer *cq_transfer_new(const struct cq_webhook *webhook, struct cq_str job_id,
                                    struct cq_str worker, struct cq_str body)
{
    struct cq_transfer *transfer = cq_calloc(1, sizeof(*transfer));
    struct cq_arena *arena = &transfer->arena;
    transfer->webhook = *webhook;
    transfer->webhook.url = transfer->url = keep(transfer, webhook->url);
    transfer->webhook.headers = cq_arena_alloc(arena,
                                               (webhook->header_count + 1) * sizeof(*webhook->headers));
    for (size_t i = 0; i < webhook->header_count; i++)
        transfer->webhook.headers[i] = (struct cq_webhook_header){keep(transfer, webhook->headers[i].name),
                                                                  keep(transfer, webhook->headers[i].value)};
    transfer->job_id = cq_arena_str(arena, job_id);
    transfer->worker = cq_arena_str(arena, worker);
    transfer->body = cq_arena_str(arena, body);
    transfer->get = !webhook->post;
    return transfer;
}

static void release_handle(struct cq_transfer *transfer)
{
    if (!transfer->curl)
        return;
    if (transfer->easy)
        transfer->curl->easy_cleanup(transfer->easy);
    transfer->curl->slist_free_all(transfer->headers);
    transfer->easy = NULL;
    transfer->headers = NULL;
}

void cq_transfer_free(struct cq_transfer *transfer)
{
    release_handle(transfer);
    cq_arena_release(&transfer->arena);
    free(transfer);
}

size_t cq_transfer_size(const struct cq_transfer *transfer)
{
    return sizeof(*transfer) + transfer->arena.used;
}

void cq_transfer_show(const char *url, char ret_text[CQ_TRANSFER_TEXT_MAX])
{
    struct cq_str host = cq_webhook_host(url);
    const char *at = host.len ? memrchr(host.data, '@', host.len) : NULL;
    int scheme = at ? (int)(host.data - url) : 0;
    snprintf(ret_text, CQ_TRANSFER_TEXT_MAX, "%.*s%s%.300s", scheme, url, at ? "***" : "", at ? at : url);
}

/* ---- the request ---- */

/* Another port is another server, and so is the same one without TLS: who listens on the way is not to read a
 * secret. */
static bool is_same_server(const char *one, const char *other)
{
    struct cq_str a = cq_webhook_host(one), b = cq_webhook_host(other);
    return a.data - one == b.data - other && a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

static bool is_any(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

/*
 * May this header of the user's go into this request? How long the body is and how it is framed is ours to
 * say. What describes the body stays behind when a POST was turned into a GET, as in urllib; what is secret
 * when another server is asked, which urllib would give it.
 */
static bool may_go(const struct cq_transfer *transfer, const char *name)
{
    static const char *const framing[] = {"Content-Length", "Transfer-Encoding", "Connection", "Expect"};
    static const char *const secret[] = {"Authorization", "Cookie", "Proxy-Authorization", "Host"};
    if (is_any(name, framing, CQ_ARRAY_LEN(framing)))
        return false;
    if (transfer->redirects && strcasecmp(name, "Content-Type") == 0)
        return false;
    return !is_any(name, secret, CQ_ARRAY_LEN(secret)) ||
           is_same_server(transfer->url, transfer->webhook.url);
}

static void add_header(struct cq_transfer *transfer, const char *name, const char *value)
{
    char line[2 * CQ_WEBHOOK_HEADER_MAX + 4];
    if (*value)
        snprintf(line, sizeof(line), "%s: %s", name, value);
    else
        snprintf(line, sizeof(line), "%s;", name); /* libcurl's sign for one without a value */
    struct curl_slist *longer = transfer->curl->slist_append(transfer->headers, line);
    if (longer)
        transfer->headers = longer;
}

/* Ours first; of a name that comes twice, the user's takes its place, as in RQ. */
static void add_headers(struct cq_transfer *transfer)
{
    const struct cq_webhook *webhook = &transfer->webhook;
    const struct cq_webhook_header ours[] = {{"Accept-Encoding", "identity"},
                                             {"User-Agent", "cq/" CQ_VERSION},
                                             {"Content-Type", "application/json"}};
    for (size_t i = 0; i < CQ_ARRAY_LEN(ours) - transfer->get; i++) {
        bool replaced = false;
        for (size_t k = 0; k < webhook->header_count && !replaced; k++)
            replaced = strcasecmp(webhook->headers[k].name, ours[i].name) == 0;
        if (!replaced)
            add_header(transfer, ours[i].name, ours[i].value);
    }
    bool accepts = false;
    for (size_t i = 0; i < webhook->header_count; i++) {
        if (!may_go(transfer, webhook->headers[i].name))
            continue;
        add_header(transfer, webhook->headers[i].name, webhook->headers[i].value);
        accepts = accepts || strcasecmp(webhook->headers[i].name, "Accept") == 0;
    }
    add_header(transfer, "Connection", "close");
    /* What libcurl would add: a name with a colon and nothing behind it is left out. */
    struct curl_slist *longer = transfer->curl->slist_append(transfer->headers, "Expect:");
    if (longer && !accepts)
        longer = transfer->curl->slist_append(longer, "Accept:");
    if (longer)
        transfer->headers = longer;
}

/* The address that is connected to, after any name was resolved and any redirect followed: nothing gets
 * around it. */
static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct cq_transfer *transfer = data;
    (void)purpose;
    if (transfer->private_refused && !cq_address_is_public(&address->addr)) {
        transfer->refused = true;
        errno = EACCES;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static long status_of(const struct cq_transfer *transfer)
{
    long status = 0;
    transfer->curl->easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* Of a redirect, which urllib reads; the other ends with its headers. */
static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
    struct cq_transfer *transfer = data;
    (void)bytes;
    transfer->body_bytes += size * count;
    return status_of(transfer) / 100 == 3 && transfer->body_bytes <= REDIRECT_BODY_MAX ? size * count : 0;
}

/* The status decides, and nobody reads what comes behind the headers, or does not come: urllib closes the
 * connection too. */
static size_t on_header(char *bytes, size_t size, size_t count, void *data)
{
    struct cq_transfer *transfer = data;
    size_t len = size * count;
    transfer->header_bytes += len;
    if (len && (bytes[0] == '\r' || bytes[0] == '\n')) {
        long status = status_of(transfer);
        transfer->answered = status >= 200 && status / 100 != 3; /* below: another answer follows */
    }
    return transfer->header_bytes <= HEADERS_MAX && !transfer->answered ? len : 0;
}

/* urllib reads HTTP_PROXY as well, libcurl http_proxy alone; both refuse the former where a CGI request could
 * set it. */
static void choose_proxy(struct cq_transfer *transfer)
{
    const char *proxy = getenv("HTTP_PROXY");
    if (transfer->private_refused) /* what a proxy connects to could not be checked */
        transfer->curl->easy_setopt(transfer->easy, CURLOPT_PROXY, "");
    else if (proxy && *proxy && !getenv("http_proxy") && !getenv("REQUEST_METHOD") &&
             strncasecmp(transfer->url, "http:", 5) == 0)
        transfer->curl->easy_setopt(transfer->easy, CURLOPT_PROXY, proxy);
}

/* As Python's ssl has them. */
static void choose_authorities(struct cq_transfer *transfer)
{
    const char *file = getenv("SSL_CERT_FILE"), *folder = getenv("SSL_CERT_DIR");
    if (file && *file)
        transfer->curl->easy_setopt(transfer->easy, CURLOPT_CAINFO, file);
    if (folder && *folder)
        transfer->curl->easy_setopt(transfer->easy, CURLOPT_CAPATH, folder);
}

/*
 * Python's ssl has this option always: a server that closes without TLS' goodbye, as its own http.server
 * does, has ended its answer. Newer libcurls call it an error, and a redirect would not be followed.
 */
static CURLcode on_tls(CURL *easy, void *context, void *data)
{
    enum { IGNORE_UNEXPECTED_EOF = 1 << 7 }; /* SSL_OP_...; OpenSSL's headers are not asked for */
    const struct cq_transfer *transfer = data;
    (void)easy;
    transfer->curl->tls_options(context, IGNORE_UNEXPECTED_EOF);
    return CURLE_OK;
}

static void set_call_backs(struct cq_transfer *transfer)
{
    const struct cq_libcurl *curl = transfer->curl;
    CURL *easy = transfer->easy;
    curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl->easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl->easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    if (curl->tls_options) {
        curl->easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
        curl->easy_setopt(easy, CURLOPT_SSL_CTX_DATA, transfer);
    }
}

bool cq_transfer_prepare(struct cq_transfer *transfer, const struct cq_libcurl *curl, cq_time now)
{
    cq_time left_ms = (transfer->deadline - now) / (CQ_SECOND / 1000);
    release_handle(transfer);
    transfer->curl = curl;
    transfer->error[0] = '\0';
    transfer->refused = transfer->answered = false;
    transfer->header_bytes = transfer->body_bytes = 0;
    CURL *easy = transfer->easy = curl->easy_init();
    if (!easy)
        return false;
    add_headers(transfer);
    set_call_backs(transfer);
    choose_proxy(transfer);
    choose_authorities(transfer);
    curl->easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl->easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(left_ms > 0 ? left_ms : 1));
    curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* A name that is still being resolved when its time is over is not waited for. */
    curl->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl->easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl->easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    /* Without this no URL is taken: a webhook that could read a file or speak to another service would be
     * sent there. */
    if (curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK)
        return false;
    if (!transfer->get) {
        curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body.len);
        curl->easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body.data);
    }
    return curl->easy_setopt(easy, CURLOPT_URL, transfer->url) == CURLE_OK;
}

/* ---- the answer ---- */

/* As urllib: a GET follows all of them, a POST 301 to 303 and becomes a GET; others are errors. */
static bool is_followed(const struct cq_transfer *transfer, long status)
{
    if (status >= 301 && status <= 303)
        return true;
    return (status == 307 || status == 308) && transfer->get;
}

/* The next address, or why there is none. */
static bool redirect(struct cq_transfer *transfer, long status, char failure[CQ_TRANSFER_TEXT_MAX])
{
    char *url = NULL;
    transfer->curl->easy_getinfo(transfer->easy, CURLINFO_REDIRECT_URL, &url);
    if (!url || !is_followed(transfer, status)) {
        snprintf(failure, CQ_TRANSFER_TEXT_MAX, "HTTP status %ld", status);
        return false;
    }
    char shown[CQ_TRANSFER_TEXT_MAX];
    cq_transfer_show(url, shown);
    if (!cq_webhook_host(url).len || strlen(url) > CQ_WEBHOOK_URL_MAX) {
        snprintf(failure, CQ_TRANSFER_TEXT_MAX,
                 "it was redirected to %.300s, which is neither http nor https, or too long", shown);
        return false;
    }
    if (++transfer->redirects > REDIRECTS_MAX) {
        snprintf(failure, CQ_TRANSFER_TEXT_MAX, "it was sent on more than %d times, last to %.300s",
                 REDIRECTS_MAX, shown);
        return false;
    }
    transfer->get = true;
    transfer->url = keep(transfer, url);
    return true;
}

bool cq_transfer_over(struct cq_transfer *transfer, CURLcode result, char ret_failure[CQ_TRANSFER_TEXT_MAX])
{
    long status = status_of(transfer);
    ret_failure[0] = '\0';
    bool cut = result == CURLE_WRITE_ERROR &&
               (transfer->answered || transfer->body_bytes); /* by us, who have seen the status */
    if (transfer->refused && result != CURLE_OK && !cut)     /* else another of its addresses was taken */
        snprintf(ret_failure, CQ_TRANSFER_TEXT_MAX,
                 "its address is private, loopback or link-local (--webhook-private refuse)");
    else if (result != CURLE_OK && !cut)
        snprintf(ret_failure, CQ_TRANSFER_TEXT_MAX, "%s",
                 transfer->error[0] ? transfer->error : transfer->curl->easy_strerror(result));
    else if (status / 100 == 3 && redirect(transfer, status, ret_failure))
        return false;
    else if (status / 100 != 2 && !ret_failure[0])
        snprintf(ret_failure, CQ_TRANSFER_TEXT_MAX, "HTTP status %ld", status);
    return true;
}
