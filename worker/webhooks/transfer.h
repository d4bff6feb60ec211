/* One webhook on its way: what libcurl is told, redirects as urllib follows them, and what the answer
 * means. */
#ifndef CQ_WORKER_WEBHOOKS_TRANSFER_H
#define CQ_WORKER_WEBHOOKS_TRANSFER_H

#include "base/arena.h"
#include "base/clock.h"
#include "worker/webhooks/libcurl.h"
#include "worker/webhooks/spec.h"

enum { CQ_TRANSFER_TEXT_MAX = 400 };

struct cq_transfer {
    struct cq_transfer *next, **at; /* in a list of webhooks.c's */
    struct cq_arena arena;          /* owned: the texts */
    struct cq_webhook webhook;
    struct cq_str job_id, worker;
    struct cq_str body;   /* of POST */
    const char *url;      /* of the request that is made: the webhook's, or where it was sent on */
    bool private_refused; /* --webhook-private refuse */
    cq_time deadline;     /* monotonic; set as it starts */
    /* While it is under way: */
    const struct cq_libcurl *curl;
    CURL *easy;
    struct curl_slist *headers;
    bool get; /* the request is a GET */
    int redirects;
    size_t header_bytes, body_bytes;
    bool refused;  /* an address was */
    bool answered; /* its headers are there, and are not those of a redirect */
    char error[CURL_ERROR_SIZE];
};

/* Copies all that it keeps. */
struct cq_transfer *cq_transfer_new(const struct cq_webhook *webhook, struct cq_str job_id,
                                    struct cq_str worker, struct cq_str body);
void cq_transfer_free(struct cq_transfer *transfer); /* it is in no multi handle */

size_t cq_transfer_size(const struct cq_transfer *transfer); /* bytes that it holds */

/* Make the handle of its next request; the time that is left is from now to its deadline. False: libcurl has
 * none. */
bool cq_transfer_prepare(struct cq_transfer *transfer, const struct cq_libcurl *curl, cq_time now);

/*
 * A request is over. True: it is done, and *ret_failure empty when it was sent, else why not. False: it
 * continues with another request, to the address of the redirect.
 */
bool cq_transfer_over(struct cq_transfer *transfer, CURLcode result, char ret_failure[CQ_TRANSFER_TEXT_MAX]);

/* Its URL for the log: without a password, and not too long. */
void cq_transfer_show(const char *url, char ret_text[CQ_TRANSFER_TEXT_MAX]);

#endif
