#!/bin/sh
# A program as a job: count the lines, words and bytes of a text. The config maps a name to it,
#
#     [programs]
#     wordcount = /path/to/wordcount.sh {0}
#
# and `cq enqueue wordcount "some text"` runs it. What it prints is JSON, so the job's result is a dict.
set -eu
[ -n "${1:-}" ] || { echo 'wordcount: there is no text to count' >&2; exit 1; }
printf '%s\n' "$1" | wc | {
    read -r lines words bytes
    echo "{\"lines\": $lines, \"words\": $words, \"bytes\": $bytes}"
}
