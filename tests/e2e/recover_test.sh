#!/usr/bin/env bash
# An account whose credential the vault has lost: it is named, and its owner sets a password by an operator's token.
source "$(dirname "$0")/spec.sh"
set +o pipefail

email=mia-$RANDOM$RANDOM@example.org
account() { "$HIRELOG_BIN" account "$@" --config "$HIRELOG_CONFIG"; }
sql() { psql -XAtq "$HIRELOG_PG" -c "$1"; }
log_in() { # STATUS PASSWORD
    call '' POST /api/login/ "$1" "{\"email\": \"$email\", \"password\": \"$2\"}"
}
reset() { # STATUS TOKEN PASSWORD [CURL-ARGUMENT ...]
    call '' POST /api/password/reset/ "$1" "{\"token\": \"$2\", \"new_password\": \"$3\"}" "${@:4}"
}
ends_with() { # CODE ARGUMENT ... - of hirelog account
    local code=0
    account "${@:2}" >"$http_work/out" 2>"$http_work/err" || code=$?
    [[ $code == "$1" ]] || die "account ${*:2}: exit code $code, not $1: $(<"$http_work/err")"
    [[ $code == 0 || ! -s $http_work/out ]] || die "account ${*:2} prints: $(<"$http_work/out")"
}

it "the credential is lost: no password is right, and the account is named"
call '' POST /api/register/ 201 \
    "{\"email\": \"$email\", \"password\": \"the first horse\", \"display_name\": \"Mia\", \"roles\": [\"client\"]}"
id=$(got .id)
log_in 200 "the first horse"
session=$(got .token)
sql "DELETE FROM hirelog_user_vault.credential WHERE user_id = '$id'"
log_in 401 "the first horse"
call "$session" POST /api/profile/password/ 401 '{"old_password": "the first horse", "new_password": "another horse"}'
account list --without-credential | grep -q "^$id"$'\t'"$email"$'\t' || die "the account is not named"

it "what is not understood changes nothing"
ends_with 64 recover
ends_with 64 recover "$id" "$id"
ends_with 64 recover not-an-id
ends_with 64 mend
ends_with 69 recover "$nobody"
call '' POST /api/password/reset/ 400 '{}'
has '[.errors[].field] | sort | join(" ")' 'new_password token'
reset 400 "$(printf 'A%.0s' {1..75})" "the second horse"
has '.errors[0].field' token
reset 400 short "the second horse"
has '.errors[0].code' format
call '' POST /api/password/reset/ 400 '{"token": 7, "new_password": "the second horse"}'
has '.errors[0].code' type

it "a token is good for an hour, and for a password that may be one"
old=$(HIRELOG_CLOCK_SHIFT_MS=-3601000 account recover "$id")
reset 400 "$old" "the second horse"
token=$(account recover "$id")
reset 400 "$token" "short"
has '.errors[0].field' new_password
other=$(account recover "$id")

it "the owner sets a password, once; all sessions end"
reset 204 "$token" "the second horse" -H 'Idempotency-Key: reset'
reset 204 "$token" "the second horse" -H 'Idempotency-Key: reset'
reset 422 "$token" "the third horse" -H 'Idempotency-Key: reset'
reset 400 "$token" "the third horse"
has '.errors[0].field' token
reset 400 "$other" "the third horse" # made before the change
log_in 200 "the second horse"
call "$session" GET /api/profile/ 401
[[ -z $(account list --without-credential | grep "^$id") ]] || die "the account is still named"

it "two at once: one of them"
token=$(account recover "$id")
for i in 1 2 3 4; do
    curl -sS -o /dev/null -w '%{http_code}\n' -H 'Content-Type: application/json' "$HIRELOG_URL/api/password/reset/" \
        -d "{\"token\": \"$token\", \"new_password\": \"horse number $i\"}" >"$http_work/race.$i" &
done
wait
[[ $(sort "$http_work"/race.* | uniq -c | tr -s ' \n' ' ') == ' 1 204 3 400 ' ]] || die "answers: $(sort "$http_work"/race.* | uniq -c)"

it "a closed account stays closed"
for i in 1 2 3 4; do
    [[ $(<"$http_work/race.$i") != 204 ]] || log_in 200 "horse number $i"
done
token=$(account recover "$id")
call "$(got .token)" POST /api/profile/deactivate/ 204
ends_with 73 recover "$id"
reset 409 "$token" "the last horse"
has .code account_deactivated
