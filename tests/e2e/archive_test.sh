#!/usr/bin/env bash
# All logs are exported while the services run, read by other programs, and restored under another prefix, with another database: the
# same rows, the same answers to old keys, and the story goes on.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
work=$HIRELOG_VAR/archive pids=() url=$HIRELOG_URL admin=$HIRELOG_PG brokers=$HIRELOG_BROKERS
services=(user client freelancer job messaging payment)
rm -rf "$work"
mkdir -p "$work"
stop_all() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
    wait
}
trap 'stop_all; rm -rf "$http_work"' EXIT
# shellcheck disable=SC1091
source "$(dirname "$0")/elsewhere.sh"

HIRELOG_URL=$url
person ana client
person ben freelancer
call "$ana_token" POST /api/jobs/create/ 201 "$json" -H 'Idempotency-Key: before'
job_id=$(got .id)
apply_for "$ben_token" "$job_id"
hire "$ana_token" "$ana_id" "$application_id"
call "$ana_token" POST "/api/contracts/$contract_id/complete/" 200
await "$ana_token" /api/invoices/ '.results[0].contract_id' "$contract_id"

it "a dead letter is sent again, at home"
poisoned="${json/Read a log backwards/poison in the archive}"
posting=hirelog_job_g$(sql_in hirelog "SELECT generation FROM hirelog_job.control").posting
sql_in hirelog "ALTER TABLE $posting ADD CONSTRAINT no_archive CHECK (title <> 'poison in the archive') NOT VALID"
call "$ana_token" POST /api/jobs/create/ 500 "$poisoned"
sql_in hirelog "ALTER TABLE $posting DROP CONSTRAINT no_archive"
letter=$(hirelog deadletters list --services job | awk -F '\t' '/no_archive/ {print $2}')
hirelog deadletters retry "$letter"

it "each log becomes an archive, while the services run"
hirelog export --all --to "$work/all" 2>>"$work/export.log"
archives=("$work"/all/*.events "$work"/all/*.commands)
hirelog export hirelog.job.events --to "$work/job.events" 2>>"$work/export.log"

it "fastavro reads what Confluent's consumer reads, record by record"
"$http_root/build/confluent/bin/python" "$http_root/tests/e2e/archive_reader.py" "$brokers" "${archives[@]}"

it "what is wrong is named"
fails 78 'is an archive already' hirelog export hirelog.job.events --to "$work/job.events"
fails 78 'is no topic of ours' hirelog export hirelog.job --to "$work/new"
fails 64 'export TOPIC --to DIR' hirelog export hirelog.job.events
fails 64 'import DIR ...' hirelog import
fails 78 'is not an archive' hirelog import --unrelated "$work"
fails 73 'is not empty' hirelog import --unrelated "$work/job.events"
fails 78 'is no part of an export' hirelog import "$work/job.events"
[[ ! -e $work/new ]] || die "a refused export made a directory"

it "all are restored elsewhere, and the vault from its own dump"
sql_in hirelog 'CREATE DATABASE restored'
sed -e 's/dbname=hirelog/dbname=restored/' -e 's/^\(.*_port\) = .*/\1 = 0/' "$HIRELOG_VAR/hirelog.conf" >"$work/hirelog.conf"
echo 'topic_prefix = restored' >>"$work/hirelog.conf"
elsewhere import --all --from "$work/all" 2>"$work/import.log"
fails 73 'is not empty' elsewhere import "$work/all/user.events"
elsewhere migrate
pg_dump --data-only -n hirelog_user_vault "$admin" | psql -Xq -v ON_ERROR_STOP=1 "${admin/dbname=hirelog/dbname=restored}" >/dev/null

it "the view is made anew from the restored logs: the same rows"
rows() { # DATABASE - of every table that events fill, without offsets of events
    local table schema text
    for service in "${services[@]}"; do
        schema=hirelog_${service}_g$(sql_in "$1" "SELECT generation FROM hirelog_$service.control")
        for table in $(sql_in "$1" "SELECT table_name FROM information_schema.tables WHERE table_schema = '$schema'
            AND table_name NOT IN ('lane', 'position') AND table_name !~ '_(caught_up|progress)$' ORDER BY 1"); do
            text="(to_jsonb(t) - 'next_event' - 'position')::text"
            sql_in "$1" "SELECT '$service.$table', $text FROM $schema.$table t ORDER BY $text"
        done
    done
}
spawn() { # NAME
    "$HIRELOG_BIN" "$1" --config "$work/hirelog.conf" >"$work/$1.log" 2>&1 &
    pids+=($!)
}
spawn worker
spawn api
rows hirelog >"$work/before"
deadline=$((SECONDS + 60))
until rows restored >"$work/after" 2>/dev/null && cmp -s "$work/before" "$work/after"; do
    ((SECONDS < deadline)) || { diff "$work/before" "$work/after" | cut -c 1-300 >&2 || :; die "the rows differ"; }
done
echo "$(wc -l <"$work/after") rows are the same"
until port=$(sed -n 's/.*msg="serving".* port=\([0-9]*\).*/\1/p' "$work/api.log") && [[ -n $port ]]; do
    ((SECONDS < deadline)) || die "the api does not listen: $(<"$work/api.log")"
done

it "what was sent again at home is on the list, and is not applied again"
elsewhere deadletters retry "$letter" | tee "$work/retried"
grep -q 'applied as job.commands/' "$work/retried" || die "not what it was at home"
[[ $(sql_in restored "SELECT count(*) FROM hirelog_job_g1.posting WHERE title = 'poison in the archive'") == 1 ]] ||
    die "it was applied twice"

it "old keys get their old outcome, new commands are taken, sessions go on"
HIRELOG_URL=http://127.0.0.1:$port
await '' "/api/jobs/$job_id/" .id "$job_id"
call "$ana_token" POST /api/jobs/create/ 201 "$json" -H 'Idempotency-Key: before'
has .id "$job_id"
call '' POST /api/login/ 200 "{\"email\": \"$ben_email\", \"password\": \"correct horse of ben\"}"
call '' POST /api/register/ 409 \
    "{\"email\": \"$ben_email\", \"password\": \"another horse\", \"display_name\": \"Not Ben\", \"roles\": [\"client\"]}"
refused email_taken
old_job=$job_id
for _ in 1 2 3 4; do
    post_job "$ana_token"
done
call "$ana_token" POST "/api/jobs/$job_id/close/" 200 '{"reason": "found somebody"}'
person eve freelancer
await '' "/api/freelancers/$eve_id/" .id "$eve_id"
[[ $(sql_in restored "SELECT count(*) FROM hirelog_job_g1.posting WHERE job_id = '$old_job'") == 1 ]] || die "not one $old_job"
grep '^payment.invoice|' "$work/after" >"$work/invoices"
rows restored | grep '^payment.invoice|' | cmp -s - "$work/invoices" || die "an old contract was invoiced again"

it "reactors go on where they were: of all history only eve's profile was asked for"
ends() { # TOPIC - the sum of its partitions' ends
    local p args=()
    for p in 0 1 2; do
        args+=(-t "$1:$p:-1")
    done
    kcat -q -b "$brokers" -Q "${args[@]}" | awk '{n += $NF} END {print n}'
}
for service in client freelancer payment; do
    asked=$(($(ends "restored.$service.commands") - $(ends "hirelog.$service.commands")))
    [[ $asked == $([[ $service == freelancer ]] && echo 1 || echo 0) ]] || die "$service was sent $asked more commands"
done

it "nothing of that is at home"
HIRELOG_URL=$url
call '' GET "/api/jobs/$job_id/" 404
