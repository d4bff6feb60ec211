"""Takes signals for itself at import, those of a process that waits for children above all."""

import signal

for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(number, signal.SIG_IGN)
signal.signal(signal.SIGINT, lambda *args: None)


def function():
    return "ignores signals"
