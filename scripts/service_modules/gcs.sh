# Google Cloud Storage for the tests: gcp-storage-emulator, from the development environment (pip install -e '.[dev]').

gcs_program() {
    local program
    for program in "$root/.venv/bin/gcp-storage-emulator" "$(command -v gcp-storage-emulator)"; do
        [ -x "$program" ] && { printf '%s\n' "$program"; return 0; }
    done
    return 1
}

gcs_install() {
    gcs_program >/dev/null || fail "gcp-storage-emulator is not installed: pip install -e '.[dev]' in $root/.venv"
}

gcs_running() {
    answers "$(port_of gcs)"
}

gcs_url() {
    printf 'http://127.0.0.1:%s\n' "$(port_of gcs)"
}

gcs_start() {
    start_process gcs "$(gcs_program)" start --host=127.0.0.1 --port="$(port_of gcs)" --in-memory
}

gcs_stop() {
    stop_process gcs
}
