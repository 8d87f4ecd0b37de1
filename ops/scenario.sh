#!/usr/bin/env bash
# scenario.sh [stack.env] - two people register and log in, a job is posted, applied for and filled, over HTTP; then the same
# facts as Kafka has them, read with the registry's schemas, and as PostgreSQL has them. Every run makes new people.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
env_file=$(realpath "${1:-${HIRELOG_VAR:-$root/var}/run/stack.env}")
# shellcheck disable=SC1090
source "$env_file"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tag=$(date +%s)-$$

die() {
    echo "scenario.sh: $*" >&2
    exit 1
}

say() {
    printf '\n== %s\n' "$*"
}

call() { # TOKEN METHOD PATH STATUS [BODY] - prints what is said; the answer's body is $work/body
    local token=$1 method=$2 path=$3 expected=$4 body=${5:-} args status
    args=(-sS -o "$work/body" -w '%{http_code}' -X "$method" "$HIRELOG_URL$path" --max-time 40)
    [[ -z $token ]] || args+=(-H @<(echo "Authorization: Bearer $token"))
    [[ -z $body ]] || args+=(-H 'Content-Type: application/json' --data-binary "$body")
    status=$(curl "${args[@]}") || die "$method $path: no answer"
    printf '%-5s %-64s %s\n' "$method" "$path" "$status"
    [[ $status == "$expected" ]] || die "expected $expected, got $status: $(<"$work/body")"
}

got() { # FILTER - a member of the last answer
    jq -er "$1" "$work/body" || die "no $1 in: $(<"$work/body")"
}

person() { # NAME ROLE - sets <name>_id and <name>_token
    local name=$1 role=$2 email=$1.$tag@example.org password="correct horse of $1"
    call '' POST /api/register/ 201 \
        "$(jq -n --arg e "$email" --arg p "$password" --arg n "${name^}" --arg r "$role" \
            '{email: $e, password: $p, display_name: $n, roles: [$r]}')"
    declare -g "${name}_id=$(got .id)"
    call '' POST /api/login/ 200 "$(jq -n --arg e "$email" --arg p "$password" '{email: $e, password: $p}')"
    declare -g "${name}_token=$(got .token)"
}

registry_schemas() { # every version of every subject into $work/ids/<id>
    local subject version
    mkdir -p "$work/ids"
    curl -fsS "$HIRELOG_REGISTRY_URL/subjects" | jq -r '.[]' >"$work/subjects"
    while read -r subject; do
        for version in $(curl -fsS "$HIRELOG_REGISTRY_URL/subjects/$subject/versions" | jq -r '.[]'); do
            curl -fsS "$HIRELOG_REGISTRY_URL/subjects/$subject/versions/$version" -o "$work/version"
            jq -r .schema "$work/version" >"$work/ids/$(jq -r .id "$work/version")"
        done
    done <"$work/subjects"
}

events_of() { # TOPIC ID ... - the events that name one of the ids
    local topic=$1 pattern
    shift
    pattern=$(IFS='|' && echo "$*")
    printf '\n%s\n' "$topic"
    kcat -q -b "$HIRELOG_BROKERS" -C -t "$topic" -X isolation.level=read_committed -o beginning -e -f '%R%s' |
        "$root/build/tools/avro_cat" "$work/ids" | grep -E "$pattern" | while read -r name json; do
        printf '  %-20s %s\n' "$name" "$(jq -c '.meta.version as $v | del(.meta) | {version: $v} + .' <<<"$json")"
    done
}

rows() { # SCHEMA-OF-SERVICE TABLE COLUMN ID
    local service=$1 table=$2 column=$3 id=$4 schema
    schema=hirelog_${service}_g$(psql -XAtq "$HIRELOG_PG" -c "SELECT generation FROM hirelog_$service.control")
    printf '\n%s.%s\n' "$schema" "$table"
    psql -XAtq "$HIRELOG_PG" -v id="$id" <<<"SELECT '  ' || to_jsonb(t) FROM $schema.$table t WHERE $column = :'id'"
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
[[ $(got .status) == filled ]] || die "the job is not filled: $(<"$work/body")"
call "$ben_token" GET "/api/contracts/$contract_id/" 200
jq -C . "$work/body"

say "The record: events in Kafka, decoded with the schemas of $HIRELOG_REGISTRY_URL"
registry_schemas
events_of hirelog.user.events "$ana_id" "$ben_id"
events_of hirelog.job.events "$job_id" "$application_id" "$contract_id"

say "The view: rows in PostgreSQL"
rows user users user_id "$ana_id"
rows user users user_id "$ben_id"
rows job job job_id "$job_id"
rows job application job_id "$job_id"
rows job contract job_id "$job_id"

say "Listening"
cat "$env_file"
