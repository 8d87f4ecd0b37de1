#!/usr/bin/env bash
# GET /api/events/: each viewer's own events, resumed exactly, ended with the session. In processes of its own, with small limits.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
work=$HIRELOG_VAR/feed pids=()
rm -rf "$work"
mkdir -p "$work"
stop_all() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
    wait
}
trap 'stop_all; rm -rf "$http_work"' EXIT
admin=$HIRELOG_PG brokers=$HIRELOG_BROKERS
unset HIRELOG_ADMIN_URL HIRELOG_WORKER_ADMIN_URL HIRELOG_REGISTRY_URL HIRELOG_PIDS HIRELOG_CONFIG HIRELOG_PG HIRELOG_BROKERS
psql -Xq "$admin" -c 'DROP DATABASE IF EXISTS feed' -c 'CREATE DATABASE feed' 2>/dev/null
prefix=feed$EPOCHSECONDS
sed -e 's/dbname=hirelog/dbname=feed/' -e 's/^\(.*_port\) = .*/\1 = 0/' "$HIRELOG_VAR/hirelog.conf" >"$work/hirelog.conf"
cat >>"$work/hirelog.conf" <<CONF
topic_prefix = $prefix
feed_streams_max = 4
feed_streams_user_max = 2
feed_stall_s = 1
CONF
hirelog() {
    "$HIRELOG_BIN" "$@" --config "$work/hirelog.conf"
}
spawn() { # NAME ARGUMENT ...
    "$HIRELOG_BIN" "${@:2}" --config "$work/hirelog.conf" >"$work/$1.log" 2>&1 &
    pids+=($!)
}
declare -A stream # name -> pid
open() { # NAME TOKEN SERVICE [CURL-ARGUMENT ...] - a stream into $work/NAME, and wait until it has begun
    local name=$1
    (umask 077 && echo "Authorization: Bearer $2" >"$http_work/$name.token")
    : >"$work/$name"
    curl -sSN -G -H "@$http_work/$name.token" -d "service=$3" "${@:4}" "$HIRELOG_URL/api/events/" >"$work/$name" 2>&1 &
    stream[$name]=$!
    until_true 10 "the stream $name" grep -q '^id: ' "$work/$name"
}
cut_off() { # NAME
    kill "${stream[$1]}"
    wait "${stream[$1]}" || :
}
names() { # NAME - of its events
    sed -n 's/^event: //p' "$work/$1" | tr '\n' ' '
}
data() { # NAME FILTER
    sed -n 's/^data: //p' "$work/$1" | jq -c "$2"
}
has_names() { # NAME EVENT ...
    [[ $(names "$1") == "${*:2} " ]]
}
tells() { # NAME EVENT ... - exactly these, and soon
    until_true 10 "$1 sees: $(names "$1")" has_names "$@"
}
streams_open() {
    curl -sS "$admin_url/metrics" | awk '/^hirelog_feed_streams/ {n += $2} END {print n}'
}
no_stream() {
    [[ $(streams_open) == 0 ]]
}
hirelog topics create
hirelog migrate
ulimit -Sn 1024 # what a shell usually has: a thousand streams, and nobody else would get an answer
spawn worker worker
spawn api api
until_true 60 "the api" grep -q 'msg="serving"' "$work/api.log"
port() { # WORD
    sed -n "s/.*msg=\"serving\".* $1=\([0-9]*\).*/\1/p" "$work/api.log"
}
HIRELOG_URL=http://127.0.0.1:$(port port) admin_url=http://127.0.0.1:$(port admin_port)
await '' /api/jobs/ '.results | length' 0
read -r soft hard < <(awk '/^Max open files/ {print $4, $5}' /proc/"${pids[1]}"/limits)
[[ $soft == "$hard" ]] || die "$soft descriptors of $hard"
threads() { # of the api: one for each Kafka handle
    cat /proc/"${pids[1]}"/task/*/comm | grep -c '^rdk:main' || :
}
idle_threads=$(threads)

person ana client
person ben freelancer
person eve freelancer

it "everybody sees what is public, the two sides what is theirs, and a stranger nothing of it"
open ana "$ana_token" job
open ben "$ben_token" job
open eve "$eve_token" job
post_job "$ana_token"
apply_for "$ben_token" "$job_id"
call "$ben_token" POST "/api/jobs/$job_id/applications/" 409 "$application"
hire "$ana_token" "$ana_id" "$application_id"
tells ben JobPosted ApplicationSubmitted CommandRejected FreelancerHired JobFilled ApplicationAccepted
tells ana JobPosted ApplicationSubmitted FreelancerHired JobFilled ApplicationAccepted
tells eve JobPosted JobFilled
[[ $(data eve 'select(.meta.version == 2) | [.contract_id, .application_id, .meta.actor, .meta.command_id] | unique') == '[null]' ]] ||
    die "a stranger sees too much: $(data eve .)"
[[ $(data ana 'select(.contract_id) | .contract_id') == "\"$contract_id\"" ]] || die "the owner sees too little: $(data ana .)"

it "cut and resumed, nothing is missing and nothing comes twice"
cut_off ana
last=$(sed -n 's/^id: //p' "$work/ana" | tail -n 1)
for _ in 1 2 3 4 5; do
    post_job "$ana_token"
done
open again "$ana_token" job -H "Last-Event-ID: $last"
post_job "$ana_token"
tells again JobPosted JobPosted JobPosted JobPosted JobPosted JobPosted
{ data ana .meta.event_id && data again .meta.event_id; } | sort >"$work/seen"
hirelog tail job --end 2>/dev/null | jq -c 'select(.type != "hirelog.CommandRejected") | .id' | sort >"$work/there"
diff "$work/seen" "$work/there" >&2 || die "the stream and the log differ"

it "from the place that a write told, and from the beginning"
cut_off again
call "$ana_token" PATCH "/api/jobs/$job_id/" 200 '{"title": "Another"}'
open after "$ana_token" job -d "after=$(header Hirelog-Position)"
call "$ana_token" POST "/api/jobs/$job_id/close/" 200 '{"reason": "nobody came"}'
tells after JobClosed
[[ $(data after .reason) == '"nobody came"' ]] || die "the owner does not see the reason"
open all "$ana_token" job -d after=beginning
until_true 10 "all of them" eval '(($(data all . | wc -l) == $(wc -l <"$work/there") + 2))'
cut_off after
until_true 5 "it is noticed" eval '(($(streams_open) == 3))'
open empty "$ana_token" job -d after=beginning -H 'Last-Event-ID;' # an empty one says nothing
until_true 10 "all of them, too" eval '(($(data empty . | wc -l) == $(wc -l <"$work/there") + 2))'
until_true 10 "the stranger" eval '[[ $(names eve) == *JobClosed\  ]]'
[[ $(data eve .reason) != *nobody* ]] || die "a stranger sees the reason"

it "so many streams of one user, so many in all"
call "$ana_token" GET '/api/events/?service=job' 429
refused too_many_streams
[[ -n $(header Retry-After) ]] || die "no Retry-After"
call "$ben_token" GET '/api/events/?service=job' 503
refused too_many_streams
[[ $(streams_open) == 4 ]] || die "$(streams_open) streams"
for name in ben eve empty all; do
    cut_off "$name"
done
until_true 5 "whoever has gone is noticed" no_stream

it "people see their own account, and of others what the profile shows"
call "$ana_token" PATCH /api/profile/ 200 '{"headline": "Builds logs"}'
open ana "$ana_token" user -d after=beginning
open ben "$ben_token" user -d after=beginning
tells ana UserRegistered UserLoggedIn ProfileUpdated
until_true 10 "ben" eval '[[ $(names ben) == *UserLoggedIn* && $(names ben) == *ProfileUpdated* ]]'
[[ $(data ana 'select(.email) | .email') == "\"$ana_email\"" ]] || die "no own address"
! grep -q credential_id "$work/ana" || die "a credential is told"
! grep -qF "$ana_email" "$work/ben" || die "an address is told to others"
! grep -qF "$eve_id" "$work/ben" || die "a stranger's login is told"

it "messages are for two"
cut_off ana
cut_off ben
open eve "$eve_token" messaging
open ben "$ben_token" messaging
call "$ana_token" POST /api/messages/create/ 201 "{\"to\": \"$ben_id\", \"body\": \"between us\"}"
call "$ben_token" POST "/api/threads/$(got .thread_id)/read/" 200 '{"up_to": "2100-01-01T00:00:00Z"}'
tells ben MessageSent ThreadRead
call "$eve_token" POST /api/messages/create/ 201 "{\"to\": \"$ana_id\", \"body\": \"hello\"}"
tells eve MessageSent
! grep -q 'between us' "$work/eve" || die "a stranger reads along"
cut_off eve
cut_off ben
until_true 5 "whoever has gone is noticed" no_stream

it "a stream ends with its session: logout, another password, deactivation"
person fay client
person gus client
gus_other=$gus_token
call '' POST /api/login/ 200 "{\"email\": \"$gus_email\", \"password\": \"correct horse of gus\"}"
gus_token=$(got .token)
open ana "$ana_token" payment
open gus "$gus_other" payment
open kept "$gus_token" payment
open fay "$fay_token" payment
call "$ana_token" POST /api/logout/ 204
call "$gus_token" POST /api/profile/password/ 204 '{"old_password": "correct horse of gus", "new_password": "another horse of gus"}'
call "$fay_token" POST /api/profile/deactivate/ 204
began=$SECONDS
for name in ana gus fay; do
    wait "${stream[$name]}" || die "$name's stream ended badly: $?"
done
((SECONDS - began <= 10)) || die "it took $((SECONDS - began)) s"
kill -0 "${stream[kept]}" || die "the session that changed the password lost its stream"
call "$ana_token" GET '/api/events/?service=job' 401
cut_off kept

it "who takes nothing is cut off"
big=$(jq -cn '{title: "Big", description: ("x" * 9000), skills: ["c"], budget: {amount: 1, currency: "EUR"}}')
tr -d '\n' <<<"$big" >"$work/big"
"$(dirname "$HIRELOG_BIN")/tests/bench/http_load" 127.0.0.1 "$(port port)" POST /api/jobs/create/ 8 150 201 "Authorization: Bearer $gus_token" <"$work/big"
until_true 5 "whoever has gone is noticed" no_stream
exec 3<>"/dev/tcp/127.0.0.1/$(port port)"
printf 'GET /api/events/?service=job&after=beginning HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n' "$gus_token" >&3
until_true 5 "its stream" eval '[[ $(streams_open) == 1 ]]'
until_true 8 "it is cut off" no_stream
exec 3<&-
open all "$gus_token" job -d after=beginning # more than fits into the stream's buffer: led a slice at a time
there=$(hirelog tail job --end 2>/dev/null | grep -c xxxxx)
until_true 20 "all of them" eval '(($(grep -c "^data: .*xxxxx" "$work/all") == there))'
cut_off all
open all_bens "$ben_token" job -d after=beginning # what concerns him alone is in there, too
until_true 20 "all of his" eval '(($(grep -c "^data: .*xxxxx" "$work/all_bens") == there))'
cut_off all_bens

it "several that are behind are led together, each from its own place"
tells_event_ids() { # NAME
    data "$1" .meta.event_id | sort
}
declare -A at whole=([2]=all [5]=all [7]=all_bens [9]=all_bens) reader=([all]=$gus_token [all_bens]=$ben_token)
place() { # TENTHS - of what its reader saw
    sed -n 's/^id: //p' "$work/${whole[$1]}" | awk -v part="$1" '{ id[NR - 1] = $0 } END { print id[int(NR * part / 10)] }'
}
until_true 5 "whoever has gone is noticed" no_stream
for part in 2 5 7 9; do
    at[$part]=$(place $part)
    open "from$part" "${reader[${whole[$part]}]}" job -H "Last-Event-ID: ${at[$part]}"
done
for part in 2 5 7 9; do
    sed -e "1,\\|^id: ${at[$part]}\$|d" "$work/${whole[$part]}" | sed '1,/^$/d' >"$work/expected"
    until_true 20 "all from place $part: $(grep -c ^data: "$work/expected")" \
        eval '(($(grep -c ^data: "$work/from$part") == $(grep -c ^data: "$work/expected")))'
    diff <(tells_event_ids expected) <(tells_event_ids "from$part") >&2 || die "from place $part others came"
    cut_off "from$part"
done

it "what waits for the view is told when it is there"
until_true 20 "the readers are closed" eval '(($(threads) == idle_threads))' # nobody remembers whose job it is
post_job "$gus_token"
place=$(header Hirelog-Position)
apply_for "$ben_token" "$job_id"
feed_sql() {
    psql -Xq -v ON_ERROR_STOP=1 "${admin/dbname=hirelog/dbname=feed}" -c "$1"
}
feed_sql 'ALTER TABLE hirelog_job_g1.posting RENAME TO aside'
open gus "$gus_token" job -H "Last-Event-ID: $place"
until_true 10 "the log says so" grep -q 'the feed waits for the view' "$work/api.log"
feed_sql 'ALTER TABLE hirelog_job_g1.aside RENAME TO posting'
until_true 10 "the application" eval '[[ $(names gus) == *ApplicationSubmitted\  ]]'
cut_off gus

it "an event of a newer program is waited for, and what lies behind it"
open ben "$ben_token" freelancer
call "$ben_token" PATCH "/api/freelancers/$ben_id/" 200 '{"headline": "before"}'
tells ben FreelancerUpdated
place=$(sed -n 's/^id: //p' "$work/ben" | tail -n 1)
partition=$(header Hirelog-Position | sed 's/.*\///; s/:.*//')
printf '\x00\x7f\x00\x00\x01body' >"$work/newer"
kcat -q -b "$brokers" -P -t "$prefix.freelancer.events" -p "$partition" "$work/newer"
until_true 10 "the log says so" grep -q "the feed waits for an event's schema" "$work/api.log"
call "$ben_token" PATCH "/api/freelancers/$ben_id/" 200 '{"headline": "behind"}'
open behind "$ben_token" freelancer -H "Last-Event-ID: $place"
open anew "$eve_token" freelancer -d after=beginning
until_true 10 "what lies before it" grep -q '"before"' "$work/anew"
has_names ben FreelancerUpdated && ! grep -q '"behind"' "$work/behind" "$work/anew" || die "it was passed"
for name in ben behind anew; do
    cut_off "$name"
done
until_true 5 "whoever has gone is noticed" no_stream

it "a place before the log's beginning is gone"
cat >"$work/delete.py" <<'PYTHON'
import sys
from confluent_kafka import OFFSET_END, TopicPartition
from confluent_kafka.admin import AdminClient

places = [TopicPartition(sys.argv[2], p, OFFSET_END) for p in range(3)]
admin = AdminClient({"bootstrap.servers": sys.argv[1]})
for result in admin.delete_records(places, request_timeout=5).values():
    result.result(timeout=10)
PYTHON
until_true 60 "the records are deleted" \
    timeout 15 "$http_root/build/confluent/bin/python" "$work/delete.py" "$brokers" "$prefix.client.events"
call "$ben_token" GET '/api/events/?service=client' 410 '' -H 'Last-Event-ID: client/0:0,client/1:0,client/2:0'
refused position_too_old

it "without a stream nobody reads"
until_true 20 "the readers are closed" eval '(($(threads) == idle_threads))'

it "a stopping api ends its streams and does not wait for them"
open ben "$ben_token" job
began=$SECONDS
kill -TERM "${pids[1]}"
wait "${pids[1]}" || die "the api ended with $?"
wait "${stream[ben]}" || die "the stream ended badly: $?"
((SECONDS - began <= 5)) || die "it took $((SECONDS - began)) s"

it "nor for somebody who takes nothing"
HIRELOG_FEED_STALL_S=60 spawn again api
until_true 60 "the api" grep -q 'msg="serving"' "$work/again.log"
admin_url=http://127.0.0.1:$(sed -n 's/.*msg="serving".* admin_port=\([0-9]*\).*/\1/p' "$work/again.log")
until_true 60 "it is ready" curl -sSf "$admin_url/readyz"
exec 3<>"/dev/tcp/127.0.0.1/$(sed -n 's/.*msg="serving".* port=\([0-9]*\).*/\1/p' "$work/again.log")"
printf 'GET /api/events/?service=job&after=beginning HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n' "$gus_token" >&3
until_true 10 "more than it takes" eval '(($(curl -sS "$admin_url/metrics" | sed -n "s/^hirelog_feed_events_total{service=\"job\"} //p") > 40))'
began=$SECONDS
kill -TERM "${pids[2]}"
wait "${pids[2]}" || die "the api ended with $?"
exec 3<&-
((SECONDS - began <= 5)) || die "it took $((SECONDS - began)) s"
! grep 'leaving unfinished' "$work/again.log" || die "it was left behind"
