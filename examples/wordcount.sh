#!/bin/sh
# A program as a job function. In the config file:
#
#     [programs]
#     wordcount = examples/wordcount.sh -- {0}
#
# and then: cq enqueue wordcount 'to be or not to be'
#
# Standard output is the result: JSON here. An exit status other than 0 fails the job with the last lines of
# standard error.
set -eu
[ "${1-}" = -- ] && shift
[ $# -eq 1 ] || { echo "usage: wordcount.sh [--] TEXT" >&2; exit 2; }
[ -n "$1" ] || { echo "wordcount.sh: there is no text to count" >&2; exit 3; }
lines=$(printf '%s\n' "$1" | wc -l)
words=$(printf '%s\n' "$1" | wc -w)
bytes=$(printf '%s' "$1" | wc -c)
printf '{"lines": %d, "words": %d, "bytes": %d}\n' "$lines" "$words" "$bytes"
