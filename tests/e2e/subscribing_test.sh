#!/usr/bin/env bash
# docs/subscribing.md: every block is run as it stands, and shows the job that was posted before. And the AsyncAPI document.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
work=$http_work/page
mkdir -p "$work/build"
ln -s "$HIRELOG_BIN" "$work/build/hirelog"
ln -s "$http_root/build/subscriber-libs" "$work/build/subscriber-libs"
export PATH=$http_root/build/confluent/bin:$PATH

# A program's first line is a comment with its file's name; each block of shell is a file of its own.
awk -v dir="$work" '
    /^```[a-z]+$/ {language = substr($0, 4); file = language == "sh" ? sprintf("%s/%02d.sh", dir, ++n) : ""; next}
    /^```$/ {language = ""; next}
    language && !file {file = dir "/" $2}
    language {print > file}' "$http_root/docs/subscribing.md"

person ana client
post_job "$ana_token"
export token=$ana_token

shows() { # BLOCK - in a process group of its own; ends it
    local block=$1 deadline=$((SECONDS + 60)) pid
    (cd "$work" && exec setsid bash -euo pipefail "$block") >"$block.out" 2>&1 &
    pid=$!
    until grep -q "$job_id" "$block.out"; do
        kill -0 $pid 2>/dev/null && ((SECONDS < deadline)) || die "$(<"$block") does not show it: $(tail -n 20 "$block.out")"
        read -rt 0.05 <> <(:) || :
    done
    kill -KILL -- "-$pid"
    wait $pid || :
}
for block in "$work"/*.sh; do
    it "$(<"$block")"
    shows "$block"
    grep "$job_id" "$block.out" | head -n 1 | cut -c 1-150
done
[[ $(find "$work" -name '*.sh' | wc -l) == 6 && -e $work/subscriber.py && -e $work/Subscriber.java && -e $work/stream.py ]] ||
    die "the page has other blocks: $(ls "$work")"

it "the AsyncAPI document is one by the specification's own schema"
curl -fsS "$HIRELOG_URL/asyncapi.json" -o "$work/asyncapi.json"
python3 "$http_root/tests/e2e/asyncapi_check.py" "$http_root/tests/e2e/asyncapi-3.0.0.schema.json" "$work/asyncapi.json"
jq -e '(.channels | keys) == ["client", "freelancer", "job", "messaging", "payment", "user"] and
    .channels.job.address == "hirelog.job.events" and (.channels.job.messages | has("JobPosted") and has("CommandRejected")) and
    .components.messages.JobPosted.payload.schema.name == "JobPosted"' "$work/asyncapi.json" >/dev/null || die "something is missing in it"
jq '.channels.job.messages.JobPosted = 7' "$work/asyncapi.json" >"$work/wrong.json"
! python3 "$http_root/tests/e2e/asyncapi_check.py" "$http_root/tests/e2e/asyncapi-3.0.0.schema.json" "$work/wrong.json" >/dev/null 2>&1 ||
    die "the check lets anything pass"

it "the OpenAPI document has the feed and both documents"
curl -fsS "$HIRELOG_URL/openapi.json" | jq -e '(.paths | has("/asyncapi.json") and has("/docs/")) and
    (.paths["/api/events/"].get | .responses["200"].content | has("text/event-stream")) and
    ([.paths["/api/events/"].get.parameters[].name] | contains(["service", "after", "Last-Event-ID"]))' >/dev/null || die "something is missing in it"
