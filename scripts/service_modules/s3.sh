# An S3 server for the tests: moto, from the development environment (pip install -e '.[dev]').

s3_program() { # the Python that has moto
    local python
    for python in "$root/.venv/bin/python" python3; do
        "$python" -c "import moto.server" >/dev/null 2>&1 && { printf '%s\n' "$python"; return 0; }
    done
    return 1
}

s3_install() {
    s3_program >/dev/null || fail "moto is not installed: pip install -e '.[dev]' in $root/.venv"
}

s3_running() {
    answers "$(port_of s3)"
}

s3_url() {
    printf 'http://127.0.0.1:%s\n' "$(port_of s3)"
}

s3_start() {
    local folder port
    folder="$(data_folder s3)"
    port="$(port_of s3)"
    (cd / && exec setsid "$(s3_program)" -m moto.server -H 127.0.0.1 -p "$port") \
        >"$folder/server.log" 2>&1 9>&- &
    printf '%s\n' "$!" >"$folder/pid"
    for _ in $(seq 100); do
        answers "$port" && return 0
        sleep 0.1
    done
    tail -5 "$folder/server.log" >&2
    return 1
}

s3_stop() {
    kill "$(cat "$data/s3/pid")" 2>/dev/null || true
}
