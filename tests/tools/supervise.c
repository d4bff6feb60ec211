/*
 * Run a command and answer for every process that comes of it: supervise SECONDS COMMAND [ARGUMENT ...]
 *
 * The supervisor is the subreaper of its descendants: a process that loses its parent, daemons and process
 * group leaders too, becomes its child. So it can tell exactly what the command left running, where a process
 * group or a marker in the environment would miss some. What is left a moment after the command's end is
 * named, killed, and counts as a failure.
 *
 * Exit status: the command's own (128 + signal when one ended it), 124 when SECONDS passed, 125 when
 * processes were left behind, 126 when it could not be started. On SIGTERM, SIGINT, SIGHUP and on its
 * parent's death all are killed.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_TIMEOUT = 124, EXIT_LEFT = 125, EXIT_START = 126, GRACE_MS = 3000, PAUSE_MS = 20 };

/* SIGCHLD and the signals that stop us (SIGALRM: the time is over) stay blocked and are waited for: none is
 * missed. */
static sigset_t signals;

static void pause_briefly(void)
{
    struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    nanosleep(&pause, NULL);
}

/* The parent of a process, 0 when it is gone. The name in /proc/PID/stat may hold anything, so look after its
 * `)`. */
static pid_t parent_of(const char *pid)
{
    char path[300], line[1024];
    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    size_t len = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[len] = '\0';
    int parent = 0;
    char *end = strrchr(line, ')');
    if (!end || sscanf(end, ") %*c %d", &parent) != 1)
        return 0;
    return parent;
}

static void name_process(const char *pid)
{
    char path[300], line[200];
    snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(line, 1, sizeof(line) - 1, file) : 0;
    if (file)
        fclose(file);
    for (size_t i = 0; i < len; i++)
        if (iscntrl((unsigned char)line[i]))
            line[i] = ' ';
    line[len] = '\0';
    fprintf(stderr, "supervise: left running: %s %s\n", pid, line);
}

/* Kill our children, those that they leave to us next, and so on until there is none. */
static void kill_all(int name_them)
{
    do {
        char self[16];
        DIR *proc = opendir("/proc");
        snprintf(self, sizeof(self), "%d", (int)getpid());
        for (struct dirent *entry; proc && (entry = readdir(proc));)
            if (isdigit((unsigned char)entry->d_name[0]) && parent_of(entry->d_name) == getpid()) {
                if (name_them)
                    name_process(entry->d_name);
                kill((pid_t)atol(entry->d_name), SIGKILL);
            }
        if (proc)
            closedir(proc);
        pause_briefly();
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    } while (waitpid(-1, NULL, WNOHANG) == 0);
}

/* Reap until the command has ended. Returns 0, or the signal that came first. */
static int wait_for(pid_t command, int *ret_status)
{
    for (;;) {
        int status, number;
        pid_t pid;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            if (pid == command) {
                *ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
                return 0;
            }
        if ((number = sigwaitinfo(&signals, NULL)) > 0 && number != SIGCHLD)
            return number;
    }
}

/* Are all gone, a moment after the command? Those that are ending just now are given the time to. */
static int all_gone(void)
{
    for (int waited = 0; waited < GRACE_MS; waited += PAUSE_MS) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0)
            return 1;
        if (pid == 0)
            pause_briefly();
    }
    return 0;
}

static pid_t start(char **argv)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    setpgid(0, 0);
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
    execvp(argv[0], argv);
    fprintf(stderr, "supervise: %s: %s\n", argv[0], strerror(errno));
    _exit(EXIT_START);
}

int main(int argc, char **argv)
{
    int seconds = argc > 2 ? atoi(argv[1]) : 0;
    if (seconds < 1) {
        fprintf(stderr, "usage: supervise SECONDS COMMAND [ARGUMENT ...]\n");
        return EXIT_START;
    }
    const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGALRM};
    sigemptyset(&signals);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaddset(&signals, numbers[i]);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);

    pid_t command = start(argv + 2);
    if (command < 0) {
        perror("supervise: fork");
        return EXIT_START;
    }
    alarm((unsigned)seconds);
    int status;
    int stopped_by = wait_for(command, &status);
    if (stopped_by) {
        kill_all(0);
        if (stopped_by != SIGALRM)
            return 128 + stopped_by;
        fprintf(stderr, "supervise: %s: not done after %d s\n", argv[2], seconds);
        return EXIT_TIMEOUT;
    }
    if (all_gone())
        return status;
    kill_all(1);
    return status ? status : EXIT_LEFT;
}
