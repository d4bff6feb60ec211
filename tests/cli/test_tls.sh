#!/bin/sh
# TLS as a user meets it: a server with a certificate of an authority of our own.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"

make_certificates() { # a certificate authority, and a server's and a client's certificate of it
    cd "$work" || exit 1
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=test-ca
    for whose in server client; do
        openssl req -newkey rsa:2048 -nodes -keyout $whose.key -out $whose.csr -subj /CN=$whose
        echo 'subjectAltName=DNS:localhost' > ext
        openssl x509 -req -in $whose.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile ext \
            -out $whose.crt
    done
}

free_port() { # below those that the kernel gives to clients
    port=$((20000 + $$ % 10000))
    while grep -q ":$(printf %04X $port) " /proc/net/tcp /proc/net/tcp6 2> /dev/null; do
        port=$((port + 1))
    done
    echo $port
}

(make_certificates) > "$work/openssl.log" 2>&1 || {
    cat "$work/openssl.log"
    echo 'not ok - openssl makes certificates'
    exit 1
}
port=$(free_port)
start_redis --tls-port "$port" --tls-cert-file "$work/server.crt" --tls-key-file "$work/server.key" \
    --tls-ca-cert-file "$work/ca.crt" --tls-auth-clients optional
unset RQ_REDIS_URL
trusting="rediss://localhost:$port/0?ssl_ca_certs=$work/ca.crt"

it 'refuses a certificate of an authority that the system does not know'
for command in info 'enqueue f'; do
    # shellcheck disable=SC2086 # words
    run $command --url "rediss://localhost:$port"
    expect_status 4
    expect_stderr_line 'certificate'
    expect_stderr_line 'ssl_ca_certs'
done

it 'a worker says so too, and tries again for as long as it is let'
"$CQ" worker --burst --url "rediss://localhost:$port" > "$work/out" 2> "$work/err" &
worker=$!
background="$background $worker"
until_true 'grep -q "certificate.*ssl_ca_certs.*retrying" "$work/err"'
kill -TERM "$worker"
status=0
wait "$worker" || status=$?
expect_status 0

it 'shows the queues when told of the authority'
run enqueue f --url "$trusting"
expect_status 0
run info --raw --url "$trusting"
expect_status 0
expect_no_stderr
expect_stdout_has 'default 1'

it 'a worker works over TLS'
run enqueue f -q tls --job-id t1 --url "$trusting"
run worker --burst tls --url "$trusting"
expect_status 0
expect_redis 0 llen rq:queue:tls
expect_redis failed hget rq:job:t1 status # no module has f, which is an outcome too
expect_redis 0 exists rq:workers

it 'takes the authority from the environment, and from a file'
run_command env REDIS_SSL_CA_CERTS="$work/ca.crt" "$CQ" info --url "rediss://localhost:$port"
expect_status 0
printf '[redis]\nhost = localhost\nport = %s\ntls = true\ntls_ca_certs = %s\n' "$port" "$work/ca.crt" \
    > "$work/cq.ini"
run info -c "$work/cq.ini"
expect_status 0

it 'takes any certificate when told not to look, and only then one for another name'
run info --url "rediss://localhost:$port?ssl_cert_reqs=none"
expect_status 0
run info --url "rediss://127.0.0.1:$port?ssl_ca_certs=$work/ca.crt"
expect_status 4
expect_stderr_line 'certificate'

it 'names a file of certificates that is not there'
run info --url "rediss://localhost:$port?ssl_ca_certs=$work/none.crt"
expect_status 3
expect_stderr_line "$work/none.crt: No such file or directory"

it 'shows its own certificate to a server that wants one'
redis config set tls-auth-clients yes > /dev/null
run info --url "$trusting"
expect_status 4
[ "$(wc -l < "$work/err")" = 1 ] || wrong 'not one line'
run info --url "$trusting&ssl_certfile=$work/client.crt&ssl_keyfile=$work/client.key"
expect_status 0

it 'plain text on a port of TLS ends in one line'
run info --url "redis://localhost:$port?socket_timeout=2"
expect_status 4
[ "$(wc -l < "$work/err")" = 1 ] || wrong 'not one line'
