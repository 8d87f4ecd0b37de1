#!/usr/bin/env bash
# The events as somebody else reads them: an ordinary consumer, a generic Avro reader, the schemas of the embedded registry.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
person ana client
person ben freelancer
post_job "$ana_token"
apply_for "$ben_token" "$job_id"
hire "$ana_token" "$ana_id" "$application_id"

it "every event of every topic can be decoded"
registry_fetch "$http_work/ids"
for service in user job; do
    events_of "$http_work/ids" "hirelog.$service.events" >"$http_work/$service"
    echo "hirelog.$service.events: $(wc -l <"$http_work/$service") events"
    [[ -s $http_work/$service ]] || die "no events of $service"
done

it "hiring is one event per aggregate, in order"
names=$(grep "$job_id\|$application_id\|$contract_id" "$http_work/job" | cut -d' ' -f1 | tr '\n' ' ')
[[ $names == "JobPosted ApplicationSubmitted FreelancerHired JobFilled ApplicationAccepted "* ]] || die "$names"

it "versions of an aggregate have no gaps"
grep -v '^CommandRejected' "$http_work/job" | cut -d ' ' -f 2- | jq -r '"\(.meta.aggregate_id) \(.meta.version)"' |
    awk '$2 != ++version[$1] {print "gap: " $0; bad = 1} END {exit bad}' || die "versions"

it "no password, hash or token is in the log"
if grep -qiE 'correct horse|argon2|password_hash' "$http_work/user"; then
    die "a secret is in the log"
fi

it "the headers say it in CloudEvents"
kcat -q -b "$HIRELOG_BROKERS" -C -t hirelog.job.events -X isolation.level=read_committed -o beginning -e -c 1 -f '%h\n' >"$http_work/headers"
for name in ce_specversion=1.0 ce_id= ce_type= ce_source=/hirelog/job ce_time= ce_subject= content-type=application/avro command=; do
    grep -q "$name" "$http_work/headers" || die "no $name in: $(<"$http_work/headers")"
done

it "a valid traceparent goes with the command to its events, an invalid one does not"
trace=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n') parent=b7ad6b7169203331
for value in "00-$trace-$parent-01" "01-$trace-$parent-03-more" "ff-$trace-$parent-01" "00-$trace-$parent-01-more" "00-${trace^^}-$parent-01"; do
    call "$ana_token" POST /api/jobs/create/ 201 "$json" -H "Traceparent: $value"
done
call "$ana_token" POST /api/jobs/create/ 201 "$json" -H "traceparent: 00-$trace-$parent-01" -H "traceparent: 00-$trace-$parent-01"
kcat -q -b "$HIRELOG_BROKERS" -C -t hirelog.job.events -X isolation.level=read_committed -o beginning -e -f '%h\n' >"$http_work/headers"
carried=$(grep -io "traceparent=[^,]*$trace[^,]*" "$http_work/headers" | sort | uniq -c | tr -s ' ')
[[ $carried == " 2 traceparent=00-$trace-$parent-01" ]] || die "carried: $carried"

it "the registry speaks Confluent's dialect"
call '' GET /subjects 200
has 'type' array
subject=$(jq -r '.[] | select(endswith("JobPosted"))' "$http_work/body")
call '' GET "/subjects/$subject/versions/1" 200
has .subject "$subject"
id=$(got .id)
schema=$(got .schema)
call '' GET "/schemas/ids/$id" 200
has .schema "$schema"
[[ $(header Content-Type) == application/vnd.schemaregistry.v1+json* ]] || die "$(header Content-Type)"
call '' POST "/subjects/$subject" 200 "$(jq -cn --arg s "$schema" '{schema: $s}')"
has .id "$id"
call '' GET /schemas/ids/999 404
has .error_code 40403
