"""The job of the benchmark for RQ's workers: nothing. bench.c has it for cq."""


def noop():
    return None
