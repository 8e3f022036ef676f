# PostgreSQL from the distribution's packages; its own cluster is neither made nor started.

postgresql_program() { # postgresql_program NAME: path of a program of the newest installed version from 14
    local folder
    for folder in $(ls -d /usr/lib/postgresql/*/bin /usr/local/pgsql/bin 2>/dev/null | sort -Vr); do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && { printf '%s\n' "$folder/$1"; return 0; }
    done
    command -v initdb >/dev/null 2>&1 && command -v "$1"
}

postgresql_install() {
    postgresql_program postgres >/dev/null && return 0
    # The package makes and starts a cluster unless this says otherwise.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    install_packages postgresql
    postgresql_program postgres >/dev/null || fail "PostgreSQL is not where its packages put it"
}

postgresql_running() {
    local pid
    pid="$(head -1 "$data/postgresql/data/postmaster.pid" 2>/dev/null)" && [ -d "/proc/$pid" ] &&
        answers "$(port_of postgresql)"
}

postgresql_url() {
    printf 'postgresql://datamill:%s@127.0.0.1:%s/postgres?use_tls=false\n' "$(password)" "$(port_of postgresql)"
}

postgresql_create() {
    local folder="$1" cluster="$1/data"
    password >"$folder/password"
    chmod 600 "$folder/password"
    [ "$(id -u)" != 0 ] || chown "$service_user" "$folder/password"
    (cd / && as_user "$(postgresql_program initdb)" --pgdata "$cluster" --username datamill \
        --pwfile "$folder/password" --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8 --no-sync) \
        >"$folder/initdb.log" 2>&1 || { tail -5 "$folder/initdb.log" >&2; return 1; }
    rm -f "$folder/password"
    # TLS with a certificate of our own, for the tests of TLS.
    (cd / && as_user openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost \
        -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
        -keyout "$cluster/server.key" -out "$cluster/server.crt") >>"$folder/initdb.log" 2>&1
    as_user chmod 600 "$cluster/server.key"
    # What would survive a crash of the machine matters to nobody here, what survives a crash of the server does.
    as_user tee -a "$cluster/postgresql.conf" >/dev/null <<CONFIGURATION
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
shared_buffers = 256MB
fsync = off
full_page_writes = off
autovacuum_naptime = 10min
max_wal_size = 2GB
ssl = on
log_min_messages = fatal
log_min_error_statement = panic
CONFIGURATION
    # The role `no_tls` may not use TLS: so tests see what happens if the server has none.
    as_user tee "$cluster/pg_hba.conf" >/dev/null <<ACCESS
hostssl all no_tls 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
ACCESS
}

postgresql_start() {
    local folder cluster
    folder="$(data_folder postgresql)"
    cluster="$folder/data"
    [ -e "$cluster/PG_VERSION" ] || postgresql_create "$folder" || return 1
    (cd / && as_user "$(postgresql_program pg_ctl)" --pgdata "$cluster" --log "$folder/server.log" --silent \
        --wait --timeout 60 --options "-p $(port_of postgresql)" start) >/dev/null 9>&- || {
        tail -5 "$folder/server.log" >&2
        return 1
    }
}

postgresql_stop() {
    (cd / && as_user "$(postgresql_program pg_ctl)" --pgdata "$data/postgresql/data" --silent --wait \
        --mode "${POSTGRESQL_STOP_MODE:-fast}" stop) >/dev/null 9>&-
}
