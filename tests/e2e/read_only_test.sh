#!/usr/bin/env bash
# A database that takes no writes for a while, as in a failover: 503 with Retry-After, /readyz says so without traffic, and all comes
# back by itself: also the connections that were opened meanwhile, which stay read-only for ever.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"

writable_sql() { # TEXT - whatever the database's default is
    PGOPTIONS='-c default_transaction_read_only=off' sql "$1"
}

take_writes() {
    writable_sql "ALTER DATABASE $database RESET default_transaction_read_only"
}

end_backends() {
    sql 'SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'
}

readyz() { # URL STATUS
    [[ $(curl -sS -o "$http_work/readyz" -w '%{http_code}' --max-time 5 "$1/readyz") == "$2" ]]
}

restarts() { # of one lane, in whichever worker
    local url
    for url in "$HIRELOG_WORKER_ADMIN_URL" "$HIRELOG_WORKER2_ADMIN_URL"; do
        curl -fsS "$url/metrics" | sed -n 's/^hirelog_lane_restarts_total{service="job",partition="0"} //p'
    done | awk '{all += $1} END {print all + 0}'
}

restarted() { # TIMES - since $restarts_before
    (($(restarts) >= restarts_before + $1))
}

complaints() { # of the same lane
    cat "$HIRELOG_VAR"/log/worker*.log | grep -c 'opening it again.*service=job partition=0' || :
}

account() { # NAME
    jq -cn --arg e "$1.$$.$EPOCHSECONDS@example.org" \
        '{email: $e, password: "correct horse", display_name: "Ben", roles: ["client"]}'
}

login() { # STATUS
    call '' POST /api/login/ "$1" "$(jq -cn --arg e "$ana_email" '{email: $e, password: "correct horse of ana"}')"
}

unavailable() { # the last answer says so, and when to come again
    refused unavailable
    [[ $(header Retry-After) =~ ^[0-9]+$ ]] || die "no Retry-After"
}

person ana client
post_job "$ana_token"
ben=$(account ben)
database=$(sql 'SELECT current_database()')
processes=$(processes)
restarts_before=$(restarts) complaints_before=$(complaints)
trap 'take_writes; rm -rf "$http_work"' EXIT

it "a database that takes no writes is 503 to who writes, and /readyz tells without their help"
sql "ALTER DATABASE $database SET default_transaction_read_only = on"
end_backends
until_true 20 "the API is not ready" readyz "$HIRELOG_ADMIN_URL" 503
until_true 20 "it says why" eval 'readyz "$HIRELOG_ADMIN_URL" 503 && jq -e ".writable.user == false" "$http_work/readyz"'
until_true 20 "the worker is not ready" readyz "$HIRELOG_WORKER_ADMIN_URL" 503
until_true 20 "the other worker is not ready" readyz "$HIRELOG_WORKER2_ADMIN_URL" 503
for _ in 1 2 3; do # on one connection after the other
    login 503
    unavailable
    call '' POST /api/register/ 503 "$ben"
    unavailable
done

it "what is there can be read"
call "$ana_token" GET /api/profile/ 200
call '' GET "/api/jobs/$job_id/" 200

it "a lane that fails again and again says so once"
until_true 60 "a lane has tried some times" restarted 5
((complaints_before + 3 >= $(complaints))) || die "$(($(complaints) - complaints_before)) complaints of one lane"

it "it comes back by itself"
take_writes
until_true 20 "the API is ready" readyz "$HIRELOG_ADMIN_URL" 200
until_true 30 "the worker is ready" readyz "$HIRELOG_WORKER_ADMIN_URL" 200
until_true 30 "the other worker is ready" readyz "$HIRELOG_WORKER2_ADMIN_URL" 200
login 200
call '' POST /api/register/ 201 "$ben"
call "$ana_token" POST /api/jobs/create/ 201 "$json"
[[ $processes == "$(processes)" ]] || die "a process was lost on the way"
