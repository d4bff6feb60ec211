"""A connection to Redis that knows what it costs itself, so that a worker's traffic can be told from ours."""

import socket
from dataclasses import dataclass


class RedisError(Exception):
    pass


@dataclass
class Traffic:
    commands: int = 0
    reads: int = 0
    bytes: int = 0

    def __sub__(self, other):
        return Traffic(self.commands - other.commands, self.reads - other.reads, self.bytes - other.bytes)


def encode(*words):
    """One command as it goes over the wire."""
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


class Link:
    AT_ONCE = 200  # commands sent before their answers are read

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")
        self.sent = self.received = self.commands = self.sends = 0

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, text, commands=1):
        self.socket.sendall(text)
        self.sent += len(text)
        self.commands += commands
        self.sends += 1

    def read(self):
        """One answer: bytes, int, None, a list of these, or a RedisError."""
        line = self.file.readline()
        if not line:
            raise RedisError("redis-server has closed the connection")
        self.received += len(line)
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            return RedisError(rest.decode(errors="replace"))
        number = int(rest)
        if kind == b":":
            return number
        if number < 0:
            return None
        if kind == b"*":
            return [self.read() for _ in range(number)]
        self.received += number + 2
        return self.file.read(number + 2)[:-2]

    def answer(self):
        value = self.read()
        if isinstance(value, RedisError):
            raise value
        return value

    def ask(self, *words):
        self.send(encode(*words))
        return self.answer()

    def ask_all(self, commands):
        """Answers of encoded commands, in their order."""
        answers = []
        for start in range(0, len(commands), self.AT_ONCE):
            part = commands[start : start + self.AT_ONCE]
            self.send(b"".join(part), len(part))
            answers += [self.answer() for _ in part]
        return answers

    def info(self, section):
        return dict(
            line.split(":", 1) for line in self.ask("INFO", section).decode().splitlines() if ":" in line
        )

    def counters(self):
        """(Redis' processor seconds, the traffic of everybody but this connection), since Redis started."""
        self.send(encode("INFO", "ALL"))
        # Of this INFO Redis has counted what came in, and neither the command nor what it answers.
        ours = Traffic(self.commands - 1, self.sends, self.sent + self.received)
        info = dict(line.split(":", 1) for line in self.answer().decode().splitlines() if ":" in line)
        everybody = Traffic(
            int(info["total_commands_processed"]),
            int(info["total_reads_processed"]),
            int(info["total_net_input_bytes"]) + int(info["total_net_output_bytes"]),
        )
        return float(info["used_cpu_user"]) + float(info["used_cpu_sys"]), everybody - ours


def longest_command_ms(link):
    """Of the commands in Redis' slow log; what is faster than its limit counts as nothing."""
    return max((entry[2] for entry in link.ask("SLOWLOG", "GET", 10000)), default=0) / 1000
