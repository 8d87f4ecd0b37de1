# spec.sh - sourced first by every *_test.sh here: the dialogue of ops/http.sh and the stack under test, whose stack.env is in the
# environment (ops/test.sh).
# shellcheck shell=bash disable=SC1091
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../ops/http.sh"

it() { # what the lines after it show
    printf '\n-- %s\n' "$*"
}

until_true() { # SECONDS WHAT COMMAND ...
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || die "not in time: $what"
        read -rt 0.05 <> <(:) || :
    done
}

json='{"title": "Read a log backwards", "description": "We lost the index.", "skills": ["kafka", "c"],
    "budget": {"amount": 150000, "currency": "EUR"}}'
application='{"cover_letter": "I have done it forwards.", "bid": {"amount": 140000, "currency": "EUR"}}'
nobody=00000000-0000-4000-8000-000000000000

post_job() { # TOKEN - sets job_id
    call "$1" POST /api/jobs/create/ 201 "$json"
    job_id=$(got .id)
}

apply_for() { # TOKEN JOB - sets application_id
    call "$1" POST "/api/jobs/$2/applications/" 201 "$application"
    application_id=$(got .id)
}

hire() { # CLIENT-TOKEN CLIENT APPLICATION - sets contract_id
    call "$1" POST "/api/clients/$2/hires/" 201 "{\"application_id\": \"$3\"}"
    contract_id=$(got .id)
}

record_ids() { # TOPIC - the schema id of every committed record
    kcat -q -b "$HIRELOG_BROKERS" -C -t "$1" -X isolation.level=read_committed -o beginning -e -f '%R%s' |
        python3 -c 'import struct, sys
data = sys.stdin.buffer
while head := data.read(4):
    print(struct.unpack(">xi", data.read(struct.unpack(">i", head)[0])[:5])[0])'
}

sql() { # TEXT - rows, unaligned
    psql -XAtq -v ON_ERROR_STOP=1 "$HIRELOG_PG" -c "$1"
}

view() { # SERVICE - the schema of the live generation
    echo "hirelog_$1_g$(sql "SELECT generation FROM hirelog_$1.control")"
}

pid_of() { # NAME - of a process of the stack
    tr ' ' '\n' <<<"$(sed -n "s/^HIRELOG_PIDS='\(.*\)'/\1/p" "$HIRELOG_VAR/run/stack.env")" | sed -n "s/^$1=//p"
}

processes() { # of the stack that may not end by themselves
    echo "$(pid_of worker)/$(pid_of worker2)/$(pid_of api)"
}

workers_stop() { # both, so that nobody takes over
    "$http_root/ops/stack.sh" stop worker worker2
}

kill_hard() { # NAME
    printf 'kill -9 %s\n' "$1"
    kill -KILL "$(pid_of "$1")"
}

up() {
    "$http_root/ops/stack.sh" up
}
