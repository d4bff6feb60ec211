"""A runtime that does what a test wants, also the wrong things. It is examples/runtime.py with other
functions.

usage: fake_stable.py FOLDER. What is in FOLDER decides more: `version` is what hello says, `error` its error,
`hello` its other fields as JSON, `mode` what it does wrong; while there is `gate` it does not start. `slow`
is how many seconds its first fork takes, unless the file goes away, after a frame `busy` of as many as that
file says; `late` how many pass before it says that a horse is gone. While there is `no_fork` it cannot fork.
Lines of what starts and callbacks did go to FOLDER/record.
"""

import importlib.util
import itertools
import json
import os
import signal
import sys
import time
import zlib

sys.dont_write_bytecode = True  # nothing of a test stays in examples/
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
spec = importlib.util.spec_from_file_location('runtime', os.path.join(ROOT, 'examples', 'runtime.py'))
runtime = importlib.util.module_from_spec(spec)
spec.loader.exec_module(runtime)
FOLDER = sys.argv[1]


def text_of(name, absent=''):
    try:
        with open(os.path.join(FOLDER, name)) as file:
            return file.read()
    except FileNotFoundError:
        return absent


def record(line):
    fd = os.open(os.path.join(FOLDER, 'record'), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, (line + '\n').encode())
    os.close(fd)


def hang():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)


def hold():
    """Its socket stays open when it is killed."""
    if os.fork() == 0:
        os.setsid()
    hang()


def die():
    os.kill(os.getpid(), signal.SIGSEGV)


def say(channel, text):
    """In the worker's log it comes after all that was sent before."""
    channel.send('log', level='INFO', text=text)


def end_then_wait(limit, channel):
    channel.send('ended', timeout=limit)
    say(channel, 'said ended')
    until('let-go')
    return 'ended'


def end_again_and_again(channel):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for times in itertools.count(1):
        channel.send('ended', timeout=1000)
        say(channel, 'said ended %d' % times)
        until('ended-%d' % times)


def until(name):
    """There is a file of that name in the folder."""
    while not os.path.exists(os.path.join(FOLDER, name)):
        time.sleep(0.01)


def tell_twice(channel):
    for number in ('1', '2'):
        until('tell-' + number)
        channel.send('meta', meta=number.encode())
        say(channel, 'told ' + number)


FUNCTIONS = {
    'version': lambda job, channel: VERSION,
    'sleep': lambda job, channel, seconds: time.sleep(seconds) or VERSION,
    'held': lambda job, channel: until('let-go') or VERSION,
    'stable': lambda job, channel: os.getppid(),
    'hang': lambda job, channel: record('hangs') or hang(),
    'hold': lambda job, channel: hold(),
    'die': lambda job, channel: die(),
    'ended': lambda job, channel: end_then_wait(600, channel),
    'ended_hang': lambda job, channel: (channel.send('ended', timeout=1), say(channel, 'said ended'), hang()),
    'ended_again': lambda job, channel: end_again_and_again(channel),
    'ended_huge': lambda job, channel: end_then_wait(2**63 - 1, channel),
    'tell_twice': lambda job, channel: tell_twice(channel),
    'speak': lambda job, channel: (
        (print('printed'), channel.send('log', level='ERROR', text='logged')) and None
    ),
}


def call(job, channel):
    data = job['fields']['data']
    name, _, args, _ = json.loads(zlib.decompress(data) if data[:1] == b'\x78' else data)
    if name == 'fake.raise_at_timeout':
        record('at work')
        until('raise')
        return 'failed', {'exc': 'Traceback\nraised inside of it\n'}
    if name == 'fake.fail':
        print('\n'.join('line %d' % number for number in range(30)), flush=True)
        channel.send('log', level='ERROR', text='Traceback\n  of it\nit failed\n', kept=False)
        return 'failed', {'exc': 'Traceback\nit failed\n'}
    return 'done', {'value': json.dumps(FUNCTIONS[name.split('.')[-1]](job, channel, *args)).encode()}


def call_back(frame, channel):
    name = frame['fields'][frame['kind'] + '_callback_name'].decode()
    record('%s %s %s %s' % (frame['kind'], frame['id'], name, frame.get('exc', '-').strip().split('\n')[-1]))
    if name == 'fake.meta':
        channel.send('meta', meta=b'{"told": true}')
    elif name == 'fake.hang':
        hang()
    elif name == 'fake.die':
        die()
    elif name == 'fake.fail':
        return 'failed', {'exc': 'Traceback\nthe callback failed\n'}
    return 'done', {}


def run(frame, channel):
    return (call_back if frame['type'] == 'callback' else call)(frame, channel)


def broken(mode):
    """What a stable should not do."""
    if mode == 'dies':
        sys.exit(3)
    if mode == 'hangs':
        hang()
    if mode == 'stammers':
        os.write(3, b'\xff' * 100)
        hang()
    if mode == 'dies_later':
        runtime.Channel(3).send('hello', protocol=1, runtime='fake', version='0')
        sys.exit(4)
    if mode == 'stranger':
        runtime.Channel(3).send('hello', protocol=2, runtime='fake', version='0')
        hang()


def fork_slowly(channel, horses, frame):
    if text_of('slow') and not os.path.exists(os.path.join(FOLDER, 'slept')):
        with open(os.path.join(FOLDER, 'slept'), 'w'):
            pass
        if text_of('busy'):
            channel.send('busy', seconds=int(text_of('busy')))
        record('slow fork')
        end = time.monotonic() + int(text_of('slow'))
        while text_of('slow') and time.monotonic() < end:
            time.sleep(0.01)
    if os.path.exists(os.path.join(FOLDER, 'no_fork')):
        for _ in range(3):
            os.close(channel.fds.pop(0))
        channel.send('forked', horse=frame['horse'], error='out of everything')
        return
    fork(channel, horses, frame)
    record('forked')


def reap_late(channel, horses):
    record('reaps')
    time.sleep(float(text_of('late', '0')))
    reap(channel, horses)


VERSION = text_of('version', '1').strip()
record('start ' + VERSION)
while os.path.exists(os.path.join(FOLDER, 'gate')):
    time.sleep(0.01)
broken(text_of('mode').strip())
SAYS = text_of('says').strip()
if SAYS:
    channel = runtime.Channel(3)
    channel.send('log', level='WARNING', text=SAYS)
    channel.socket.detach()
ERROR = text_of('error')
if ERROR:
    runtime.Channel(3).send('hello', protocol=1, runtime='fake', version=VERSION, error=ERROR)
    sys.exit(1)
fork, reap = runtime.fork, runtime.reap
runtime.run, runtime.fork, runtime.reap = run, fork_slowly, reap_late
runtime.main(runtime='fake', version=VERSION, **json.loads(text_of('hello', '{}')))
