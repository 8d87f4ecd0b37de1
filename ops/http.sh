# http.sh - a dialogue with hirelog in bash; sourced by ops/scenario.sh and tests/e2e. Needs $HIRELOG_URL.
#
#     call "$token" POST /api/jobs/create/ 201 "$body" -H 'Idempotency-Key: k'      says what it does, fails at another status
#     id=$(got .id); has .status open; header Location
#
# shellcheck shell=bash
http_work=$(mktemp -d)
trap 'rm -rf "$http_work"' EXIT

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

call() { # TOKEN METHOD PATH STATUS [BODY [CURL-ARGUMENT ...]] - an empty TOKEN or BODY is none
    local token=$1 method=$2 path=$3 expected=$4 body=${5:-} args status
    args=(-sS -o "$http_work/body" -D "$http_work/headers" -w '%{http_code}' -X "$method" --max-time 40)
    : >"$http_work/body"
    if [[ -n $token ]]; then # by file: argument lists are public
        (umask 077 && echo "Authorization: Bearer $token" >"$http_work/token")
        args+=(-H "@$http_work/token")
    fi
    [[ -z $body ]] || args+=(-H 'Content-Type: application/json' --data-binary "$body")
    status=$(curl "${args[@]}" "${@:6}" "$HIRELOG_URL$path") || die "$method $path: no answer"
    printf '%-5s %-72s %s\n' "$method" "${path:0:72}" "$status"
    [[ $status == "$expected" ]] || die "$method $path: expected $expected, got $status: $(<"$http_work/body")"
}

got() { # FILTER - a member of the last answer
    jq -er "$1" "$http_work/body" || die "no $1 in: $(<"$http_work/body")"
}

has() { # FILTER TEXT - the last answer has this there
    local value
    value=$(jq -r "$1" "$http_work/body") || die "not JSON: $(<"$http_work/body")"
    [[ $value == "$2" ]] || die "expected $1 = $2 in: $(<"$http_work/body")"
}

header() { # NAME - of the last answer; empty when absent
    tr -d '\r' <"$http_work/headers" | sed -n "s/^$1: //Ip" | tail -n 1
}

seen_by() { # TOKEN PATH FILTER TEXT - the read that follows a write of another service waits for the write's Hirelog-Position
    local position
    position=$(header Hirelog-Position)
    [[ -n $position ]] || die "the last answer has no position"
    call "$1" GET "$2" 200 '' -H "Hirelog-After: $position" -H 'Prefer: wait=30'
    has "$3" "$4"
}

await() { # TOKEN PATH FILTER TEXT - what a reactor does is not covered by positions: asks again until it is there, 30 s at most
    local deadline=$((SECONDS + 30)) args=(-sS -o "$http_work/body" -D "$http_work/headers" --max-time 40)
    (umask 077 && echo "Authorization: Bearer $1" >"$http_work/token")
    until curl "${args[@]}" -H "@$http_work/token" "$HIRELOG_URL$2" && [[ $(jq -r "$3" "$http_work/body") == "$4" ]]; do
        ((SECONDS < deadline)) || die "GET $2: $3 does not become $4: $(<"$http_work/body")"
        sleep 0.1
    done
    printf '%-5s %-72s %s\n' GET "${2:0:72}" "$3 = $4"
}

refused() { # CODE - the last answer is a problem of this kind
    [[ $(header Content-Type) == application/problem+json* ]] || die "not a problem: $(header Content-Type)"
    has .code "$1"
}

person() { # NAME ROLE - registers and logs in; sets <name>_id, <name>_token, <name>_email. Every run makes new people.
    local name=$1 role=$2 email=$1.$$.$EPOCHSECONDS@example.org password="correct horse of $1"
    call '' POST /api/register/ 201 \
        "$(jq -cn --arg e "$email" --arg p "$password" --arg n "${name^}" --arg r "$role" \
            '{email: $e, password: $p, display_name: $n, roles: [$r]}')"
    declare -g "${name}_id=$(got .id)" "${name}_email=$email"
    call '' POST /api/login/ 200 "$(jq -cn --arg e "$email" --arg p "$password" '{email: $e, password: $p}')"
    declare -g "${name}_token=$(got .token)"
}

# What kcat reads is decoded by avro_cat with the registry's own texts, fetched here: every version of every subject.
registry_fetch() { # DIR
    local subject version
    mkdir -p "$1"
    curl -fsS "$HIRELOG_REGISTRY_URL/subjects" | jq -r '.[]' >"$http_work/subjects"
    while read -r subject; do
        for version in $(curl -fsS "$HIRELOG_REGISTRY_URL/subjects/$subject/versions" | jq -r '.[]'); do
            curl -fsS "$HIRELOG_REGISTRY_URL/subjects/$subject/versions/$version" -o "$http_work/version"
            jq -r .schema "$http_work/version" >"$1/$(jq -r .id "$http_work/version")"
        done
    done <"$http_work/subjects"
}

events_of() { # DIR TOPIC - every event of a topic as "Name {json}"
    kcat -q -b "$HIRELOG_BROKERS" -C -t "$2" -X isolation.level=read_committed -o beginning -e -f '%R%s' |
        "$http_root/build/tools/avro_cat" "$1"
}
http_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
