#!/usr/bin/env python3
"""A small runtime: it runs the functions below, for jobs that are written in JSON.

    [runtime.text]
    command = python3 examples/runtime.py
    functions = text

docs/RUNTIME.md is what it speaks: frames on descriptor 3, a fork for each horse, a socket for each horse's
jobs.
"""

import array
import ctypes
import json
import os
import select
import signal
import socket
import struct
import sys
import traceback
import zlib

FUNCTIONS = {
    'text.upper': str.upper,
    'text.count': lambda text: {word: text.split().count(word) for word in text.split()},
}
CONTROL = 3  # the descriptor that the worker is on
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def prctl(option, value):
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def pack(value):
    """msgpack, of the types that frames have. Integers may be longer than they need to be."""
    if isinstance(value, bool):
        return b'\xc3' if value else b'\xc2'
    if isinstance(value, int):
        return struct.pack('>Bq', 0xD3, value)
    if isinstance(value, dict):
        return struct.pack('>BH', 0xDE, len(value)) + b''.join(
            pack(key) + pack(item) for key, item in value.items()
        )
    kind, data = (0xDB, value.encode()) if isinstance(value, str) else (0xC6, value)
    return struct.pack('>BI', kind, len(data)) + data


def unpack(data, at):
    """The value at an offset, and the offset behind it."""
    kind = data[at]
    if kind < 0x80 or kind >= 0xE0:
        return (kind if kind < 0x80 else kind - 256), at + 1
    if kind in (0xC2, 0xC3):
        return kind == 0xC3, at + 1
    numbers = {0xCC: '>B', 0xCD: '>H', 0xCE: '>I', 0xCF: '>Q', 0xD0: '>b', 0xD1: '>h', 0xD2: '>i', 0xD3: '>q'}
    if kind in numbers:
        return struct.unpack_from(numbers[kind], data, at + 1)[0], at + 1 + struct.calcsize(numbers[kind])
    sizes = {0xC4: '>B', 0xC5: '>H', 0xC6: '>I', 0xD9: '>B', 0xDA: '>H', 0xDB: '>I', 0xDE: '>H', 0xDF: '>I'}
    size, at = kind & (0x0F if kind < 0x90 else 0x1F), at + 1
    if kind in sizes:
        size = struct.unpack_from(sizes[kind], data, at)[0]
        at += struct.calcsize(sizes[kind])
    if kind < 0x90 or kind in (0xDE, 0xDF):
        pairs = {}
        for _ in range(size):
            key, at = unpack(data, at)
            pairs[key], at = unpack(data, at)
        return pairs, at
    part = bytes(data[at : at + size])
    return (part if 0xC4 <= kind <= 0xC6 else part.decode()), at + size


class Channel:
    """Frames on a socket, and the descriptors that come with them."""

    def __init__(self, fd):
        self.socket, self.data, self.fds = socket.socket(fileno=fd), b'', []

    def send(self, kind, **fields):
        body = pack({'type': kind, **fields})
        try:
            self.socket.sendall(struct.pack('>I', len(body)) + body)
        except ConnectionError:
            pass  # the worker is gone, which the next receive says

    def receive(self):
        """The next frame; None at the end."""
        while len(self.data) < 4 or len(self.data) < 4 + struct.unpack('>I', self.data[:4])[0]:
            try:
                data, extra, _, _ = self.socket.recvmsg(65536, socket.CMSG_SPACE(12))
            except ConnectionResetError:  # as the worker leaves
                return None
            self.fds += [fd for _, _, block in extra for fd in array.array('i', block)]
            self.data += data
            if not data:
                return None
        frame, at = unpack(self.data, 4)
        self.data = self.data[at:]
        return frame


def run(job, channel):
    """One job. Returns its answer: the frame's type and fields. Before it, messages may go over the
    channel."""
    data = job['fields']['data']
    try:
        name, _, args, kwargs = json.loads(zlib.decompress(data) if data[:1] == b'\x78' else data)
        channel.send('log', level='DEBUG', text='%s with %d arguments' % (name, len(args) + len(kwargs)))
        return 'done', {'value': json.dumps(FUNCTIONS[name](*args, **kwargs)).encode()}
    except Exception:
        return 'failed', {'exc': traceback.format_exc()}


def be_horse(fds, stable):
    """In the child: take jobs until there are no more."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setpgid(0, 0)
    if os.getppid() != stable:
        os._exit(0)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    for fd, number in zip(fds, (CONTROL, 1, 2)):
        os.dup2(fd, number)
    os.closerange(CONTROL + 1, 1024)
    channel, again = Channel(CONTROL), True
    while again:
        job = channel.receive()
        if job is None:
            break
        again = job.get('reuse', False)
        os.environ.update(RQ_JOB_ID=job['id'], RQ_WORKER_ID=job['worker'])
        kind, fields = run(job, channel)
        sys.stdout.flush()
        channel.send(kind, **fields)
    os._exit(0)


def fork(channel, horses, frame):
    """A horse, with the descriptors that came with the frame."""
    count = 3 if len(channel.fds) >= 3 else 1
    fds, channel.fds = channel.fds[:count], channel.fds[count:]
    stable, pid = os.getpid(), os.fork()
    if pid == 0:
        be_horse(fds, stable)
    for fd in fds:
        os.close(fd)
    horses[pid] = frame['horse']
    channel.send('forked', horse=frame['horse'], pid=pid)


def kill(function, pid):
    try:
        function(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def reap(channel, horses):
    """Report horses that have ended. What they leave dies first, while their numbers are still their own."""
    while horses:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return
        if ended.si_pid in horses:
            kill(os.killpg, ended.si_pid)
        with open('/proc/self/task/%d/children' % os.getpid()) as children:
            for child in map(int, children.read().split()):
                if child not in horses:
                    kill(os.kill, child)
        pid, status, usage = os.wait4(ended.si_pid, 0)
        if pid in horses:
            channel.send(
                'exited',
                horse=horses.pop(pid),
                pid=pid,
                status=status,
                maxrss_kb=usage.ru_maxrss,
                utime_us=int(usage.ru_utime * 1e6),
                stime_us=int(usage.ru_stime * 1e6),
            )


def main(**hello):
    """The stable: until the worker says quit and the last horse is gone, or closes the socket."""
    channel, horses, quitting = Channel(CONTROL), {}, False
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    channel.send('hello', protocol=1, **{'runtime': 'text', 'version': '1', **hello})
    while horses or not quitting:
        ready, _, _ = select.select([channel.socket, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            reap(channel, horses)
        while channel.socket in ready:
            frame = channel.receive()
            if frame is None:
                for pid in horses:
                    kill(os.killpg, pid)
                return
            if frame['type'] == 'fork':
                fork(channel, horses, frame)
            quitting = quitting or frame['type'] == 'quit'
            if not channel.data:
                break


if __name__ == '__main__':
    main()
