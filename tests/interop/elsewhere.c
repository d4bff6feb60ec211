/*
 * For test_webhooks.py, preloaded into a worker: what it connects to at 8.8.8.8 is this machine, so that
 * there is a public address to be had; and with WITHOUT_LIBCURL there is no libcurl.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
    int (*real)(int, const struct sockaddr *, socklen_t) = NULL;
    void *found = next("connect");
    struct sockaddr_in here;
    memcpy(&real, &found, sizeof(real));
    if (address->sa_family == AF_INET && len == sizeof(here)) {
        memcpy(&here, address, sizeof(here));
        if (here.sin_addr.s_addr == inet_addr("8.8.8.8"))
            here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return real(fd, (const struct sockaddr *)&here, len);
    }
    return real(fd, address, len);
}

void *dlopen(const char *name, int flags)
{
    void *(*real)(const char *, int) = NULL;
    void *found = next("dlopen");
    memcpy(&real, &found, sizeof(real));
    if (name && strstr(name, "libcurl") && getenv("WITHOUT_LIBCURL"))
        return real("/there/is/no/libcurl.so", flags);
    return real(name, flags);
}
