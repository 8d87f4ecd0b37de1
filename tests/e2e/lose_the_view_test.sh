#!/usr/bin/env bash
# Every schema but the vault is dropped: the same rows come back from the log, old keys still work, no e-mail is taken twice.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"

rows() { # all rows of the view that events make
    local table
    for table in user.account job.posting job.application job.contract; do
        sql "SELECT '$table', to_jsonb(t) FROM $(view "${table%.*}").${table#*.} t ORDER BY to_jsonb(t)::text"
    done
}

person ana client
person ben freelancer
call "$ana_token" POST /api/jobs/create/ 201 "$json" -H 'Idempotency-Key: before'
job_id=$(got .id)
apply_for "$ben_token" "$job_id"
hire "$ana_token" "$ana_id" "$application_id"
rows >"$http_work/before"

it "the view is dropped under the stopped processes, then they are started again"
"$http_root/ops/stack.sh" stop api worker worker2
for service in user job; do
    sql "DROP SCHEMA $(view $service) CASCADE; DROP SCHEMA hirelog_$service CASCADE" 2>/dev/null
done
up
rows >"$http_work/after"
diff "$http_work/before" "$http_work/after" >&2 || die "the rows differ"
echo "$(wc -l <"$http_work/after") rows are the same"

it "sessions and keys go on"
call "$ana_token" POST /api/jobs/create/ 201 "$json" -H 'Idempotency-Key: before'
has .id "$job_id"
call '' POST /api/login/ 200 "{\"email\": \"$ben_email\", \"password\": \"correct horse of ben\"}"
call '' POST /api/register/ 409 \
    "{\"email\": \"$ben_email\", \"password\": \"another horse\", \"display_name\": \"Not Ben\", \"roles\": [\"client\"]}"
refused email_taken
post_job "$ana_token"
