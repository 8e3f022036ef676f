# MariaDB from the distribution's package of the bare server, which starts nothing by itself.

mariadb_install() {
    command -v mariadbd >/dev/null 2>&1 || [ -x /usr/sbin/mariadbd ] ||
        install_packages mariadb-server-core mariadb-client-core
}

mariadb_running() {
    local pid
    pid="$(cat "$data/mariadb/server.pid" 2>/dev/null)" && [ -d "/proc/$pid" ] && answers "$(port_of mariadb)"
}

mariadb_url() {
    printf 'mariadb://datamill:%s@127.0.0.1:%s/?use_tls=false\n' "$(password)" "$(port_of mariadb)"
}

mariadb_create() {
    local folder="$1"
    (cd / && as_user mariadb-install-db --no-defaults --datadir="$folder/data" --auth-root-authentication-method=normal \
        --skip-test-db --skip-name-resolve) >"$folder/install.log" 2>&1 || {
        tail -5 "$folder/install.log" >&2
        return 1
    }
    # The first start runs this: one user with all privileges, no other.
    as_user tee "$folder/users.sql" >/dev/null <<USERS
CREATE USER IF NOT EXISTS datamill@'127.0.0.1' IDENTIFIED BY '$(password)';
GRANT ALL PRIVILEGES ON *.* TO datamill@'127.0.0.1' WITH GRANT OPTION;
DROP USER IF EXISTS root@localhost;
USERS
    as_user chmod 600 "$folder/users.sql"
}

mariadb_start() {
    local folder first=()
    folder="$(data_folder mariadb)"
    # Without this mark the first start was not finished, and the user may be missing.
    [ -e "$folder/complete" ] || { rm -rf "$folder/data"; mariadb_create "$folder" || return 1; }
    [ ! -e "$folder/users.sql" ] || first=(--init-file="$folder/users.sql")
    # A server that starts removes all temporary tables from its folder for them, those of other servers, too.
    as_user mkdir -p "$folder/tmp"
    (exec 9>&-; cd / && as_user setsid /usr/sbin/mariadbd --no-defaults --datadir="$folder/data" \
        --tmpdir="$folder/tmp" --bind-address=127.0.0.1 --port="$(port_of mariadb)" --socket="$folder/server.sock" \
        --pid-file="$folder/server.pid" --log-error="$folder/server.log" \
        --skip-name-resolve --local-infile=1 --max-allowed-packet=64M --max-connections=300 \
        --innodb-flush-log-at-trx-commit=2 --innodb-doublewrite=0 --innodb-flush-method=nosync \
        --innodb-buffer-pool-size=256M "${first[@]}" </dev/null >/dev/null 2>&1 &)
    # It listens before it reads users.sql, so only a login shows that the file is no longer needed.
    wait_for 60 mariadb_accepts || { tail -5 "$folder/server.log" >&2; return 1; }
    rm -f "$folder/users.sql"
    touch "$folder/complete"
}

mariadb_accepts() {
    MYSQL_PWD="$(password)" mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --port="$(port_of mariadb)" \
        --user=datamill --skip-ssl --execute='SELECT 1' >/dev/null 2>&1
}

mariadb_stop() {
    local pid
    pid="$(cat "$data/mariadb/server.pid")"
    kill "$pid"
    wait_for 60 mariadb_gone "$pid"
}

mariadb_gone() { [ ! -d "/proc/$1" ]; }
