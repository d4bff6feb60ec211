#include "runtime/python/extension.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "runtime/stable/horse_self.h"

PyObject *cq_process_py_threads(PyObject *self, PyObject *none)
{
    (void)self;
    (void)none;
    return PyLong_FromLong(cq_horse_self_threads());
}

/* `127.0.0.1 port 6379`, `[::1] port 6379`, `/run/redis.sock`. False: not connected, or to nobody with a
 * name. */
static bool describe_peer(int fd, char *text, size_t size)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    } peer = {0};
    char address[INET6_ADDRSTRLEN];
    socklen_t len = sizeof(peer);
    if (getpeername(fd, &peer.any, &len) != 0)
        return false;
    if (peer.any.sa_family == AF_INET && inet_ntop(AF_INET, &peer.in.sin_addr, address, sizeof(address))) {
        snprintf(text, size, "%s port %d", address, ntohs(peer.in.sin_port));
        return true;
    }
    if (peer.any.sa_family == AF_INET6 &&
        inet_ntop(AF_INET6, &peer.in6.sin6_addr, address, sizeof(address))) {
        snprintf(text, size, "[%s] port %d", address, ntohs(peer.in6.sin6_port));
        return true;
    }
    /* A socket pair, as event loops have one for themselves, has no name. An abstract name begins with a NUL
     * byte. */
    if (peer.any.sa_family != AF_UNIX || len <= offsetof(struct sockaddr_un, sun_path))
        return false;
    int path_len = (int)(len - offsetof(struct sockaddr_un, sun_path));
    if (peer.un.sun_path[0] == '\0')
        snprintf(text, size, "@%.*s", path_len - 1, peer.un.sun_path + 1);
    else
        snprintf(text, size, "%.*s", path_len, peer.un.sun_path);
    return true;
}

/* Our own sockets are pairs, so a socket whose peer has a name is another library's. */
PyObject *cq_process_py_sockets(PyObject *self, PyObject *none)
{
    (void)self;
    (void)none;
    PyObject *list = PyList_New(0);
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;
    char text[256];
    while (list && folder && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.' || !describe_peer(atoi(entry->d_name), text, sizeof(text)))
            continue;
        PyObject *item = cq_text_of(cq_str(text));
        if (!item || PyList_Append(list, item) != 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    if (folder)
        closedir(folder);
    return list;
}
