#!/usr/bin/env bash
# Two of three brokers away: no process ends, no thread or descriptor stays behind, a write is 503 or 202, and soon after the return all is
# as before without a restart. Longer than the watchdog's patience of 20 s.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/brokers.sh"
outage_s=30 return_s=45 shapes=(alone) writers=8
if [[ ${HIRELOG_ROUND:-short} == full ]]; then
    outage_s=120 return_s=15 shapes=(alone together)
fi

post() { # KEY [FILE] - the status of a write; the answer goes into the file
    curl -sS -o "${2:-$http_work/answer}" -w '%{http_code}' --max-time 40 -X POST -H "@$http_work/ana" -H "Idempotency-Key: $1" \
        -H 'Prefer: wait=2' -H 'Content-Type: application/json' --data-binary "$json" "$HIRELOG_URL/api/jobs/create/"
}

stored() { # KEY - its write is answered in full
    [[ $(post "$1") == 201 ]]
}

# Writes on and on until one is not answered in full: so lanes are within transactions when the brokers die.
writer() { # NUMBER
    local n=0 status=201
    while [[ $status == 201 ]]; do
        n=$((n + 1))
        echo "writer-$1-$n" >>"$http_work/keys"
        status=$(post "writer-$1-$n" "$http_work/answer-$1") || status=none
    done
    echo "$status" >>"$http_work/statuses"
}

busy() { # the writers have been at it for a while
    (($(wc -l <"$http_work/keys") >= 10 * writers))
}

most() { # A B
    echo $(($1 > $2 ? $1 : $2))
}

outage() { # the statuses of the writes go into $statuses
    local deadline=$((SECONDS + outage_s)) key=0 status
    while ((SECONDS < deadline)); do
        key=$((key + 1))
        status=$(post "away-$key") || die "a write without a quorum got no answer"
        statuses[$status]=$((${statuses[$status]:-0} + 1))
        [[ $status == 503 || $status == 202 ]] || die "a write without a quorum: $status $(<"$http_work/answer")"
        alive worker || die "the worker has ended: $(tail -n 3 "$var/log/worker.log")"
        alive api || die "the API has ended: $(tail -n 3 "$var/log/api.log")"
        peak_threads=$(most "$peak_threads" "$(threads_of worker)")
        peak_descriptors=$(most "$peak_descriptors" "$(descriptors_of worker)")
        read -rt 0.2 <> <(:) || :
    done
    keys=$key
}

whole_shape() { # alone|together
    declare -A statuses=()
    local writing=() keys=0 key threads descriptors peak_threads=0 peak_descriptors=0 began rows
    it "three brokers, the controller $1: writes are decided"
    cluster_start "$1"
    hirelog_up worker
    hirelog_up api
    until_true 90 'worker and API' eval 'ready worker && ready api'
    person ana client
    (umask 077 && echo "Authorization: Bearer $ana_token" >"$http_work/ana")
    until_true 20 'a job' stored first
    threads=$(threads_of worker) descriptors=$(descriptors_of worker)

    it "two brokers away for $outage_s s: 503 or 202, nobody ends"
    : >"$http_work/keys"
    : >"$http_work/statuses"
    for ((key = 1; key <= writers; key++)); do
        writer "$key" &
        writing+=($!)
    done
    until_true 60 'writers at work' busy
    kill_now broker1 broker2
    outage
    wait "${writing[@]}"
    grep -vE '^(503|202)$' "$http_work/statuses" && die 'a writer was answered neither 503 nor 202'
    for key in "${!statuses[@]}"; do echo "$key: ${statuses[$key]} writes"; done
    call '' GET /api/jobs/ 200
    echo "worker: $threads threads and $descriptors descriptors before, at most $peak_threads and $peak_descriptors meanwhile"
    ((peak_threads <= threads + threads / 4 && peak_descriptors <= descriptors + descriptors / 4)) || die 'threads or descriptors grow'

    it "they come back: all is well, without a restart"
    broker_start 1
    broker_start 2
    until_true 90 'two brokers back' all_in_sync
    began=$SECONDS
    until_true $return_s 'worker and API ready' eval 'ready worker && ready api'
    until_true $return_s 'a write' stored after
    echo "well again after $((SECONDS - began)) s"
    ((SECONDS - began <= return_s)) || die "not within $return_s s"

    it "what was sent meanwhile is there once when it is sent again"
    for ((key = 1; key <= keys; key++)); do
        until_true 20 "write away-$key" stored "away-$key"
    done
    while read -r key; do
        until_true 20 "write $key" stored "$key"
    done <"$http_work/keys"
    keys=$((keys + $(wc -l <"$http_work/keys")))
    rows=$(sql "SELECT count(*) FROM $(view job).posting WHERE client_id = '$ana_id'")
    [[ $rows == $((keys + 2)) ]] || die "$rows jobs of $((keys + 2)) keys"
    (($(threads_of worker) <= threads + threads / 10)) || die "threads before $threads, after $(threads_of worker)"
    (($(descriptors_of worker) <= descriptors + descriptors / 10)) || die "descriptors before $descriptors, after $(descriptors_of worker)"
    kill_now worker api
}

for shape in "${shapes[@]}"; do
    whole_shape "$shape"
    for node in "${nodes[@]}"; do kill_now "broker$node"; done
    "$faults_root/ops/stack.sh" stop postgres
    rm -rf "$var"/broker*
    [[ $shape == "${shapes[-1]}" ]] || "$faults_root/ops/stack.sh" reset
    mkdir -p "$var/log"
done
