# Sourced by the other scripts: finds a Python, creates .venv and installs datamill into it.
# Not for use on its own.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
environment="${VENV:-$root/.venv}"

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3 python; do
        [ -n "$candidate" ] || continue
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    echo "datamill needs Python 3.11 or newer with the venv module; none was found." >&2
    echo "Install one (on Debian or Ubuntu: apt install python3 python3-venv) or set PYTHON=/path/to/python." >&2
    return 1
}

create_environment() {
    if [ ! -x "$environment/bin/python" ]; then
        local python
        python="$(find_python)" || return 1
        echo "== creating $environment with $python"
        "$python" -m venv "$environment"
    fi
}

# install_datamill EXTRA[,EXTRA...]: installs only when pyproject.toml or the extras changed since last time.
install_datamill() {
    local extras="$1"
    local stamp="$environment/.datamill-$extras"
    local fingerprint
    fingerprint="$(cksum <"$root/pyproject.toml")"
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$fingerprint" ]; then
        return 0
    fi
    echo "== installing datamill[$extras]"
    if command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python "$environment/bin/python" --editable "$root[$extras]"
    else
        "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$root[$extras]"
    fi
    printf '%s\n' "$fingerprint" >"$stamp"
}

# install_mysqlclient: MySQL's driver in C where it can be compiled here; its tests are skipped elsewhere.
install_mysqlclient() {
    local python="$environment/bin/python"
    ! "$python" -c 'import MySQLdb' 2>/dev/null || return 0
    echo "== installing mysqlclient"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            gcc pkg-config libmariadb-dev >/dev/null 2>&1 || true
    fi
    "$python" -m pip install --quiet --disable-pip-version-check --editable "$root[mysqlclient]" >/dev/null 2>&1 ||
        echo "mysqlclient cannot be compiled here: its tests are skipped."
}
