"""What the kernel counts for a worker with all its processes: processor time, page faults, memory."""

import os
from dataclasses import dataclass
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass
class Usage:
    """CPU is user code and kernel together: that sum is exact, its parts are a guess for processes that live
    less than a tick."""

    cpu_s: float = 0.0
    minor_faults: int = 0
    major_faults: int = 0

    def __add__(self, other):
        return Usage(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values())))

    def __sub__(self, other):
        return Usage(*(mine - theirs for mine, theirs in zip(vars(self).values(), vars(other).values())))


def machine_busy_s():
    """Processor seconds of everybody since the machine started, a hypervisor's own theft included."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = (
        int(field) for field in Path("/proc/stat").read_text().split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) * TICK_S


def tree(pid):
    """The process and all that it or its children have started."""
    pids = [pid]
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return pids
    for child in children:
        pids += tree(int(child))
    return pids


def usage(pid):
    """(its own, that of the children it has waited for), after proc(5)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return Usage(), Usage()
    minor, gone_minor, major, gone_major = (int(field) for field in fields[7:11])
    user, system, gone_user, gone_system = (int(field) * TICK_S for field in fields[11:15])
    return Usage(user + system, minor, major), Usage(gone_user + gone_system, gone_minor, gone_major)


def tree_usage(pid):
    total = Usage()
    for process in tree(pid):
        for part in usage(process):
            total += part
    return total


def pss_kb(pid):
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def tree_pss_kb(pid):
    """Proportional set size: what is shared with k processes counts as its k-th part."""
    return sum(pss_kb(process) for process in tree(pid))
