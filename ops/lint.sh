#!/usr/bin/env bash
# lint.sh FILE.[ch] ... - what a compiler does not look at: formatting, lengths, SQL, words, scripts. Reports everything, then fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
problem() { # TITLE, the lines on stdin; none is fine
    local lines
    lines=$(cat)
    [[ -n $lines ]] || return 0
    printf 'lint: %s\n%s\n' "$1" "$lines"
}

sql_without_comments() { # FILE:LINE:TEXT of every SQL line
    find projections -name '*.sql' -print0 | xargs -0 -r awk '{sub(/--.*/, ""); print FILENAME ":" FNR ":" $0}'
}

# W8: time, ids and order come from the event, so that a replay makes the same rows; nothing may wait for COMMIT to fail.
sql_rules() {
    local word='(^|[^a-z_])'
    sql_without_comments | grep -v '^projections/common/queries/database_clock\.sql:' | { grep -iE "${word}(deferrable|deferred|(small|big)?serial|sequence|nextval|generated|random|gen_random_uuid|\
uuid_generate_[a-z0-9]+|now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|current_(date|time|timestamp)|localtime\
|localtimestamp|setval|trigger|truncate)([^a-z_]|\$)" || :; } | problem 'a projection may not use this (time, ids and order come from the event)'
    sql_without_comments | { grep -iE "${word}hirelog_[a-z_]+\." || :; } |
        problem 'a schema is named; the search_path names the generation'
}

# Every event of a service that has a view has its statement, and no statement is for an event that does not exist.
sql_of_events() {
    local dir service name avsc
    for dir in projections/*/events; do
        service=$(basename "$(dirname "$dir")")
        for avsc in schemas/"$service"/*.avsc; do
            name=$(basename "$avsc" .avsc)
            [[ $name == *.v[0-9]* ]] || ! jq -e '.role == "event"' "$avsc" >/dev/null || [[ -e $dir/$name.sql ]] ||
                echo "$dir/$name.sql is missing ($avsc)"
        done
        for name in "$dir"/*.sql; do
            [[ ! -e $name ]] || [[ -e schemas/$service/$(basename "$name" .sql).avsc ]] || echo "$name: no such event"
        done
    done | problem 'events and their statements'
}

tracked() { # the files that words are looked for in
    git -c safe.directory='*' ls-files --cached --others --exclude-standard | grep -vE '^ops/lint\.sh$' | while read -r file; do
        [[ ! -f $file ]] || echo "$file"
    done
}

words() {
    tracked | xargs -r grep -nIE '\b(TODO|FIXME|HACK)\b|not implemented' | problem 'unfinished' || :
    tracked | xargs -r grep -nIE '/(work|tmp/bash_jobs|home)/|https?://(repo|registry|deb|proxy|archive)\.' |
        problem "a machine's path or a registry's host" || :
    tracked | { grep -E '^tests/.*\.(c|h|sh)$' || :; } | xargs -r grep -nE '\b(sleep|usleep|nanosleep)\b *\(?[0-9a-z&]' |
        problem 'a test sleeps; wait for the condition' || :
}

# A wait by the wall clock lasts an hour longer when that is set back by an hour.
waits() {
    tracked | { grep -E '\.[ch]$' | grep -vE '^ops/runtime/(timeutil|deadline)\.c$|^tests/' || :; } |
        xargs -r grep -nE 'CLOCK_REALTIME|pthread_cond_timedwait|sem_timedwait' | problem 'a wait by the wall clock; see ops/runtime/deadline.h' || :
}

lengths() {
    awk 'FNR == 1 {open = 0}
        /^[a-zA-Z_].*\)[ ]*$/ {name = $0}
        /^\{/ {open = FNR}
        /^\}/ {if (open && FNR - open > 70) printf "%s:%d: %d lines: %s\n", FILENAME, open, FNR - open, name; open = 0}' "$@" | problem 'functions over 70 lines'
    wc -l "$@" | awk '$2 != "total" && $1 > 900 {print $2 ": " $1 " lines"}' | problem 'files over 900 lines'
}

scripts() {
    local file
    for file in ops/*.sh tests/*/*.sh .ci/run; do
        [[ ! -e $file ]] || bash -n "$file" 2>&1
    done | problem 'shell syntax'
}

report=$({
    clang-format-14 --dry-run -Werror "$@" 2>&1 | awk -F: '/error:/ && !seen[$1]++ {print $1 ":" $2}' |
        problem 'formatting (make format)'
    lengths "$@"
    sql_rules
    sql_of_events
    words
    waits
    scripts
})
[[ -z $report ]] || {
    printf '%s\n' "$report"
    exit 1
}
