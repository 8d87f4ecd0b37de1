#!/usr/bin/env bash
# `hirelog tail`: events as JSON lines, from a place to an end, or as they come.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
tail_of() { # ARGUMENT ...
    "$HIRELOG_BIN" tail "$@" 2>"$http_work/said"
}
refuses() { # TEXT ARGUMENT ...
    local text=$1 status=0
    shift
    tail_of "$@" && die "tail $* did not fail" || status=$?
    ((status == 78)) || die "tail $* ended with $status"
    grep -qF -- "$text" "$http_work/said" || die "tail $* does not say '$text': $(<"$http_work/said")"
}
follow() { # ARGUMENT ... - in the background, as $following
    : >"$http_work/said"
    "$HIRELOG_BIN" tail "$@" >"$http_work/lines" 2>"$http_work/said" &
    following=$!
}
await_said() { # TEXT - the tail in the background has said it
    local deadline=$((SECONDS + 30))
    until grep -qF "$1" "$http_work/said"; do
        ((SECONDS < deadline)) || die "it does not say '$1': $(<"$http_work/said")"
        read -rt 0.05 <> <(:) || :
    done
}

person ana client
post_job "$ana_token"
first=$job_id
post_job "$ana_token"

it "one aggregate, one line per event, decoded"
tail_of job --end --aggregate "$first" >"$http_work/lines"
[[ $(wc -l <"$http_work/lines") == 1 ]] || die "$(<"$http_work/lines")"
jq -e --arg id "$first" --arg ana "$ana_id" '.type == "hirelog.job.JobPosted" and .subject == $id and .key == $id and
    .id == .event.meta.event_id and .time == .event.meta.occurred_at and .event.client_id == $ana and
    .event.budget == {amount: 150000, currency: "EUR"} and .topic == "hirelog.job.events" and .partition >= 0 and .offset >= 0 and
    (.timestamp | endswith("Z"))' "$http_work/lines" >/dev/null || die "$(<"$http_work/lines")"

it "one type, by either name"
tail_of user --end --type UserRegistered >"$http_work/lines"
[[ $(jq -r .type "$http_work/lines" | sort -u) == hirelog.user.UserRegistered ]] || die "another type came, or none"
tail_of user --end --type hirelog.user.UserRegistered | sort | cmp - <(sort "$http_work/lines") || die "the full name means something else"

it "from a time on"
since=$(tail_of job --end --aggregate "$job_id" | jq -r .timestamp)
tail_of job --end --from "$since" >"$http_work/lines"
grep -q "$job_id" "$http_work/lines" || die "what came at that time is missing"
! grep -q "$first" "$http_work/lines" || die "what came before is there"
[[ -z $(tail_of job --end --from 2100-01-01T00:00:00Z) ]] || die "something came from the future"
tail_of job --end --from 1960-01-01T00:00:00Z | grep -q "$first" || die "from before 1970 is not from the beginning: $(<"$http_work/said")"
[[ -z $(tail_of job --end --from now) ]] || die "something came after the end"

it "as they come, until so many came"
follow job --count 1
await_said following
post_job "$ana_token"
wait $following || die "it ended with $?"
[[ $(jq -r .subject "$http_work/lines") == "$job_id" ]] || die "$(<"$http_work/lines")"

it "who reads no longer ends it, and so does TERM; neither is an error"
"$HIRELOG_BIN" tail job --from beginning 2>"$http_work/said" | head -n 1 >/dev/null
[[ ${PIPESTATUS[0]} == 0 && $(grep -c level=.error "$http_work/said") == 0 ]] || die "$(<"$http_work/said")"
follow job
await_said following
kill -TERM $following
wait $following || die "it ended with $?"

it "what cannot be written is an error, or a script would believe that it has all"
status=0
tail_of job --end >/dev/full || status=$?
((status == 75)) && grep -qF 'standard output: No space left on device' "$http_work/said" || die "it ended with $status: $(<"$http_work/said")"

it "every bad word is named"
refuses 'tail SERVICE' --from now
refuses 'tail nothing: no such service' nothing
refuses '--from yesterday: not a time' job --from yesterday
refuses '--type MessageSent: job has no such event' job --type MessageSent
refuses '--type PostJob: job has no such event' job --type PostJob
refuses '--aggregate x: not a UUID' job --aggregate x
refuses '--count 0: not a number from 1' job --count 0
refuses '--count: its value is missing' job --count
refuses '--nonsense is none of' job --nonsense
refuses 'is none of' job another
! "$HIRELOG_BIN" schemas publsh >"$http_work/lines" 2>"$http_work/said" || die "a mistyped verb published nothing, and said nothing"
grep -qF 'schemas check, publish or list' "$http_work/said" && [[ ! -s $http_work/lines ]] || die "$(<"$http_work/said")"

it "an event of a newer program is waited for, one that nobody can read is said to be so"
export HIRELOG_TOPIC_PREFIX=newer HIRELOG_PARTITIONS=1
"$HIRELOG_BIN" topics create --services job
printf '\x01garbage' >"$http_work/garbage"
printf '\x00\x7f\x00\x00\x01body' >"$http_work/newer"
kcat -q -b "$HIRELOG_BROKERS" -P -t newer.job.events -p 0 "$http_work/garbage" "$http_work/newer"
follow job --from beginning
await_said 'written by a newer program'
kill -TERM $following
wait $following || die "it ended with $?"
[[ $(jq -c '[.offset, .error, has("event")]' "$http_work/lines") == '[0,"not in Confluent framing",false]' ]] || die "$(<"$http_work/lines")"
status=0
tail_of job --end >/dev/null || status=$?
((status == 75)) || die "to the end it ended with $status: $(<"$http_work/said")"

it "from a time that is yet to come: not before"
follow job --from "$(date -ud '20 minutes' +%FT%TZ)" --count 1 # the broker takes up to an hour
await_said following
kcat -q -b "$HIRELOG_BROKERS" -P -t newer.job.events -p 0 "$http_work/garbage"
"$http_root/build/confluent/bin/python" -c 'import sys
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": sys.argv[1]})
producer.produce("newer.job.events", b"\x01", timestamp=int(sys.argv[2]) * 1000)
producer.flush()' "$HIRELOG_BROKERS" "$(date -d '30 minutes' +%s)"
wait $following || die "it ended with $?"
[[ $(jq .offset "$http_work/lines") == 3 ]] || die "$(<"$http_work/lines")"

it "an event whose schema registry is away is waited for, too"
export HIRELOG_TOPIC_PREFIX=away HIRELOG_SCHEMA_REGISTRY_URL=http://127.0.0.1:1
"$HIRELOG_BIN" topics create --services job
printf '\x00\x00\x00\x00\x07body' >"$http_work/registered"
kcat -q -b "$HIRELOG_BROKERS" -P -t away.job.events -p 0 "$http_work/registered"
follow job --from beginning
await_said 'msg="waiting for an event'
kill -TERM $following
wait $following || die "it ended with $?"
[[ ! -s $http_work/lines ]] || die "something was told: $(<"$http_work/lines")"
status=0
tail_of job --end >"$http_work/lines" || status=$?
((status == 75)) && [[ ! -s $http_work/lines ]] || die "to the end it ended with $status: $(<"$http_work/said")"
