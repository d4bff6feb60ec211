"""The smallest python stable: its horses execute the text of a job's field `code`; what it leaves in `value`
is the answer."""

import os
import sys
import traceback

import _cq

opened = os.open('/dev/null', os.O_RDONLY)  # as a module may open its log file


def run(job):
    names = {'_cq': _cq, 'job': job, 'opened': opened}
    try:
        exec(job['fields'][b'code'].decode(), names)
    except BaseException:
        _cq.answer('failed', {'exc': traceback.format_exc()})
    else:
        _cq.answer('done', {'value': names.get('value')})


def horse():
    while True:
        job = _cq.receive()
        if job is None:
            return
        _cq.title(job['id'])
        run(job)
        if not job['reuse']:
            return
        _cq.clean_up()


def became_horse(code, setup):
    """Execute what comes after hello. A probe in it serves the worker; whether this is a horse that was
    forked meanwhile."""
    try:
        exec(code, {'_cq': _cq, 'setup': setup, 'sys': sys})
    except _cq.Forked:
        return True
    return False


def main(setup):
    global opened
    _cq.open('python', '3.x')
    opened = os.open('/dev/null', os.O_RDONLY)
    exec(setup.get('code', ''), {'_cq': _cq, 'setup': setup, 'sys': sys})
    _cq.hello(callbacks=True, version_of='%d.%d' % sys.version_info[:2])
    if became_horse(setup.get('late', ''), setup):
        horse()
        _cq.exit(0)
    while True:
        event = _cq.serve()
        if event is None:
            return
        kind, what = event
        if kind == 'horse':
            horse()
            _cq.exit(0)
        _cq.log('INFO', 'learn ' + ' '.join(what))
