#include "worker/pool/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

void cq_notify_take(struct cq_notify *notify)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path ? strlen(path) : 0;
    *notify = (struct cq_notify){.address = {.sun_family = AF_UNIX}};
    if ((len > 1 && len < sizeof(notify->address.sun_path)) && (path[0] == '/' || path[0] == '@')) {
        memcpy(notify->address.sun_path, path, len);
        if (path[0] == '@') /* in the abstract namespace: not a file */
            notify->address.sun_path[0] = '\0';
        notify->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    }
    unsetenv("NOTIFY_SOCKET");
}

void cq_notify_send(const struct cq_notify *notify, const char *state)
{
    int fd = notify->len ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
    if (fd < 0)
        return;
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&notify->address,
                          notify->len);
    (void)sent; /* it is a courtesy */
    close(fd);
}

void cq_notify_reloaded(const struct cq_notify *notify)
{
    char text[64];
    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)cq_clock_monotonic());
    cq_notify_send(notify, text);
    cq_notify_send(notify, "READY=1");
}
