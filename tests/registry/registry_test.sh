#!/usr/bin/env bash
# A real schema registry assigns the ids (S3): published, looked up, on the wire, read by an outsider, away, restarted, lying.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/../e2e/spec.sh"
locked=1000000
type='Content-Type: application/vnd.schemaregistry.v1+json'
liar=
trap '[[ -z $liar ]] || kill "$liar"; rm -rf "$http_work"' EXIT

hirelog() { # ARGUMENT ... - with the stack's settings; what scripts use would be settings, too
    env -u HIRELOG_PG -u HIRELOG_BROKERS "$HIRELOG_BIN" "$@" --config "$HIRELOG_CONFIG"
}

refuses() { # WORDS COMMAND ... - it fails, and says so
    local words=$1
    shift
    ! "$@" >"$http_work/said" 2>&1 || die "$*: is not refused"
    grep -q -- "$words" "$http_work/said" || die "$*: does not say \"$words\": $(<"$http_work/said")"
    echo "refused: $words"
}

restart() { # [VARIABLE=VALUE ...] - api and worker, with these settings above the file's
    "$http_root/ops/stack.sh" stop api worker
    env "$@" "$http_root/ops/stack.sh" up
}

count_ids() { # - sets n_locked, n_assigned: of all records of user and job
    local service
    for service in user job; do
        record_ids "hirelog.$service.commands"
        record_ids "hirelog.$service.events"
    done >"$http_work/record_ids"
    n_locked=$(awk -v l=$locked '$1 >= l' "$http_work/record_ids" | wc -l)
    n_assigned=$(awk -v l=$locked '$1 < l' "$http_work/record_ids" | wc -l)
    echo "$n_locked records with locked ids, $n_assigned with the registry's"
}

soon() { # WHAT COMMAND ... - becomes true within 60 s
    local what=$1 deadline=$((SECONDS + 60))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || die "$what: not within 60 s"
    done
    echo "$what"
}

worker_says() { # WORDS - in its readiness
    curl -sS --max-time 5 "$HIRELOG_WORKER_ADMIN_URL/readyz" | grep -q -- "$1"
}

worker_is_ready() {
    curl -fsS -o /dev/null --max-time 5 "$HIRELOG_WORKER_ADMIN_URL/readyz" 2>/dev/null
}

registered() { # SUBJECT TEXT - sets id
    id=$(curl -fsS -X POST -H "$type" "$HIRELOG_APICURIO_URL/subjects/$1/versions" \
        -d "$(jq -cn --arg s "$2" '{schema: $s}')" | jq -r .id)
}

it "all is published, under every subject, FULL_TRANSITIVE"
hirelog schemas list >"$http_work/published"
[[ $(wc -l <"$http_work/published") == "$(hirelog schemas | wc -l)" ]] || die "not every version is listed"
! grep -v '^1[0-9]\{6\} [0-9]\{1,6\} hirelog\.' "$http_work/published" || die "no id, or one that is not the registry's to give"
curl -fsS "$HIRELOG_APICURIO_URL/config/hirelog.job.JobPosted" | grep -q FULL_TRANSITIVE || die "not strict"
hirelog schemas check >"$http_work/checked"
! grep -v '^there ' "$http_work/checked" || die "check finds something else than publish"

it "a log from before the registry has the ids of the binary"
restart HIRELOG_SCHEMA_REGISTRY_URL=
person ana client
post_job "$ana_token"
count_ids
((n_locked > 0 && n_assigned == 0)) || die "ids of a registry"

it "with it a whole hire is on the wire with the registry's ids"
before=$n_locked
restart
person ben freelancer
apply_for "$ben_token" "$job_id"
hire "$ana_token" "$ana_id" "$application_id"
call "$ana_token" POST "/api/contracts/$contract_id/complete/" 200
await "$ana_token" /api/invoices/ '.results[0].contract_id' "$contract_id"
count_ids
((n_locked == before && n_assigned > 10)) || die "the binary's ids are still written"
record_ids hirelog.payment.events | awk -v l=$locked '$1 >= l {exit 1}' || die "what a reactor's command led to"

it "an outside reader gets both kinds through the api"
total=0
topics=(hirelog.{user,client,freelancer,job,payment}.events)
for topic in "${topics[@]}"; do
    total=$((total + $(record_ids "$topic" | wc -l)))
done
"$http_root/build/confluent/bin/python" "$http_root/tests/e2e/confluent_reader.py" "$HIRELOG_BROKERS" "$HIRELOG_REGISTRY_URL" \
    "${topics[@]}" >"$http_work/counts"
[[ $(awk '{n += $1} END {print n}' "$http_work/counts") == "$total" ]] || die "$total events: $(<"$http_work/counts")"
grep ' hirelog.payment.InvoiceIssued$' "$http_work/counts"

it "the view comes back from a log with both"
"$http_root/ops/stack.sh" stop api worker
sql "SELECT to_jsonb(t) FROM $(view job).contract t" >"$http_work/contracts"
hirelog repair rebuild --services job
up
diff <(sql "SELECT to_jsonb(t) FROM $(view job).contract t") "$http_work/contracts" || die "the rows differ"

it "a restarted registry has the same ids"
"$http_root/ops/stack.sh" stop registry
up
hirelog schemas list | diff - "$http_work/published" || die "the ids moved"

it "a newer program's text is passed on, other people's are not, nor are other ids"
newer=$(curl -fsS "$HIRELOG_APICURIO_URL/subjects/hirelog.job.JobPosted/versions/1" | jq -r .schema |
    jq -c '.fields += [{name: "colour", type: "string", default: ""}]')
registered hirelog.job.JobPosted "$newer"
newer_id=$id
registered bank.Pay '{"type": "record", "name": "Pay", "namespace": "bank", "fields": []}'
call '' GET "/schemas/ids/$newer_id" 200
jq -r .schema "$http_work/body" | jq -e '.fields[-1].name == "colour"' >/dev/null || die "another text"
call '' GET "/schemas/ids/$id" 404
has .error_code 40403
call '' GET /schemas/ids/999999 404
call '' GET "/schemas/ids/$(awk 'NR == 1 {print $2}' "$http_work/published")" 200

it "an incompatible schema is refused with the registry's reason, and a start without it, too"
victim=hirelog.payment.PaymentRefunded
remove_victim() {
    curl -fsS -o /dev/null -X DELETE "$HIRELOG_APICURIO_URL/subjects/$victim"
    curl -fsS -o /dev/null -X DELETE "$HIRELOG_APICURIO_URL/subjects/$victim?permanent=true"
}
remove_victim
refuses "$victim 1 is not in the schema registry: hirelog schemas publish" hirelog worker
registered $victim '{"type": "record", "name": "PaymentRefunded", "namespace": "hirelog.payment", "fields":
    [{"name": "amount", "type": "string"}]}'
refuses "refused   $victim 1: .*RECORD not compatible with writer type: STRING" hirelog schemas publish
refuses "refused   $victim 1: not compatible" hirelog schemas check
refuses "$victim 1 is not in the schema registry" hirelog api
remove_victim
hirelog schemas publish | grep "^published $victim 1: id"

it "a registry that gives a locked id another text is refused"
python3 "$(dirname "$0")/liar.py" >"$http_work/liar" &
liar=$!
soon "the liar listens" test -s "$http_work/liar"
lie=HIRELOG_SCHEMA_REGISTRY_URL=http://127.0.0.1:$(<"$http_work/liar")
for command in worker api "schemas check" "schemas publish"; do
    # shellcheck disable=SC2086
    refuses "another text under id $locked" env "$lie" "$HIRELOG_BIN" $command --config "$HIRELOG_CONFIG"
done

it "while it is away what runs goes on, and nothing starts"
kill_hard registry
post_job "$ana_token"
apply_for "$ben_token" "$job_id"
seen_by "$ben_token" "/api/freelancers/$ben_id/applications/" '.results[0].job_id' "$job_id"
call '' GET "/schemas/ids/$newer_id" 200
call '' GET /schemas/ids/999998 503
has .error_code 50301
refuses "schema registry http://127.0.0.1:.*connect" hirelog worker

it "a command with an id that only it could tell waits"
printf '\x00\x00\x0f\x42\x3eabc' >"$http_work/unknown" # 999998
kcat -P -b "$HIRELOG_BROKERS" -t hirelog.job.commands -p 0 -k "$nobody" "$http_work/unknown"
soon "the lane waits for the registry" worker_says 'backing_off.*schema registry'
[[ $(sql "SELECT count(*) FROM hirelog_job.dead_letter") == 0 ]] || die "rejected while nobody can tell"
up
soon "the lane goes on" worker_is_ready
[[ $(sql "SELECT count(*) FROM hirelog_job.dead_letter WHERE detail LIKE '%schema%999998%' OR detail LIKE '%Schema%999998%'") == 1 ]] ||
    die "not rejected in its place: $(sql "SELECT detail FROM hirelog_job.dead_letter")"
post_job "$ana_token"
