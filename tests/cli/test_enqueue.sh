#!/bin/sh
# enqueue: what it writes, what it says, what it refuses.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis

hget() { # id, field
    redis --raw hget "rq:job:$1" "$2"
}

it 'puts a job on the queue default and says so'
run enqueue mail.send x 'k=v' ':[1, 2]' "%(1, 'a')" --job-id j1
expect_status 0
expect_no_stderr
expect_stdout "Enqueued mail.send('x', [1, 2], (1, 'a'), k='v') with job-id 'j1'."
expect_redis j1 lrange rq:queue:default 0 -1
expect_redis rq:queue:default smembers rq:queues
expect_redis queued hget rq:job:j1 status
expect_redis 180 hget rq:job:j1 timeout
expect_redis default hget rq:job:j1 origin
expect_redis -1 ttl rq:job:j1

it 'writes the fields that rq writes, and no others'
expected='created_at data description ended_at enqueued_at failure_callback_name group_id last_heartbeat'
expected="$expected origin started_at"
expected="$expected status stopped_callback_name success_callback_name timeout worker_name"
fields=$(redis --raw hkeys rq:job:j1 | sort | tr '\n' ' ')
[ "$fields" = "$expected " ] || wrong "fields are $fields"

it 'generates a UUID for a job without an id'
run enqueue f
expect_status 0
expect_stdout_match \
    "Enqueued f\(\) with job-id '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'\."

it 'describes texts as Python prints them'
run enqueue f "it's" 'tab	"q"' 'ümlaut' "both'\"" --job-id repr
expect_stdout "Enqueued f(\"it's\", 'tab\\t\"q\"', 'ümlaut', 'both\\'\"') with job-id 'repr'."

it 'sorts keyword arguments and keeps positional ones in order'
run enqueue f z=1 b a:=null y%=None -- -5
expect_status 0
expect_stdout_has "f('b', '-5', a=None, y=None, z='1')"

it 'takes JSON and Python literals in every form'
run enqueue f ':{"a": [1.5, true, "x"]}' 'n:=-3' "%{'k': (1,)}" '%0x10' 'b%=b"raw"'
expect_status 0
expect_stdout_has "f({'a': [1.5, True, 'x']}, {'k': (1,)}, 16, b=b'raw', n=-3)"

it 'reads the value of @FILE from the file, with newlines as Python reads them'
printf 'one\r\ntwo\n' > "$work/text"
printf '{"x": 1}' > "$work/json"
run enqueue f "@$work/text" "k=@$work/text" ":@$work/json"
expect_status 0
expect_stdout_has "f('one\\ntwo\\n', {'x': 1}, k='one\\ntwo\\n')"

it 'a text may begin with an equals sign'
run enqueue f =x
expect_stdout_has "f('=x')"

it 'refuses what is not JSON with the place of the fault'
run enqueue f ':{'
expect_status 2
expect_stderr_line 'Unable to parse 1. non keyword argument as JSON'
run enqueue f a 'key:=nope'
expect_status 2
expect_stderr_line 'Unable to parse key as JSON'

it 'refuses what is not a Python literal'
run enqueue f 'a' '%open("x")'
expect_status 2
expect_stderr_line 'Unable to eval 2. non keyword argument as Python object'

it 'refuses a keyword that is given twice'
run enqueue f k=1 k:=2
expect_status 2
expect_stderr_line "You can't specify multiple values for the same keyword"

it 'says which file is not there'
run enqueue f "@$work/none"
expect_status 1
expect_stderr "cq enqueue: Could not open file '$work/none': Not found"

it 'refuses a folder and a file that is not text'
run enqueue f "@$work"
expect_status 1
expect_stderr_line 'Is a directory'
printf '\377\376' > "$work/binary"
run enqueue f "@$work/binary"
expect_status 1
expect_stderr_line 'is not UTF-8'

it 'refuses an argument that is not UTF-8'
run enqueue f "$(printf 'a\377')"
expect_status 2
expect_stderr_line 'not UTF-8'

it 'needs a function'
run enqueue
expect_status 2
expect_stderr_line 'FUNCTION is missing'
run enqueue ''
expect_status 2
expect_stderr_line "cannot be a function's name"

it 'keeps the options of the job in its hash'
run enqueue f -q low --timeout 5m --result-ttl 1h --ttl 90 --failure-ttl=2d --description 'a note' \
    --job-id opts
expect_status 0
expect_redis 300 hget rq:job:opts timeout
expect_redis 3600 hget rq:job:opts result_ttl
expect_redis 90 hget rq:job:opts ttl
expect_redis 172800 hget rq:job:opts failure_ttl
expect_redis 'a note' --raw hget rq:job:opts description
expect_redis opts lrange rq:queue:low 0 -1
[ "$(redis ttl rq:job:opts)" -gt 80 ] || wrong 'the hash does not expire'

it 'an empty description is the call'
run enqueue f --description '' --job-id nodesc
expect_redis 'f()' hget rq:job:nodesc description

it 'writes retries as rq does'
run enqueue f --retry-max 3 --job-id r1
expect_redis 3 hget rq:job:r1 retries_left
expect_redis '[0]' hget rq:job:r1 retry_intervals
run enqueue f --retry-max 3 --retry-interval 10s --retry-interval=020 --retry-interval 2h --job-id r2
expect_redis '[10, 20, 7200]' hget rq:job:r2 retry_intervals

it '--meta is serialized as the call is, and needs keys'
run enqueue f -S json --meta a=b --meta n:=1 --job-id meta
expect_redis '{"a": "b", "n": 1}' hget rq:job:meta meta
for meta in x ':1' '=x' 'k:={'; do
    run enqueue f --meta "$meta"
    expect_status 2
    expect_stderr_line 'cq enqueue: --meta: '
done
run enqueue f --meta a=1 --meta a=2
expect_status 2
expect_stderr_line "--meta: You can't specify multiple values for the same keyword: 'a'"

it '--retry-at-front needs retries'
run enqueue f --retry-at-front
expect_status 2
expect_stderr_line '--retry-at-front needs --retry-max'

it '--at-front puts the job before the others'
run enqueue f -q line --job-id l1
run enqueue f -q line --job-id l2 --at-front
expect_redis 'l2
l1' lrange rq:queue:line 0 -1

it 'writes JSON that is the one of json.dumps'
run enqueue f x:=1 'é' --serializer json --job-id json
data=$(redis --raw hget rq:job:json data | head -c -1 | python3 \
    -c 'import sys, zlib; print(zlib.decompress(sys.stdin.buffer.read()).decode())' 2> "$work/err")
[ "$data" = '["f", null, ["\u00e9"], {"x": 1}]' ] || wrong "data is $data"

it 'takes the dotted name of a serializer and refuses an unknown one'
run enqueue f -S rq.serializers.JSONSerializer
expect_status 0
run enqueue f -S yaml
expect_status 2
expect_stderr_line 'yaml'

it 'refuses bytes in JSON, which has none'
run enqueue f '%b"x"' -S json
expect_status 1
expect_stderr_line 'bytes'

it '--quiet says nothing'
run enqueue f --quiet
expect_status 0
expect_stdout ''
expect_no_stderr

it 'without --unique an id is taken again, with it refused'
run enqueue f 1 --job-id again
run enqueue f 2 --job-id again
expect_status 0
expect_redis "f('2')" hget rq:job:again description
run enqueue f 3 --job-id again --unique
expect_status 1
expect_stderr_line 'again'
expect_redis "f('2')" hget rq:job:again description

it '--unique needs an id'
run enqueue f --unique
expect_status 2
expect_stderr_line '--unique needs --job-id'

it 'refuses ids, names and times that rq refuses'
run enqueue f --job-id a:b
expect_status 2
expect_stderr_line 'Job ID must only contain letters, numbers, underscores and dashes, at most 512'
run enqueue f --timeout 0
expect_status 2
expect_stderr_line '0 timeout is not allowed. Use -1 for infinite timeout'
run enqueue f --ttl 0
expect_status 2
expect_stderr_line 'Job ttl must be greater than 0'
run enqueue f --timeout soon
expect_status 2
expect_stderr_line "--timeout: 'soon' is not a duration"
run enqueue f --retry-interval -1
expect_status 2
expect_stderr_line '--retry-interval'
run enqueue f -q ''
expect_status 2
expect_stderr_line 'queue'

it 'takes a queue name with a colon, a space and UTF-8'
run enqueue f -q 'bench:größe x' --job-id odd
expect_status 0
expect_redis odd lrange 'rq:queue:bench:größe x' 0 -1

it 'says that options of a later version are not there'
for option in --worker-class --job-class --queue-class --connection-class; do
    run enqueue f "$option=x"
    expect_status 2
    expect_stderr_line "this version of cq does not have $option"
done

it 'a negative number as an argument needs --'
run enqueue f -5
expect_status 2
expect_stderr_line "arguments that begin with '-' go after '--'"

it 'a payload of 100 MB works'
head -c 100000000 /dev/zero | tr '\0' 'x' > "$work/large"
run enqueue f "@$work/large" --job-id large
expect_status 0
expect_stdout_match "Enqueued f\('x{1,80}\.\.\.\) with job-id 'large'\."
expect_redis queued hget rq:job:large status
rm -f "$work/large"

it 'more than a job can hold is refused before it is read'
truncate -s 600M "$work/huge"
run enqueue f "@$work/huge"
expect_status 1
expect_stderr_line "file '$work/huge' holds more than 536870912 bytes"
rm -f "$work/huge"

it 'nothing is queued when Redis is not there'
run enqueue f -u "unix://$work/nobody.sock"
expect_status 4
expect_stderr_line "$work/nobody.sock"
expect_stdout ''

it '--wait gives up after --wait-timeout'
run enqueue f -q nobody --wait --wait-timeout 1 --job-id late
expect_status 1
expect_stderr_line "job 'late' has not ended after 1 s"

it '--wait is refused for a job of which nothing will be left'
run enqueue f --wait --result-ttl 0
expect_status 2
expect_stderr_line '--wait: with --result-ttl 0 nothing is left of the job'

# Until the command that waits for a result has asked Redis to tell it of one.
waits() {
    until_succeeds 'redis info clients | grep -q "^blocked_clients:1"'
}

it '--wait says when the job is gone'
(waits; redis del rq:job:gone) > /dev/null &
run enqueue f -q nobody --wait --job-id gone
expect_status 1
expect_stderr_line "job 'gone' is gone"
wait $!

it '--wait says when the job is canceled'
(waits; "$CQ" cancel off) > /dev/null &
run enqueue f -q nobody --wait --job-id off
expect_status 1
expect_stderr_line "job 'off' was canceled"
wait $!

it '--wait shows the result as Python prints it'
# What a worker writes: base64 of the JSON text {"a": 1}
(waits; redis xadd rq:results:done '*' type 1 return_value eyJhIjogMX0= worker_name w) > /dev/null &
run enqueue f -q nobody --wait --quiet --job-id 'done' -S json
expect_status 0
expect_stdout "{'a': 1}"
wait $!

it '--wait does not take the result of an earlier job of that id'
(waits; redis xadd rq:results:done '*' type 2 worker_name w) > /dev/null &
run enqueue f -q nobody --wait --quiet --job-id 'done' -S json
expect_status 1
expect_stderr_line 'the job failed'
wait $!
