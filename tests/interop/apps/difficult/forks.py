"""Starts a program and a fork at import."""

import os
import subprocess

answer = subprocess.run(["echo", "ready"], capture_output=True, text=True, check=True).stdout.strip()
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)


def function():
    return answer
