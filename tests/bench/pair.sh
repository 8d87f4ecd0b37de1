#!/usr/bin/env bash
# pair.sh OTHER-CHECKOUT [ROUNDS] - POST and GET of this checkout beside those of another one, both built, each with a stack of its own,
# in turns on the same machine; prints the means and their ratios. A ratio is what to believe: the machine is noisy.
#
#   SCALE   of the numbers of requests, in percent (100)
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD other=$(realpath "$1") rounds=${2:-3}
load=$here/build/release/tests/bench/http_load
place=$(mktemp -d "$here/build/pair.XXXXXX")
chmod 755 "$place"
rows=('POST 1 400' 'POST 16 6000' 'POST 64 12000' 'POST 256 30000' 'GET 16 40000' 'GET 64 60000' 'GET 256 60000' 'LIST 16 6000')
body='{"title":"Translate a manual","description":"Forty pages about pumps.","skills":["german","pumps"],"budget":{"amount":150000,"currency":"EUR"}}'

stack() { # NAME CHECKOUT VERB
    (cd "$2" && HIRELOG_BIN=$2/build/hirelog HIRELOG_VAR=$place/$1 ops/stack.sh "$3")
}
end() {
    stack other "$other" reset
    stack here "$here" reset
    rm -rf "$place"
}
trap end EXIT

account() { # NAME - leaves what a load needs in $place/NAME.load: host, port, token, id of a job
    local url token id email=pair-$RANDOM@example.org
    # shellcheck disable=SC1090
    source "$place/$1/run/stack.env"
    url=$HIRELOG_URL
    api() { curl -sS --fail-with-body -H 'Content-Type: application/json' "$@"; }
    api -o /dev/null "$url/api/register/" -d "{\"email\":\"$email\",\"password\":\"a long bench password\",\"display_name\":\"B\",\"roles\":[\"client\"]}"
    token=$(api "$url/api/login/" -d "{\"email\":\"$email\",\"password\":\"a long bench password\"}" | jq -r .token)
    id=$(api "$url/api/jobs/create/" -H "Authorization: Bearer $token" -d "$body" | jq -r .id)
    url=${url#http://}
    echo "${url%%:*} ${url##*:} $token $id" >"$place/$1.load"
}

measure() { # NAME KIND CONNECTIONS REQUESTS -> rate and p50
    local host port token id line
    read -r host port token id <"$place/$1.load"
    case $2 in
    POST) line=$("$load" "$host" "$port" POST /api/jobs/create/ "$3" "$4" 201 "Authorization: Bearer $token" <<<"$body") ;;
    GET) line=$("$load" "$host" "$port" GET "/api/jobs/$id/" "$3" "$4" 200) ;;
    LIST) line=$("$load" "$host" "$port" GET '/api/jobs/?page_size=20' "$3" "$4" 200) ;;
    esac
    sed -n 's/.*rate=\([0-9.]*\).*p50_ms=\([0-9.]*\).*/\1 \2/p' <<<"$line"
}

for name in other here; do
    stack $name "${!name}" up
    account $name
    measure $name POST 256 40000 >/dev/null # the broker's compiler, the planner's statistics
    measure $name POST 16 6000 >/dev/null
done
for ((round = 1; round <= rounds; round++)); do
    for row in "${rows[@]}"; do
        read -r kind connections requests <<<"$row"
        order=(other here)
        ((round % 2)) || order=(here other)
        for name in "${order[@]}"; do
            echo "$name $kind $connections $(measure $name "$kind" "$connections" $((requests * ${SCALE:-100} / 100)))" | tee -a "$place/figures" >&2
        done
    done
done
awk '{rate[$1, $2, $3] += $4; p50[$1, $2, $3] += $5; n[$1, $2, $3]++; key = $2 " " $3; if (!seen[key]++) order[++rows] = key}
    END {
        printf "%-10s %12s %12s %7s %10s %10s\n", "", "other /s", "here /s", "ratio", "other p50", "here p50"
        for (i = 1; i <= rows; i++) {
            split(order[i], k, " ")
            a = "other" SUBSEP k[1] SUBSEP k[2]; b = "here" SUBSEP k[1] SUBSEP k[2]
            printf "%-10s %12.0f %12.0f %7.3f %10.2f %10.2f\n", order[i], rate[a] / n[a], rate[b] / n[b], (rate[b] / n[b]) / (rate[a] / n[a]),
                p50[a] / n[a], p50[b] / n[b]
        }
    }' "$place/figures"
