# evolved_build.sh - sourced: a second hirelog, from a copy of the schemas in which JobPosted has a version 2. What does not see the
# records' structs is not compiled again: its objects are those of the build under test.
# shellcheck shell=bash
evolved=$http_root/build/evolved

evolved_schemas() {
    local dir=$evolved/schemas
    rm -rf "$dir"
    mkdir -p "$dir"
    cp -r "$http_root"/schemas/*/ "$http_root/schemas/ids.lock" "$dir"
    jq '.fields += [{name: "remote", type: "boolean", default: false, doc: "From anywhere?"}]' "$dir/job/JobPosted.avsc" \
        >"$dir/job/JobPosted.v2.avsc"
    (cd "$http_root" && build/tools/generate "$dir" "$evolved/gen/schemas" --lock)
}

# Newer than what they are made of, or make would compile them.
evolved_objects() { # BUILD-DIR - of the build under test
    local list
    list=$(cd "$1" && find . -name '*.d' -not -path './tests/*' -not -path './build/*' -print0 | xargs -0 grep -LZ 'gen/schemas/records\.h' |
        xargs -0 -n 1 printf '%s\n')
    while read -r list; do
        install -D "$1/${list%.d}.o" "$evolved/out/${list%.d}.o"
    done <<<"$list"
}

evolved_build() { # sets evolved_bin
    mkdir -p "$evolved/gen/schemas"
    evolved_schemas
    evolved_objects "$(dirname "$HIRELOG_BIN")"
    (cd "$http_root" && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory -j"$(nproc)" B=build/evolved/out G=build/evolved/gen \
        SCHEMAS=build/evolved/schemas build/evolved/out/hirelog)
    evolved_bin=$evolved/out/hirelog
}
