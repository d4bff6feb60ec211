#!/bin/sh
# Make the bundle of the python runtime (runtime/python/bundle.h) and an assembler source that holds it.
# Called by the Makefile: embed.sh OUTPUT_FOLDER EXTENSION.so boot.py MODULE.py ...
#
# The modules are named after their files: __init__.py is the package `cq`, _stable.py is cq._stable.
set -eu
out=$1 extension=$2 boot=$3
shift 3

size_of() { wc -c < "$1" | tr -d ' '; }

{
    cat "$extension"
    for file in "$@"; do
        echo "$(basename "$file" .py) $(size_of "$file")"
    done
    echo
    [ $# = 0 ] || cat "$@"
} > "$out/bundle.bin"

# Comments stay here: the text is an argument of every python stable. The extension's size is where the index
# begins.
sed -e '/^ *#/d' -e '/^$/d' -e "s/EXTENSION_SIZE/$(size_of "$extension")/" "$boot" > "$out/boot.txt"

cat > "$out/bundle.S" << END
/* Made by runtime/python/embed.sh; do not edit. */
    .section .rodata
    .globl cq_python_bundle, cq_python_bundle_size, cq_python_boot
    .balign 16
cq_python_bundle:
    .incbin "$out/bundle.bin"
bundle_end:
    .balign 16
cq_python_bundle_size:
    .dc.a bundle_end - cq_python_bundle
cq_python_boot:
    .incbin "$out/boot.txt"
    .byte 0
    .section .note.GNU-stack,"",%progbits
END
