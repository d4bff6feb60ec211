# What `python3 -c` is given to become a python stable. Descriptor 3 is the worker's socket, descriptor 4 a
# file with the bundle (runtime/python/bundle.h) and the worker's setup frame.
#
# It imports nothing that the interpreter has not imported already: each module here would be in every horse.
# It is written so that any Python can parse it, 2.7 too, and say what is wrong.


def refuse(why):
    import os
    import sys

    text = 'python %d.%d (%s): %s' % (
        sys.version_info[0],
        sys.version_info[1],
        sys.executable or 'no path',
        why,
    )
    try:
        # The worker waits for a hello frame; this one has no need of _cq. msgpack: a map, texts, a small
        # number.
        frame = b'\x84\xa8protocol\x01'
        for word in ('type', 'hello', 'runtime', 'python', 'error', text):
            word = word.encode('utf-8', 'replace')
            frame += b'\xdb' + len(word).to_bytes(4, 'big') + word
        os.write(3, len(frame).to_bytes(4, 'big') + frame)
        os._exit(0)
    except (OSError, AttributeError):
        sys.stderr.write('cq: %s\n' % text)
        sys.stderr.flush()
        os._exit(78)


def check():
    import sys

    remedy = '; name another interpreter with --python'
    implementation = getattr(sys, 'implementation', None)
    if sys.version_info < (3, 9) or implementation.name != 'cpython':
        refuse('the python runtime needs CPython 3.9 or later' + remedy)
    if 't' in sys.abiflags:
        refuse('the python runtime does not work in a free-threaded build of Python' + remedy)


def load():
    # The file begins with the extension module, so it is loaded from where it is; it stays mapped when it is
    # closed.
    import os
    import sys
    from _frozen_importlib import ModuleSpec, module_from_spec
    from _frozen_importlib_external import ExtensionFileLoader

    path = '/proc/self/fd/4'
    spec = ModuleSpec('_cq', ExtensionFileLoader('_cq', path), origin=path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules['_cq'] = module
    os.lseek(4, EXTENSION_SIZE, os.SEEK_SET)
    parts = []
    while not parts or parts[-1]:
        parts.append(os.read(4, 1 << 20))
    os.close(4)
    return module, b''.join(parts)


def unpack(rest):
    sizes = []
    while True:
        line, rest = rest.split(b'\n', 1)
        if not line:
            break
        sizes.append(line.decode().split(' '))
    sources = {}
    for name, size in sizes:
        name = 'cq' if name == '__init__' else 'cq.' + name
        sources[name], rest = rest[: int(size)], rest[int(size) :]
    return sources, rest


class Bundle(object):
    """Finder and loader of the package `cq`, whose sources are in cq's own executable."""

    def __init__(self, sources):
        from _frozen_importlib import ModuleSpec

        self.sources = sources
        self.spec_type = ModuleSpec

    def find_spec(self, name, path=None, target=None):
        if name in self.sources:
            spec = self.spec_type(
                name, self, origin=self.get_filename(name), is_package=self.is_package(name)
            )
            spec.has_location = True  # a module gets its __file__ then
            return spec
        if name.startswith('cq.'):
            raise ModuleNotFoundError(
                'No module named %r: inside of a cq worker, cq is the package of the worker itself' % name,
                name=name,
            )
        return None

    def is_package(self, name):
        return name == 'cq'

    def get_filename(self, name):
        # No such file; tracebacks find the lines all the same, through get_source.
        return '<cq>/%s.py' % (name[3:] or '__init__')

    def get_source(self, name):
        return self.sources[name].decode()

    def get_code(self, name):
        return compile(self.sources[name], self.get_filename(name), 'exec', dont_inherit=True)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.get_code(module.__name__), module.__dict__)


def boot():
    import sys

    check()
    try:
        extension, rest = load()
    except (ImportError, OSError) as error:
        refuse('the extension module of the python runtime cannot be loaded: %s' % error)
    sources, rest = unpack(rest)
    sys.meta_path.insert(0, Bundle(sources))
    if sys.path and sys.path[0] == '':
        del sys.path[0]
    # Jobs find a __main__ without anything of ours.
    for name in ('refuse', 'check', 'load', 'unpack', 'Bundle', 'boot'):
        del globals()[name]
    try:
        setup = extension.setup(rest)
        from cq._stable import main

        main(setup)
        status = extension.status()
    except BaseException:
        import traceback

        status = extension.fail(traceback.format_exc())
    extension.exit(status)


boot()
