#!/usr/bin/env bash
# A session is in use where any process sees it used: what one process remembers never says no.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
work=$HIRELOG_VAR/sessions
mkdir -p "$work"
person ana client

it "a second API, with the shortest idle time"
sed -e 's/^\(api.*_port\) = .*/\1 = 0/' "$HIRELOG_CONFIG" >"$work/hirelog.conf"
echo "session_idle_s = 60" >>"$work/hirelog.conf"
start_second() { # sets HIRELOG_URL
    (unset HIRELOG_URL HIRELOG_ADMIN_URL HIRELOG_WORKER_ADMIN_URL HIRELOG_REGISTRY_URL HIRELOG_PIDS HIRELOG_CONFIG HIRELOG_PG HIRELOG_BROKERS
        exec "$HIRELOG_BIN" api --config "$work/hirelog.conf" >"$work/api.log" 2>&1) &
    second=$!
    until_true 60 "the second API" grep -q 'msg="serving"' "$work/api.log"
    HIRELOG_URL=http://127.0.0.1:$(sed -n 's/.*msg="serving".* port=\([0-9]*\).*/\1/p' "$work/api.log")
}
trap 'kill "$second" 2>/dev/null; wait; rm -rf "$http_work"' EXIT
first_url=$HIRELOG_URL

session() { # COLUMN = VALUE of Ana's session
    sql "UPDATE hirelog_user_vault.session SET $1 WHERE user_id = '$ana_id' AND NOT revoked"
}
seconds_unused() {
    sql "SELECT extract(epoch FROM now() - last_seen_at)::int FROM hirelog_user_vault.session WHERE user_id = '$ana_id' AND NOT revoked"
}

it "what the cache calls over is read once more before it is refused"
start_second
session "expires_at = now() + interval '5 s'"
call "$ana_token" GET /api/profile/ 200
remembered=$EPOCHSECONDS
session "expires_at = now() + interval '1 h'"
until_true 20 "the end that the process remembers" eval '((EPOCHSECONDS > remembered + 6))'
call "$ana_token" GET /api/profile/ 200

it "its last use is written after a tenth of the time that it may be idle"
session "revoked = true"
call '' POST /api/login/ 200 "$(jq -cn --arg e "$ana_email" '{email: $e, password: "correct horse of ana"}')"
token=$(got .token)
session "last_seen_at = now() - interval '10 s'"
call "$token" GET /api/profile/ 200
until_true 20 "the use in the database" eval '(($(seconds_unused) < 9))'

it "a session that nobody used for so long has ended, though the first API would have it"
session "last_seen_at = now() - interval '100 s'"
kill "$second"
wait "$second" || :
start_second
call "$token" GET /api/profile/ 401
HIRELOG_URL=$first_url
call "$token" GET /api/profile/ 200
