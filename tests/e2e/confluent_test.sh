#!/usr/bin/env bash
# An analyst's program: Confluent's own Avro deserializer, pointed at the embedded registry, reads every event.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
person ana client
person ben freelancer
post_job "$ana_token"
apply_for "$ben_token" "$job_id"
hire "$ana_token" "$ana_id" "$application_id"

it "reads as many events as avro-c's reader does, none unread"
registry_fetch "$http_work/ids"
for service in user job; do
    events_of "$http_work/ids" "hirelog.$service.events"
done | wc -l >"$http_work/expected"
"$http_root/build/confluent/bin/python" "$http_root/tests/e2e/confluent_reader.py" \
    "$HIRELOG_BROKERS" "$HIRELOG_REGISTRY_URL" hirelog.user.events hirelog.job.events | tee "$http_work/counts"
[[ $(awk '{n += $1} END {print n}' "$http_work/counts") == "$(tr -d ' ' <"$http_work/expected")" ]] ||
    die "avro-c read $(<"$http_work/expected") events"
for type in user.UserRegistered job.JobPosted job.ApplicationSubmitted job.FreelancerHired job.JobFilled job.ApplicationAccepted; do
    grep -q " hirelog.$type\$" "$http_work/counts" || die "no $type"
done
