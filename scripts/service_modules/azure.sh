# Azure Blob Storage for the tests: Azurite, from npm, in the folder of the services.
# Where it cannot be had, the reason is in azure.unavailable, and the tests that need it are skipped with that reason.

azure_install() {
    local folder="$state/azurite" reason="$state/azure.unavailable"
    rm -f "$reason"
    [ ! -x "$folder/node_modules/.bin/azurite-blob" ] || return 0
    command -v npm >/dev/null 2>&1 || { echo "there is no npm to install Azurite with" >"$reason"; return 0; }
    mkdir -p "$folder"
    timeout 180 npm install --prefix "$folder" --no-audit --no-fund --no-save azurite@3 \
        >"$folder/install.log" 2>&1 </dev/null ||
        echo "npm could not install azurite; see $folder/install.log" >"$reason"
}

azure_running() {
    answers "$(port_of azure)"
}

azure_url() {
    printf 'http://127.0.0.1:%s\n' "$(port_of azure)"
}

azure_start() {
    [ ! -s "$state/azure.unavailable" ] || return 0
    start_process azure "$state/azurite/node_modules/.bin/azurite-blob" --inMemoryPersistence --silent \
        --disableTelemetry --skipApiVersionCheck --blobHost 127.0.0.1 --blobPort "$(port_of azure)"
}

azure_stop() {
    stop_process azure
}
