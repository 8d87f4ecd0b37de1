#!/usr/bin/env bash
# scenario.sh [stack.env] - from two registrations to a refund, through all six services, over HTTP; then the same facts as Kafka
# has them, read with the registry's schemas, and as PostgreSQL has them. Every run makes new people.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
env_file=$(realpath "${1:-${HIRELOG_VAR:-$root/var}/run/stack.env}")
# shellcheck disable=SC1090
source "$env_file"
# shellcheck disable=SC1091
source "$root/ops/http.sh"

say() {
    printf '\n== %s\n' "$*"
}

facts() { # TOPIC ID ... - the events that name one of the ids
    local topic=$1 pattern name json
    shift
    pattern=$(IFS='|' && echo "$*")
    printf '\n%s\n' "$topic"
    events_of "$http_work/ids" "$topic" | grep -E "$pattern" | while read -r name json; do
        printf '  %-20s %s\n' "$name" "$(jq -c '.meta.version as $v | del(.meta) | {version: $v} + .' <<<"$json")"
    done
}

rows() { # SERVICE TABLE COLUMN ID
    local service=$1 table=$2 column=$3 id=$4 schema
    schema=hirelog_${service}_g$(psql -XAtq "$HIRELOG_PG" -c "SELECT generation FROM hirelog_$service.control")
    printf '\n%s.%s\n' "$schema" "$table"
    psql -XAtq "$HIRELOG_PG" -v id="$id" <<<"SELECT '  ' || to_jsonb(t)::text FROM $schema.$table t WHERE $column = :'id'"
}

say "A client and a freelancer register and log in; their profiles appear"
person ana client
person ben freelancer
await '' "/api/clients/$ana_id/" .display_name Ana
await '' "/api/freelancers/$ben_id/" .display_name Ben
call "$ana_token" PATCH "/api/clients/$ana_id/" 200 '{"company": "Ana & Sons", "about": "We keep logs."}'
call "$ben_token" PATCH "/api/freelancers/$ben_id/" 200 '{"headline": "Reads logs", "skills": ["kafka", "c"],
    "hourly_rate": {"amount": 9000, "currency": "EUR"}}'

say "Ana posts a job, Ben finds it and applies"
call "$ana_token" POST /api/jobs/create/ 201 '{"title": "Read a log backwards", "description":
    "We lost the index.", "skills": ["kafka", "c"], "budget": {"amount": 150000, "currency": "EUR"}}'
job_id=$(got .id)
seen_by '' '/api/jobs/?q=log+backwards&skill=kafka&min_budget=100000&currency=EUR' '.results[0].id' "$job_id"
call "$ben_token" POST "/api/jobs/$job_id/applications/" 201 \
    '{"cover_letter": "I have done it forwards.", "bid": {"amount": 140000, "currency": "EUR"}}'
application_id=$(got .id)
seen_by "$ben_token" "/api/freelancers/$ben_id/applications/" '.results[0].status' submitted

say "They talk about it"
call "$ana_token" POST /api/messages/create/ 201 \
    "{\"to\": \"$ben_id\", \"job_id\": \"$job_id\", \"body\": \"How long will it take?\"}"
thread_id=$(got .thread_id) asked_at=$(got .created_at)
call "$ben_token" GET /api/threads/ 200
has '.results[0].unread' 1
call "$ben_token" POST "/api/threads/$thread_id/read/" 200 "{\"up_to\": \"$asked_at\"}"
has .unread 0
call "$ben_token" POST /api/messages/create/ 201 \
    "{\"to\": \"$ana_id\", \"job_id\": \"$job_id\", \"body\": \"A week.\"}"
call "$ana_token" GET "/api/messages/?thread=$thread_id" 200
has '.results | length' 2

say "Ana hires Ben, the work gets done"
call "$ana_token" POST "/api/clients/$ana_id/hires/" 201 "{\"application_id\": \"$application_id\"}"
contract_id=$(got .id)
seen_by '' "/api/clients/$ana_id/jobs/" '.results[0].status' filled
call "$ana_token" POST "/api/contracts/$contract_id/complete/" 200
seen_by '' "/api/freelancers/$ben_id/history/" '.results[0].id' "$contract_id"

say "An invoice appears, is paid in two parts, and refunded in part"
await "$ana_token" /api/invoices/ '.results[0].contract_id' "$contract_id"
invoice_id=$(got '.results[0].id')
call "$ana_token" POST /api/payments/ 201 \
    "{\"invoice_id\": \"$invoice_id\", \"amount\": {\"amount\": 40000, \"currency\": \"EUR\"}, \"method\": \"card\"}"
call "$ana_token" GET "/api/invoices/$invoice_id/" 200
has .status partially_paid
call "$ana_token" POST /api/payments/ 201 "{\"invoice_id\": \"$invoice_id\", \"method\": \"bank_transfer\"}"
payment_id=$(got .id)
call "$ben_token" GET "/api/invoices/$invoice_id/" 200
has .status paid
jq -C . "$http_work/body"
call "$ana_token" POST /api/payments/ 409 "{\"invoice_id\": \"$invoice_id\", \"method\": \"card\"}"
refused invoice_already_paid
call "$ben_token" POST "/api/payments/$payment_id/refund/" 200 '{"amount": {"amount": 15000, "currency": "EUR"}}'

say "The views of all services agree"
refunded=$(header Hirelog-Position)
seen_by '' "/api/clients/$ana_id/" '.spent[0].amount' 125000
has .jobs_posted 1
has .hires 1
jq -C . "$http_work/body"
call '' GET "/api/freelancers/$ben_id/" 200 '' -H "Hirelog-After: $refunded" -H 'Prefer: wait=30'
has '.earned[0].amount' 125000
has .completed 1
jq -C . "$http_work/body"

say "The record: events in Kafka, decoded with the schemas of $HIRELOG_REGISTRY_URL"
registry_fetch "$http_work/ids"
facts hirelog.user.events "$ana_id" "$ben_id"
facts hirelog.client.events "$ana_id"
facts hirelog.freelancer.events "$ben_id"
facts hirelog.job.events "$job_id" "$application_id" "$contract_id"
facts hirelog.messaging.events "$thread_id"
facts hirelog.payment.events "$invoice_id" "$payment_id"

say "The view: rows in PostgreSQL"
rows user account user_id "$ana_id"
rows user account user_id "$ben_id"
rows client profile client_id "$ana_id"
rows freelancer profile freelancer_id "$ben_id"
rows job posting job_id "$job_id"
rows job application job_id "$job_id"
rows job contract job_id "$job_id"
rows freelancer application job_id "$job_id"
rows client hire job_id "$job_id"
rows messaging message thread_id "$thread_id"
rows payment invoice invoice_id "$invoice_id"
rows payment payment invoice_id "$invoice_id"

say "Listening"
cat "$env_file"
