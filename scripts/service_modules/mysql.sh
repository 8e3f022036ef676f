# Genuine MySQL: Debian has it in its unstable suite only, so it is unpacked into a private folder and run from there.
# Where it cannot be had, the reason is in mysql.unavailable, and the tests that need it are skipped with that reason.

mysql_install() {
    local command reason="$state/mysql.unavailable" python
    rm -f "$reason"
    python="$(command -v python3 || command -v python)" || python="$root/.venv/bin/python"
    command="$("$python" "$modules/mysql_unpack.py" "$(mysql_root)" 2>"$reason.new")" || {
        tail -1 "$reason.new" >"$reason"
        rm -f "$reason.new"
        return 0
    }
    rm -f "$reason.new"
    printf '%s\n' "$command" >"$state/mysql.command"
}

mysql_root() { # beside the data, where the unprivileged user can read it
    printf '%s-server\n' "$data/mysql"
}

mysql_running() {
    local pid
    pid="$(cat "$data/mysql/server.pid" 2>/dev/null)" && [ -d "/proc/$pid" ] && answers "$(port_of mysql)"
}

mysql_url() {
    printf 'mysql://datamill:%s@127.0.0.1:%s/?use_tls=false\n' "$(password)" "$(port_of mysql)"
}

mysql_program() { # mysql_program OPTION...: the server, as the unprivileged user
    local words base=()
    mapfile -t words <"$state/mysql.command"
    if [ "${#words[@]}" -gt 1 ]; then
        base=(--basedir="$(mysql_root)/usr" --lc-messages-dir="$(mysql_root)/usr/share/mysql"
            --character-sets-dir="$(mysql_root)/usr/share/mysql/charsets")
    fi
    (cd / && as_user setsid --wait "${words[@]}" --no-defaults --datadir="$data/mysql/data" "${base[@]}" "$@")
}

mysql_create() {
    local folder="$1"
    as_user tee "$folder/users.sql" >/dev/null <<USERS
CREATE USER datamill@'%' IDENTIFIED BY '$(password)';
GRANT ALL PRIVILEGES ON *.* TO datamill@'%' WITH GRANT OPTION;
DROP USER root@localhost;
USERS
    as_user chmod 600 "$folder/users.sql"
    mysql_program --initialize-insecure --init-file="$folder/users.sql" >"$folder/install.log" 2>&1 || {
        tail -5 "$folder/install.log" >&2
        rm -rf "$folder/data"
        return 1
    }
    rm -f "$folder/users.sql"
}

mysql_start() {
    local folder
    [ ! -s "$state/mysql.unavailable" ] || return 0
    folder="$(data_folder mysql)"
    [ -d "$folder/data/mysql" ] || mysql_create "$folder" || return 1
    # No socket: the path of one may have no more than 107 bytes. TLS with the certificate that the server makes.
    mysql_program --bind-address=127.0.0.1 --port="$(port_of mysql)" --socket="$(mysql_socket)" \
        --pid-file="$folder/server.pid" --log-error="$folder/server.log" --mysqlx=OFF --skip-log-bin \
        --skip-name-resolve --local-infile=ON --secure-file-priv=NULL --max-connections=300 \
        --performance-schema=OFF --max-allowed-packet=64M \
        --innodb-flush-log-at-trx-commit=2 --innodb-doublewrite=OFF --innodb-flush-method=nosync \
        --innodb-buffer-pool-size=256M </dev/null >/dev/null 2>&1 9>&- &
    wait_for 60 mysql_running || { tail -5 "$folder/server.log" >&2; return 1; }
}

mysql_socket() {
    printf '/tmp/datamill-mysql-%s.sock\n' "$(port_of mysql)"
}

mysql_stop() {
    local pid
    pid="$(cat "$data/mysql/server.pid")"
    kill "$pid"
    wait_for 60 mysql_gone "$pid"
}

mysql_gone() { [ ! -d "/proc/$1" ]; }
