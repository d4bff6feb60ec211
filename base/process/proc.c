#include "base/process/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool cq_proc_read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n;
    do
        n = read(fd, text, size - 1);
    while (n < 0 && errno == EINTR);
    int why = errno;
    close(fd);
    errno = why;
    if (n >= 0)
        text[n] = '\0';
    return n >= 0;
}

bool cq_proc_read(pid_t pid, const char *name, char *text, size_t size)
{
    char path[64] = "/proc/self/";
    if (pid)
        snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    else
        strncat(path, name, sizeof(path) - 1 - strlen(path)); /* printf would be more pages for a horse */
    return cq_proc_read_file(path, text, size);
}

int64_t cq_proc_rss_kb(pid_t pid)
{
    char text[128];
    if (!cq_proc_read(pid, "statm", text, sizeof(text)))
        return 0;
    const char *resident = strchr(text, ' '); /* size resident shared ..., in pages */
    return resident ? strtoll(resident, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024) : 0;
}
