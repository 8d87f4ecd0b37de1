#!/usr/bin/env bash
# What a client may do twice: Idempotency-Key, Prefer, reading its own writes.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
person ana client
person eve client

it "the same key and payload make one job"
call "$ana_token" POST /api/jobs/create/ 201 "$json" -H 'Idempotency-Key: one'
first=$(got .id)
call "$ana_token" POST /api/jobs/create/ 201 "$json" -H 'Idempotency-Key: one'
has .id "$first"
call '' GET "/api/jobs/?client_id=$ana_id" 200
has '.results | length' 1

it "another payload under the key is told so; another person's key is another key"
call "$ana_token" POST /api/jobs/create/ 422 "${json/150000/150001}" -H 'Idempotency-Key: one'
refused idempotency_key_reused
call "$eve_token" POST /api/jobs/create/ 201 "$json" -H 'Idempotency-Key: one'
[[ $(got .id) != "$first" ]] || die "Eve got Ana's job"

it "twenty at once with one key make one job"
(umask 077 && echo "Authorization: Bearer $ana_token" >"$http_work/ana")
printf '%s' "$json" >"$http_work/job.json"
export http_work HIRELOG_URL
seq 20 | xargs -P 20 -I{} curl -sS -o "$http_work/answer.{}" --max-time 40 -X POST -H "@$http_work/ana" \
    -H 'Content-Type: application/json' -H 'Idempotency-Key: many' --data-binary "@$http_work/job.json" "$HIRELOG_URL/api/jobs/create/"
[[ $(cat "$http_work"/answer.* | jq -r .id | sort -u | wc -l) == 1 ]] || die "different answers: $(cat "$http_work"/answer.*)"
call '' GET "/api/jobs/?client_id=$ana_id" 200
has '.results | length' 2

it "a key is told its outcome, also when the view has lost what the command names (rows are taken out by hand)"
person ben freelancer
job=$(view job) user=$(view user)
post_job "$ana_token"
apply_for "$ben_token" "$job_id"
hiring="{\"application_id\": \"$application_id\"}"
call "$ana_token" POST "/api/clients/$ana_id/hires/" 201 "$hiring" -H 'Idempotency-Key: hire'
contract_id=$(got .id) location=$(header Location)
sql "CREATE TABLE public.lost AS SELECT * FROM $job.application WHERE application_id = '$application_id';
    DELETE FROM $job.application WHERE application_id = '$application_id'"
call "$ana_token" POST "/api/clients/$ana_id/hires/" 201 "$hiring" -H 'Idempotency-Key: hire'
has .id "$contract_id"
[[ $(header Location) == "$location" ]] || die "another Location: $(header Location)"
call "$ana_token" POST "/api/clients/$ana_id/hires/" 422 "{\"application_id\": \"$nobody\"}" -H 'Idempotency-Key: hire'
refused idempotency_key_reused
call "$ana_token" POST "/api/clients/$ana_id/hires/" 404 "$hiring" -H 'Idempotency-Key: never'
call "$ana_token" POST "/api/clients/$ana_id/hires/" 404 "$hiring"
sql "UPDATE $job.outcome SET key = NULL WHERE aggregate_id = '$contract_id' OR command_id = '$contract_id'"
call "$ana_token" POST "/api/clients/$ana_id/hires/" 503 "$hiring" -H 'Idempotency-Key: hire' # an older program's outcome: nobody can compare
sql "INSERT INTO $job.application SELECT * FROM public.lost; DROP TABLE public.lost"
call "$ana_token" POST "/api/clients/$ana_id/hires/" 201 "$hiring" -H 'Idempotency-Key: hire'
has .id "$contract_id"
message="{\"to\": \"$ben_id\", \"body\": \"Welcome.\"}"
call "$ana_token" POST /api/messages/create/ 201 "$message" -H 'Idempotency-Key: message'
message_id=$(got .id)
sql "CREATE TABLE public.lost AS SELECT * FROM $user.account WHERE user_id = '$ben_id';
    DELETE FROM $user.account WHERE user_id = '$ben_id'"
call "$ana_token" POST /api/messages/create/ 201 "$message" -H 'Idempotency-Key: message'
has .id "$message_id"
call "$ana_token" POST /api/messages/create/ 422 "${message/Welcome/Go away}" -H 'Idempotency-Key: message'
call "$ana_token" POST /api/messages/create/ 404 "$message" -H 'Idempotency-Key: another'
sql "INSERT INTO $user.account SELECT * FROM public.lost; DROP TABLE public.lost"

it "an answer need not be waited for"
call "$ana_token" POST /api/jobs/create/ 202 "$json" -H 'Prefer: respond-async'
location=$(header Location)
[[ $location == */api/commands/*/ ]] || die "Location: $location"
path=/api/commands/${location#*/api/commands/}
call "$eve_token" GET "$path" 404
for ((deadline = SECONDS + 10; SECONDS < deadline; )); do
    call "$ana_token" GET "$path" 200
    [[ $(got .status) == pending ]] || break
done
has .status applied

it "a read after a write's position sees the write"
post_job "$ana_token"
position=$(header Hirelog-Position)
call '' GET "/api/jobs/$job_id/" 200 '' -H "Hirelog-After: $position" -H 'Prefer: wait=5'
call '' GET "/api/jobs/$job_id/" 503 '' -H "Hirelog-After: job/${position#job/}0000" -H 'Prefer: wait=0'
[[ -n $(header Retry-After) ]] || die "503 without Retry-After"

it "pages of a list lead to each other and hold everything once"
for _ in 1 2 3; do
    post_job "$eve_token"
done
call '' GET "/api/jobs/?client_id=$eve_id&page_size=3" 200
jq -r '.results[].id' "$http_work/body" >"$http_work/ids"
has .previous null
next=$(got .next)
call '' GET "/api/${next#*/api/}" 200
jq -r '.results[].id' "$http_work/body" >>"$http_work/ids"
has .next null
[[ $(sort -u "$http_work/ids" | wc -l) == 4 ]] || die "pages: $(<"$http_work/ids")"
previous=$(got .previous)
call '' GET "/api/${previous#*/api/}" 200
[[ $(jq -r '.results[].id' "$http_work/body") == "$(head -n 3 "$http_work/ids")" ]] || die "the way back is another"
