#!/usr/bin/env python3
"""Write serializers/printable.h: the code points that str.isprintable() refuses.

Run by hand with the Python whose repr() cq follows (3.11, Unicode 14):
    python3.11 tests/tools/make_printable.py > serializers/printable.h
"""

import sys
import textwrap
import unicodedata


def ranges():
    start = None
    for point in range(0x80, 0x110001):
        printable = point == 0x110000 or chr(point).isprintable()
        if not printable and start is None:
            start = point
        elif printable and start is not None:
            yield start, point - 1
            start = None


def table(c_type, name, pairs):
    cells = ' '.join('{0x%X,0x%X},' % pair for pair in pairs)
    print('static const struct { %s first, last; } %s[] = {' % (c_type, name))
    for line in textwrap.wrap(cells, 106):
        print('    ' + line)
    print('};')


def main():
    every = list(ranges())
    print('/*')
    print(
        ' * Code points from U+0080 that Python %d.%d (Unicode %s) does not print in a repr, as ranges with '
        'both' % (sys.version_info[0], sys.version_info[1], unicodedata.unidata_version)
    )
    print(' * ends included. Written by tests/tools/make_printable.py.')
    print(' */')
    print('/* clang-format off */')
    print('#ifndef CQ_SERIALIZERS_PRINTABLE_H\n#define CQ_SERIALIZERS_PRINTABLE_H\n\n#include <stdint.h>\n')
    table('uint16_t', 'unprintable_low', [r for r in every if r[1] <= 0xFFFF])
    print()
    table('uint32_t', 'unprintable_high', [r for r in every if r[1] > 0xFFFF])
    print('\n#endif')


main()
