"""What a job logs and prints."""


def test_records_that_nobody_handles_become_log_frames_with_their_level(script, tmp_path):
    (tmp_path / "app.py").write_text("""
import logging
logger = logging.getLogger('app')
logger.setLevel(logging.DEBUG)
def f():
    logger.debug('fine %d', 1)
    logger.info('known')
    logger.warning('odd')
    logger.critical('end')
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception('failed')
""")
    out = script("""
        from cq import _hooks, _horse, _log
        _hooks.after_import('logging', _log.install)
        _horse.adopt()
        _log.ready = True
        assert 'logging' not in sys.modules
        import app
        app.f()
        for kind, fields in sent:
            print(kind, fields['level'], fields['text'].splitlines()[0], fields['text'].splitlines()[-1])
    """)
    assert out.splitlines() == [
        "log DEBUG fine 1 fine 1",
        "log INFO known known",
        "log WARNING odd odd",
        "log ERROR end end",
        "log ERROR failed ZeroDivisionError: division by zero",
    ]


def test_what_the_workers_log_would_drop_is_not_sent(script):
    assert (
        script("""
        from cq import _hooks, _horse, _log
        _log.set_level('WARNING')
        _hooks.after_import('logging', _log.install)
        _horse.adopt()
        _log.ready = True
        import logging
        logging.getLogger('x').setLevel(1)
        for level in 10, 20, 30, 40:
            logging.getLogger('x').log(level, str(level))
        print([fields['text'] for kind, fields in sent])
    """)
        == "['30', '40']\n"
    )


def test_rqs_loggers_have_the_level_of_the_worker(script):
    assert (
        script("""
        from cq import _hooks, _log
        _log.set_level('DEBUG')
        _hooks.after_import('logging', _log.install)
        import logging
        print([logging.getLogger(name).level for name in ('rq.worker', 'rq.job', 'other')])
    """)
        == "[10, 10, 0]\n"
    )


def test_what_the_application_configures_takes_the_records_over(script):
    out = script("""
        from cq import _hooks, _horse, _log
        _hooks.after_import('logging', _log.install)
        _horse.adopt()
        _log.ready = True
        import logging
        logging.basicConfig(stream=sys.stdout, format='%(levelname)s mine %(message)s', level=logging.INFO)
        logging.getLogger('x').info('text')
        print(sent)
    """)
    assert out == "INFO mine text\n[]\n"


def test_logging_that_was_there_before_is_changed_too(script):
    assert (
        script("""
        import logging
        from cq import _hooks, _horse, _log
        _hooks.after_import('logging', _log.install)
        _horse.adopt()
        _log.ready = True
        logging.getLogger('x').warning('text')
        print(sent)
    """)
        == "[('log', {'level': 'WARNING', 'text': 'text'})]\n"
    )


def test_before_the_worker_listens_records_go_to_standard_error(script):
    assert (
        script("""
        from cq import _hooks, _horse, _log
        _hooks.after_import('logging', _log.install)
        _horse.adopt()
        import logging
        sys.stderr = sys.stdout
        logging.getLogger('x').warning('early')
        logging.getLogger('x').info('too fine')
        print(sent)
    """)
        == "early\n[]\n"
    )


def test_a_process_that_the_job_forked_does_not_write_into_the_jobs_socket(script):
    assert (
        script("""
        import os
        from cq import _hooks, _horse, _log
        _hooks.after_import('logging', _log.install)
        _horse.adopt()
        _log.ready = True
        import logging
        sys.stderr = sys.stdout
        if os.fork() == 0:
            logging.getLogger('x').warning('from the child')
            sys.stdout.flush()
            os._exit(len(sent))
        print(os.waitstatus_to_exitcode(os.wait()[1]), sent)
    """)
        == "from the child\n0 []\n"
    )


def test_a_record_that_cannot_be_formatted_does_not_fail_the_job(script):
    assert (
        script("""
        from cq import _hooks, _horse, _log
        _hooks.after_import('logging', _log.install)
        _horse.adopt()
        _log.ready = True
        import logging
        logging.getLogger('x').warning('%d', 'not a number')
        print('goes on')
    """)
        == "goes on\n"
    )


def test_a_long_record_is_cut(script):
    assert (
        script("""
        from cq import _hooks, _horse, _log
        _hooks.after_import('logging', _log.install)
        _horse.adopt()
        _log.ready = True
        import logging
        logging.getLogger('x').warning('\u20ac' * 1000000)
        print(len(sent[0][1]['text'].encode()) < 60000)
    """)
        == "True\n"
    )


def test_surrogates_in_a_record_are_written_out(script):
    assert (
        script("""
        from cq import _hooks, _horse, _log
        _hooks.after_import('logging', _log.install)
        _horse.adopt()
        _log.ready = True
        import logging
        logging.getLogger('x').warning('\\ud800')
        print(sent)
    """)
        == "[('log', {'level': 'WARNING', 'text': '\\\\ud800'})]\n"
    )


def test_current_job_writes_a_line_of_its_own(runtime, module):
    module(
        "talking", "import cq\ndef f(): cq.current_job().log('line', 'WARNING'); cq.current_job().log(5)\n"
    )
    runtime.value("talking.f")
    assert runtime.sent("log") == [{"level": "WARNING", "text": "line"}, {"level": "INFO", "text": "5"}]


def test_lines_are_printed_as_they_come_although_it_is_a_pipe(script):
    assert (
        script("""
        import os
        from cq import _log
        _log.line_buffer()
        print('printed')
        os._exit(0)  # flushes nothing
    """)
        == "printed\n"
    )


def test_what_is_no_whole_line_is_flushed_before_the_answer(script):
    assert (
        script("""
        import os
        from cq import _log
        _log.line_buffer()
        sys.stdout.write('half')
        _log.flush()
        os._exit(0)
    """)
        == "half"
    )


def test_streams_that_are_closed_or_gone_disturb_nobody(script):
    script("""
        from cq import _log
        sys.stdout.close()
        _log.line_buffer()
        _log.flush()
        sys.stdout = sys.stderr = None
        _log.line_buffer()
        _log.flush()
        import os
        os._exit(0)
    """)


def test_a_hook_keeps_modules_as_their_loader_made_them(script, tmp_path):
    (tmp_path / "watched.py").write_text("value = 1\n")
    assert (
        script("""
        from cq import _hooks
        _hooks.after_import('watched', lambda module: print('imported', module.value))
        import watched, importlib.util, inspect
        print(type(watched.__loader__).__name__, type(watched.__spec__.loader).__name__,
              inspect.getsource(watched))
        importlib.reload(watched)
    """)
        == "imported 1\nSourceFileLoader SourceFileLoader value = 1\n\nimported 1\n"
    )


def test_a_hook_finds_nothing_where_there_is_nothing(script):
    assert (
        script("""
        from cq import _hooks
        _hooks.after_import('absent', print)
        try:
            import absent
        except ModuleNotFoundError as error:
            print(error)
    """)
        == "No module named 'absent'\n"
    )


STREAMS = """
    import io, os
    from cq import _streams
    _streams.keep()
    class Proxy:
        closed = False
        def __init__(self, stream): self.stream = stream
        def fileno(self): return self.stream.fileno()
        def write(self, text): return self.stream.write(text.upper())
        def flush(self): self.stream.flush()
    {harm}
    _streams.restore()
    print('out')
    sys.stdout.flush()
    print('err', file=sys.stderr)
    os.write(1, b'raw\\n')
"""


def test_the_next_job_of_a_reused_horse_has_its_output_whatever_the_last_one_did_to_it(script):
    for harm in (
        "pass",
        "sys.stdout.close(); sys.stderr.close()",
        "os.close(1)",
        "sys.stdout = sys.stderr = None",
        "sys.stdout = open('elsewhere', 'w')",
        "sys.stdout = io.StringIO()",
        "del sys.stdout",
        "os.dup2(os.open('elsewhere', os.O_CREAT | os.O_WRONLY), 1)",
        "os.close(1); os.open('elsewhere', os.O_CREAT)",
        "sys.stdout.detach()",
    ):
        assert script(STREAMS.format(harm=harm)) == "out\nraw\n", harm


def test_what_a_job_puts_in_front_of_its_output_stays(script):
    assert script(STREAMS.format(harm="sys.stdout = Proxy(sys.stdout)")) == "OUT\nraw\n"


def test_duplicates_that_a_job_has_closed_disturb_nobody(script):
    script(STREAMS.format(harm="os.closerange(3, 100)"))
    script("""
        import os
        from cq import _streams
        _streams.keep()
        os.closerange(1, 100)
        _streams.restore()
        os._exit(0)
    """)
