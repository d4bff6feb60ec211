#include "redis/subscriptions.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void cq_subscriptions_release(struct cq_subscriptions *subscriptions)
{
    struct cq_subscription item;
    while (cq_subscriptions_take(subscriptions, &item))
        free(item.channel);
    free(subscriptions->items);
    *subscriptions = (struct cq_subscriptions){0};
}

static struct cq_subscription *find(struct cq_subscriptions *subscriptions, struct cq_str channel)
{
    for (size_t i = 0; i < subscriptions->len; i++)
        if (cq_str_eq(cq_str_n(subscriptions->items[i].channel, subscriptions->items[i].len), channel))
            return &subscriptions->items[i];
    return NULL;
}

/* The next `$len\r\n...\r\n` of bytes that we have written ourselves; false at the end. */
static bool next_arg(struct cq_str *wire, struct cq_str *ret_arg)
{
    if (!wire->len || wire->data[0] != '$')
        return false;
    char *digits_end;
    size_t len = strtoul(wire->data + 1, &digits_end, 10);
    *ret_arg = cq_str_n(digits_end + 2, len);
    const char *end = ret_arg->data + len + 2;
    *wire = cq_str_n(end, (size_t)(wire->data + wire->len - end));
    return true;
}

void cq_subscriptions_add(struct cq_subscriptions *subscriptions, struct cq_str wire, cq_async_reply_fn *fn,
                          void *data)
{
    struct cq_str arg;
    size_t header = (size_t)((const char *)memchr(wire.data, '\n', wire.len) + 1 - wire.data);
    wire = cq_str_n(wire.data + header, wire.len - header);
    subscriptions->commands++;
    if (!next_arg(&wire, &arg)) /* SUBSCRIBE itself */
        return;
    while (next_arg(&wire, &arg)) {
        struct cq_subscription *item = find(subscriptions, arg);
        if (!item) {
            if (subscriptions->len == subscriptions->cap) {
                subscriptions->cap = subscriptions->cap ? subscriptions->cap * 2 : 8;
                subscriptions->items = cq_realloc(subscriptions->items,
                                                  subscriptions->cap * sizeof(*subscriptions->items));
            }
            item = &subscriptions->items[subscriptions->len++];
            item->channel = cq_memdup(arg.data, arg.len);
            item->len = arg.len;
        }
        item->fn = fn;
        item->data = data;
        item->command = subscriptions->commands;
        item->confirmed = false;
    }
}

bool cq_subscriptions_is_push(const struct cq_subscriptions *subscriptions, const struct cq_reply *reply)
{
    static const char *const kinds[] = {"message", "subscribe", "unsubscribe"};
    if (!subscriptions->commands || cq_reply_len(reply) < 3)
        return false;
    struct cq_str kind = cq_reply_str(cq_reply_at(reply, 0));
    if (kind.len && kind.data[0] == 'p')
        kind = cq_str_n(kind.data + 1, kind.len - 1); /* pmessage, psubscribe ... */
    for (size_t i = 0; i < CQ_ARRAY_LEN(kinds); i++)
        if (cq_str_is(kind, kinds[i]))
            return true;
    return false;
}

const struct cq_subscription *cq_subscriptions_find(struct cq_subscriptions *subscriptions,
                                                    const struct cq_reply *reply)
{
    struct cq_subscription *item = find(subscriptions, cq_reply_str(cq_reply_at(reply, 1)));
    if (item)
        item->confirmed = true;
    return item;
}

static void take_at(struct cq_subscriptions *subscriptions, size_t index, struct cq_subscription *ret_item)
{
    *ret_item = subscriptions->items[index];
    subscriptions->items[index] = subscriptions->items[--subscriptions->len];
}

bool cq_subscriptions_take_refused(struct cq_subscriptions *subscriptions, unsigned *command,
                                   struct cq_subscription *ret_item)
{
    if (!*command)
        for (size_t i = 0; i < subscriptions->len; i++)
            if (!subscriptions->items[i].confirmed &&
                (!*command || subscriptions->items[i].command < *command))
                *command = subscriptions->items[i].command;
    for (size_t i = 0; i < subscriptions->len && *command; i++)
        if (!subscriptions->items[i].confirmed && subscriptions->items[i].command == *command) {
            take_at(subscriptions, i, ret_item);
            return true;
        }
    return false;
}

bool cq_subscriptions_take(struct cq_subscriptions *subscriptions, struct cq_subscription *ret_item)
{
    if (!subscriptions->len)
        return false;
    take_at(subscriptions, subscriptions->len - 1, ret_item);
    return true;
}
