#!/usr/bin/env bash
# One cut of all logs is taken in the middle of a mixed load, restored under another prefix with another database, and goes on: nothing
# is there twice, nothing refers to what is not there, and up to the cut both histories are the same.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
work=$HIRELOG_VAR/cut url=$HIRELOG_URL admin=$HIRELOG_PG brokers=$HIRELOG_BROKERS load=
worker=
services=(user job client freelancer messaging payment)
rm -rf "$work"
mkdir -p "$work"
stop_all() {
    [[ -z $load ]] || touch "$work/stop"
    [[ -z $worker ]] || kill "$worker" 2>/dev/null || true
    wait
}
trap 'stop_all; rm -rf "$http_work"' EXIT
# shellcheck disable=SC1091
source "$(dirname "$0")/elsewhere.sh"
contracts() { # how many were completed at home
    sql_in hirelog "SELECT count(*) FROM $home_job.contract WHERE status = 'completed'"
}
many_contracts() { # MORE-THAN
    (($(contracts) > $1))
}

it "all of the services have work, and meanwhile all logs are cut"
home_job=hirelog_job_g$(sql_in hirelog 'SELECT generation FROM hirelog_job.control')
home_payment=hirelog_payment_g$(sql_in hirelog 'SELECT generation FROM hirelog_payment.control')
before=$(contracts)
python3 "$http_root/tests/e2e/mixed_load.py" "$url" 6 "$work/stop" >"$work/load" 2>&1 &
load=$!
until_true 60 "12 contracts" many_contracts $((before + 12))
hirelog export --all --to "$work/export" 2>"$work/export.log"
at_cut=$(contracts)
until_true 60 "12 contracts more" many_contracts $((at_cut + 12))
kill -0 "$load" || die "the load ended before the cut: $(<"$work/load")"
touch "$work/stop"
wait "$load" || die "the load failed: $(<"$work/load")"
load=
cat "$work/load"
! grep 'are not decided' "$work/export.log" || die "a worker ran, but commands stayed open"

it "a service is cut before those that it follows"
jq -r '[.parts[].directory | split(".")[0]] | unique_by(.) as $_ | .[]' "$work/export/index.json" | uniq | paste -sd ' ' |
    tee "$work/order"
[[ $(<"$work/order") == 'messaging freelancer client payment job user' ]] || die "another order"

it "what does not make one cut is refused, and nothing is done"
sql_in hirelog 'CREATE DATABASE restored_cut'
sed -e 's/dbname=hirelog/dbname=restored_cut/' -e 's/^\(.*_port\) = .*/\1 = 0/' "$HIRELOG_VAR/hirelog.conf" >"$work/hirelog.conf"
echo 'topic_prefix = restored_cut' >>"$work/hirelog.conf"
fails 64 '--to is missing' hirelog export --all
fails 64 '--all takes no topic' hirelog export hirelog.job.events --all --to "$work/new"
fails 64 'one topic, or --all' hirelog export --to "$work/new"
fails 64 'no such option' hirelog export --everything --to "$work/new"
fails 64 'the setting `services` names some' hirelog export --all --to "$work/new" --services job
[[ ! -e $work/new ]] || die "a refused export made a directory"
fails 78 'is an archive already' hirelog export --all --to "$work/export"
fails 78 'is not empty' hirelog export --all --to "$work"
fails 64 '--all needs --from' elsewhere import --all
fails 64 '--from needs --all' elsewhere import --from "$work/export"
fails 64 'takes neither directories nor --unrelated' elsewhere import --all --from "$work/export" "$work/export/job.events"
fails 64 'takes neither directories nor --unrelated' elsewhere import --all --unrelated --from "$work/export"
fails 64 '--all twice' elsewhere import --all --all --from "$work/export"
fails 78 'No such file' elsewhere import --all --from "$work/nowhere"
hirelog export hirelog.job.events --to "$work/one" 2>"$work/one.log"
fails 78 'is no part of an export of all logs' elsewhere import "$work/one"
fails 78 'is no part of an export of all logs' elsewhere import "$work/export/job.events" "$work/one"
spoil() { # TEXT COMMAND ... - a copy of the export after that is refused
    local text=$1
    shift
    rm -rf "$work/spoilt"
    cp -r "$work/export" "$work/spoilt"
    "$@"
    fails 78 "$text" elsewhere import --all --from "$work/spoilt"
}
in_index() { # FILTER - the index of the copy says this, with a checksum of its own
    jq "del(.sha256) | $1" "$work/spoilt/index.json" >"$work/index"
    jq --arg sum "$(jq -Sc . "$work/index" | tr -d '\n' | sha256sum | cut -d ' ' -f 1)" '.sha256 = $sum' "$work/index" \
        >"$work/spoilt/index.json"
}
spoil 'it was changed' sed -i 's/"records": 0/"records": 1/; s/"ends": \[/"ends": [ 1, /' "$work/spoilt/index.json"
spoil 'it is damaged' truncate -s 100 "$work/spoilt/index.json"
spoil 'No such file' rm -r "$work/spoilt/job.events"
spoil 'is an archive that is not in the index' cp -r "$work/one" "$work/spoilt/another"
swap() {
    rm -r "$work/spoilt/job.events"
    cp -r "$work/one" "$work/spoilt/job.events"
}
spoil 'it is of another export' swap
spoil 'the index of elsewhere' in_index '.cluster_id = "elsewhere"'
spoil 'it is of another export' in_index '.run = "another"'
spoil 'the index says 7' in_index '.parts[0].ends[0] = 7'
spoil 'its manifest was changed' in_index '.parts[0].manifest_sha256 = .parts[1].manifest_sha256'
spoil 'it has one of job.events and job.commands only' in_index '.parts |= map(select(.directory != "job.events"))'
spoil 'it has job.events twice' in_index '.parts += (.parts | map(select(.directory == "job.events")))'
spoil 'is a part that this program does not know' in_index '.parts[0].directory = "../export/job.events"'
damage() {
    local file=("$work"/spoilt/job.events/*.avro)
    printf x >>"${file[0]}"
}
spoil 'bytes, the manifest says' damage
[[ -z $(kcat -q -b "$brokers" -L | grep -o 'topic "restored_cut[^"]*"') ]] || die "a refused import made topics"

it "the cut is restored elsewhere, and its services go on"
elsewhere import --all --from "$work/export" 2>"$work/import.log"
elsewhere migrate 2>"$work/migrate.log"
"$HIRELOG_BIN" worker --config "$work/hirelog.conf" >"$work/worker.log" 2>&1 & # not by a function: its pid is wanted
worker=$!
view() { # SERVICE - restored; its first generation
    echo "hirelog_$1_g1"
}
ends_of() { # TOPIC - partition and end, a line each
    kcat -q -b "$brokers" -Q -t "$1:0:-1" -t "$1:1:-1" -t "$1:2:-1" | sed -n 's/.*\[\([0-9]*\)\] offset \([0-9]*\)/\1|\2/p' | sort
}
no_lag() {
    local service
    for service in "${services[@]}"; do
        [[ $(sql_in restored_cut "SELECT partition, next_command FROM $(view "$service").lane
                JOIN $(view "$service").lane_progress USING (partition) WHERE caught_up ORDER BY 1") == \
            "$(ends_of "restored_cut.$service.commands")" ]] || return 1
    done
    [[ $(missing_invoices)$(missing_profiles) == 00 ]]
}
count_of() { # FROM ...
    sql_in restored_cut "SELECT count(*) FROM $*"
}
missing_invoices() {
    count_of "$(view job).contract c WHERE status = 'completed' AND NOT EXISTS
        (SELECT FROM $(view payment).invoice i WHERE i.contract_id = c.contract_id)"
}
missing_profiles() {
    count_of "$(view user).account a WHERE NOT EXISTS (SELECT FROM $(view client).profile p WHERE p.client_id = a.user_id)
        AND NOT EXISTS (SELECT FROM $(view freelancer).profile p WHERE p.freelancer_id = a.user_id)"
}
until_true 90 "lag 0" no_lag
none() { # WHAT FROM ...
    local what=$1 n
    shift
    n=$(count_of "$*")
    printf '%5s %s\n' "$n" "$what"
    [[ $n == 0 ]] || die "$n $what"
}
none "contracts with two invoices" "(SELECT contract_id FROM $(view payment).invoice GROUP BY 1 HAVING count(*) > 1) t"
none "invoices of contracts that are not completed" "$(view payment).invoice i WHERE NOT EXISTS
    (SELECT FROM $(view job).contract c WHERE c.contract_id = i.contract_id AND status = 'completed')"
none "payments without an invoice" "$(view payment).payment p WHERE NOT EXISTS
    (SELECT FROM $(view payment).invoice i WHERE i.invoice_id = p.invoice_id)"
none "client profiles without a user" "$(view client).profile p WHERE NOT EXISTS
    (SELECT FROM $(view user).account a WHERE a.user_id = p.client_id)"
none "freelancer profiles without a user" "$(view freelancer).profile p WHERE NOT EXISTS
    (SELECT FROM $(view user).account a WHERE a.user_id = p.freelancer_id)"
none "jobs without a user" "$(view job).posting j WHERE NOT EXISTS
    (SELECT FROM $(view user).account a WHERE a.user_id = j.client_id)"
none "messages about a job that is not there" "$(view messaging).message m WHERE m.job_id IS NOT NULL AND NOT EXISTS
    (SELECT FROM $(view job).posting j WHERE j.job_id = m.job_id)"
none "messages without their people" "$(view messaging).message m WHERE (SELECT count(*) FROM $(view user).account a
    WHERE a.user_id IN (m.sender_id, m.recipient_id)) <> 2"
for service in "${services[@]}"; do
    none "dead letters of $service" "hirelog_$service.dead_letter WHERE reason <> 'internal'"
done
restored=$(count_of "$(view job).contract WHERE status = 'completed'")
((restored > before + 8)) || die "only $restored contracts were restored"

it "what was invoiced after the cut has the invoice of home"
sql_in hirelog "SELECT contract_id, invoice_id FROM $home_payment.invoice" | sort >"$work/invoices.home"
sql_in restored_cut "SELECT contract_id, invoice_id FROM $(view payment).invoice" | sort >"$work/invoices.restored"
[[ -z $(comm -13 "$work/invoices.home" "$work/invoices.restored") ]] || die "an invoice that home does not have"

it "up to the cut both histories are the same, and what comes behind it in the restored one is at home, too"
history_of() { # TOPIC PARTITION - a line per event: key, ids, type, digest
    kcat -q -b "$brokers" -C -t "$1" -p "$2" -X isolation.level=read_committed -o beginning -e -f '%k %S %h\n'
}
ids_in() { # FILE
    sed 's/.*ce_id=\([0-9a-f-]*\).*/\1/' "$1" | sort
}
for service in "${services[@]}"; do
    for p in 0 1 2; do
        n=$(jq ".partitions[$p].records" "$work/export/$service.events/manifest.json")
        history_of "hirelog.$service.events" "$p" >"$work/home"
        history_of "restored_cut.$service.events" "$p" >"$work/restored"
        cmp <(head -n "$n" "$work/home") <(head -n "$n" "$work/restored") || die "$service/$p differs before the cut"
        (($(wc -l <"$work/restored") >= n)) || die "$service/$p is shorter than the cut"
        [[ -z $(comm -13 <(ids_in "$work/home") <(ids_in "$work/restored")) ]] || die "$service/$p: an event that home does not have"
        printf '%-16s %6s events before the cut, %3s behind it\n' "$service/$p" "$n" $(($(wc -l <"$work/restored") - n))
    done
done
