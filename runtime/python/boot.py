# What `python3 -c` is given to become a python stable. Descriptor 3 is the worker's socket, descriptor 4 a file with the
# bundle (runtime/python/bundle.h) and the worker's setup frame.
#
# It imports nothing that the interpreter has not imported already: each module here would be in every horse. It is
# written so that any Python can parse it, 2.7 too, and say what is wrong.


def boot():
    import os
    import sys

    version = '.'.join(str(part) for part in sys.version_info[:3])

    def refuse(why):
        # The worker waits for a hello frame; this one has no need of _cq. msgpack: map, str, small int.
        text = 'python %s (%s): %s' % (version, sys.executable or 'no path', why)
        try:
            frame = b'\x84'
            for key, value in (('type', 'hello'), ('runtime', 'python'), ('error', text)):
                for part in (key, value):
                    part = part.encode('utf-8', 'replace')
                    frame += b'\xdb' + len(part).to_bytes(4, 'big') + part
            frame += b'\xa8protocol\x01'
            os.write(3, len(frame).to_bytes(4, 'big') + frame)
            os._exit(0)
        except (OSError, AttributeError):
            sys.stderr.write('cq: %s\n' % text)
            sys.stderr.flush()
            os._exit(78)

    if getattr(sys, 'implementation', None) is None or sys.implementation.name != 'cpython':
        refuse('cq runs functions in CPython 3.9 or later; name one with --python')
    if sys.version_info < (3, 9):
        refuse('cq needs CPython 3.9 or later; name one with --python')
    if 't' in sys.abiflags:
        refuse('cq does not run in a free-threaded build of Python yet; name an ordinary one with --python')

    from _frozen_importlib import ModuleSpec, module_from_spec
    from _frozen_importlib_external import ExtensionFileLoader

    try:
        # Loaded from where it is: the file begins with the extension module. Its name stays behind as a mapping only.
        path = '/proc/self/fd/4'
        spec = ModuleSpec('_cq', ExtensionFileLoader('_cq', path), origin=path)
        sys.modules['_cq'] = _cq = module_from_spec(spec)
        spec.loader.exec_module(_cq)
        os.lseek(4, @EXTENSION_SIZE@, os.SEEK_SET)
        rest = b''
        while True:
            part = os.read(4, 1 << 20)
            if not part:
                break
            rest += part
        os.close(4)
    except (ImportError, OSError) as error:
        refuse('cq cannot load its extension module: %s' % error)

    sizes = []
    while True:
        line, rest = rest.split(b'\n', 1)
        if not line:
            break
        sizes.append(line.decode().split(' '))
    sources = {}
    for name, size in sizes:
        name = 'cq' if name == '__init__' else 'cq.' + name
        sources[name], rest = rest[:int(size)], rest[int(size):]

    class Bundle:
        """Finder and loader of the package `cq`, whose sources are in cq's own executable."""

        def find_spec(self, name, path=None, target=None):
            if name in sources:
                spec = ModuleSpec(name, self, origin=self.get_filename(name), is_package=name == 'cq')
                spec.has_location = True  # gives modules a __file__, which tracebacks look for
                return spec
            if name.startswith('cq.'):
                raise ModuleNotFoundError(
                    'No module named %r: inside of a cq worker, cq is the package of the worker' % name, name=name)
            return None

        def get_filename(self, name):
            return '<cq>/' + (name[3:] or '__init__') + '.py'

        def get_source(self, name):
            return sources[name].decode()

        def get_code(self, name):
            return compile(sources[name], self.get_filename(name), 'exec', dont_inherit=True)

        def is_package(self, name):
            return name == 'cq'

        def create_module(self, spec):
            return None

        def exec_module(self, module):
            exec(self.get_code(module.__name__), module.__dict__)

    sys.meta_path.insert(0, Bundle())
    if sys.path and sys.path[0] == '':
        del sys.path[0]
    setup = _cq.setup(rest)
    return setup


boot()
