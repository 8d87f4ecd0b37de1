#!/usr/bin/env bash
# What bad input gets: the right 4xx, the field named, and a server that goes on.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
person ana client
person ben freelancer
post_job "$ana_token"

invalid() { # FIELD CODE BODY - of POST /api/jobs/create/
    call "$ana_token" POST /api/jobs/create/ 400 "$3"
    refused invalid
    has "[.errors[] | select(.field == \"$1\")][0].code" "$2"
}

it "every bad field is named"
invalid title required '{"description": "x", "skills": [], "budget": {"amount": 1, "currency": "EUR"}}'
invalid budget.amount type "${json/150000/\"much\"}"
invalid budget.amount range "${json/150000/-1}"
invalid budget.currency format "${json/EUR/eur}"
invalid title length "${json/Read a log backwards/}"
invalid title type "${json/\"Read a log backwards\"/null}"
invalid colour unknown "${json/\{/\{\"colour\": \"red\", }"
invalid skills.1 duplicate "${json/\"c\"/\"kafka\"}"
invalid client_id unknown "${json/\{/\{\"client_id\": \"$ben_id\", }"
call "$ana_token" POST /api/jobs/create/ 400 '{"title": "", "colour": 1}'
[[ $(got '.errors | length') -ge 3 ]] || die "not all mistakes are listed: $(<"$http_work/body")"

it "what is not JSON, or not JSON alone, is refused"
call "$ana_token" POST /api/jobs/create/ 400 '{"title": '
call "$ana_token" POST /api/jobs/create/ 400 '[]'
call "$ana_token" POST /api/jobs/create/ 400 "$json {}"
call "$ana_token" POST /api/jobs/create/ 400 '{"title": "a", "title": "b"}'
call "$ana_token" POST /api/jobs/create/ 400 "${json/backwards/\\u0000}"
call "$ana_token" POST /api/jobs/create/ 400 "$(printf '{"title": "\xff"}')"
call "$ana_token" POST /api/jobs/create/ 400 "$(printf '[%.0s' {1..100})"
call "$ana_token" POST /api/jobs/create/ 415 '' -H 'Content-Type: text/plain' --data-binary x
head -c 300000 /dev/zero | tr '\0' ' ' >"$http_work/big"
call "$ana_token" POST /api/jobs/create/ 413 '' -H 'Content-Type: application/json' --data-binary "@$http_work/big"
call "$ana_token" PATCH "/api/jobs/$job_id/" 400 '{}'
call "$ana_token" PATCH "/api/jobs/$job_id/" 400 '{"title": null}'

it "a header of 12 KB is taken, one of 20 KB refused"
call '' GET /api/jobs/ 200 '' -H "X-Long: $(printf '%012000d' 0)"
call '' GET /api/jobs/ 431 '' -H "X-Long: $(printf '%020000d' 0)"
call '' GET "/api/jobs/?q=$(printf '%020000d' 0)" 414

it "paths, ids, methods, tokens, cursors"
call '' GET "/api/jobs/$nobody/" 404
refused not_found
call '' GET /api/jobs/seventeen/ 400
call '' GET /api/nothing/ 404
call '' GET /api/jobs 308
call '' DELETE /api/jobs/ 405
[[ $(header Allow) == *GET* ]] || die "Allow: $(header Allow)"
call '' GET '/api/jobs/?page_size=0' 400
call '' GET '/api/jobs/?page_size=101' 400
call '' GET '/api/jobs/?cursor=x' 400
call '' GET '/api/jobs/?client_id=x' 400
call '' GET '/api/jobs/?status=lost' 400
call garbage GET /api/profile/ 401
[[ -n $(header WWW-Authenticate) ]] || die "401 without WWW-Authenticate"
call '' POST /api/login/ 401 '{"email": "nobody@example.org", "password": "whatever it was"}'
refused invalid_credentials
call "$ben_token" POST /api/jobs/create/ 403 "$json"
refused not_a_client
call "$ana_token" POST /api/jobs/create/ 400 "$json" -H "Idempotency-Key: $(printf 'k%.0s' {1..256})"
call "$ana_token" PATCH "/api/jobs/$job_id/" 400 '{"title": "x"}' -H 'If-Match: nonsense'

raw() { # STATUS, the request on stdin - says it byte by byte, without a client that would mend it
    local status port=${HIRELOG_URL##*:}
    exec 5<>"/dev/tcp/127.0.0.1/$port"
    sed 's/$/\r/' >&5
    read -r -t 10 _ status _ <&5 || die "no answer"
    timeout 10 cat <&5 >/dev/null || die "the connection was not closed"
    exec 5>&-
    echo "raw request: $status"
    [[ $status == "$1" ]] || die "expected $1, got $status"
}

it "ambiguous framing is refused and the connection closed"
raw 400 <<'REQUEST'
POST /api/login/ HTTP/1.1
Host: a
Content-Type: application/json
Content-Length: 2
Content-Length: 3

{}
REQUEST
raw 400 <<'REQUEST'
POST /api/login/ HTTP/1.1
Host: a
Content-Type: application/json
Content-Length: 2
Transfer-Encoding: chunked

0

REQUEST
raw 400 <<'REQUEST'
GET /api/jobs/ HTTP/1.1
Host: a
Host: b

REQUEST

it "the server is none the worse"
call '' GET "/api/jobs/$job_id/" 200
post_job "$ana_token"
