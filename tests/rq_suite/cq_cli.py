"""RQ's tests of its command line with cq in place of `rq`: the same words, an exit status and an output to
compare."""

import subprocess

from click.testing import CliRunner, Result
from rq.cli import main

import command

LIMIT_S = 30  # the longest of them works for two seconds


def install(new_log):
    """Have click's CliRunner start cq where a test would call rq's main. new_log: where a run is recorded."""
    invoke_in_process = CliRunner.invoke

    def invoke(self, cli, args=None, **options):
        if cli is not main:
            return invoke_in_process(self, cli, args, **options)
        words = [command.CQ, *args]
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LIMIT_S,
                env=command.environment(),
            )
        except subprocess.TimeoutExpired as late:  # `cq cron` in place of a mock that returns
            new_log().write_bytes(
                " ".join(words).encode() + b"\n" + (late.stdout or b"") + (late.stderr or b"")
            )
            raise
        text = done.stdout + done.stderr
        new_log().write_bytes(" ".join(words).encode() + b"\n" + text)
        exception = SystemExit(done.returncode) if done.returncode else None
        return result_of(self, done, text, exception)

    CliRunner.invoke = invoke


def result_of(runner, done, text, exception):
    """click's Result: its constructor has grown arguments over its versions."""
    result = Result.__new__(Result)
    result.runner, result.exit_code, result.exception, result.exc_info = (
        runner,
        done.returncode,
        exception,
        None,
    )
    result.stdout_bytes, result.stderr_bytes, result.output_bytes, result.return_value = (
        done.stdout,
        done.stderr,
        text,
        None,
    )
    return result
