#!/usr/bin/env bash
# scenario.sh [stack.env] - two people register and log in, a job is posted, applied for and filled, over HTTP; then the same
# facts as Kafka has them, read with the registry's schemas, and as PostgreSQL has them. Every run makes new people.
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

say "A client and a freelancer register and log in"
person ana client
person ben freelancer

say "Ana posts a job, Ben applies, Ana hires him"
call "$ana_token" POST /api/jobs/create/ 201 '{"title": "Read a log backwards", "description":
    "We lost the index.", "skills": ["kafka", "c"], "budget": {"amount": 150000, "currency": "EUR"}}'
job_id=$(got .id)
call "$ben_token" POST "/api/jobs/$job_id/applications/" 201 \
    '{"cover_letter": "I have done it forwards.", "bid": {"amount": 140000, "currency": "EUR"}}'
application_id=$(got .id)
call "$ana_token" POST "/api/clients/$ana_id/hires/" 201 "{\"application_id\": \"$application_id\"}"
contract_id=$(got .id)
call '' GET "/api/jobs/$job_id/" 200
has .status filled
call "$ben_token" GET "/api/contracts/$contract_id/" 200
jq -C . "$http_work/body"

say "The record: events in Kafka, decoded with the schemas of $HIRELOG_REGISTRY_URL"
registry_fetch "$http_work/ids"
facts hirelog.user.events "$ana_id" "$ben_id"
facts hirelog.job.events "$job_id" "$application_id" "$contract_id"

say "The view: rows in PostgreSQL"
rows user account user_id "$ana_id"
rows user account user_id "$ben_id"
rows job posting job_id "$job_id"
rows job application job_id "$job_id"
rows job contract job_id "$job_id"

say "Listening"
cat "$env_file"
