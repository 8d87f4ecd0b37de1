# elsewhere.sh - a second place beside the stack of the tests: settings, database and topics of its own under $work. Sourced behind spec.sh, with
# work set; admin is the stack's database.
# shellcheck shell=bash
unset HIRELOG_URL HIRELOG_ADMIN_URL HIRELOG_WORKER_ADMIN_URL HIRELOG_REGISTRY_URL HIRELOG_PIDS HIRELOG_CONFIG HIRELOG_PG HIRELOG_BROKERS
hirelog() { # ARGUMENT ... - at home
    "$HIRELOG_BIN" "$@" --config "$HIRELOG_VAR/hirelog.conf"
}
elsewhere() { # ARGUMENT ... - where it is restored
    "$HIRELOG_BIN" "$@" --config "$work/hirelog.conf"
}
sql_in() { # DATABASE TEXT
    psql -XAtq -v ON_ERROR_STOP=1 "${admin/dbname=hirelog/dbname=$1}" -c "$2"
}
fails() { # STATUS TEXT COMMAND ... - and says so
    local expected=$1 text=$2 status=0
    shift 2
    "$@" >"$work/output" 2>&1 || status=$?
    [[ $status == "$expected" ]] && grep -qF -- "$text" "$work/output" ||
        die "$*: $status, not $expected with '$text': $(<"$work/output")"
    echo "$text"
}
