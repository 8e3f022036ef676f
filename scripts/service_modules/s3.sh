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
    start_process s3 "$(s3_program)" -m moto.server -H 127.0.0.1 -p "$(port_of s3)"
}

s3_stop() {
    stop_process s3
}
