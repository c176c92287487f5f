# Shared by the scripts beside it: finding a Python, making virtual environments. Sourced by bash, not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# With this variable set, every start compiles Django and the project again, and timings measure the compiler.
unset PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK=1

# The first with the oldest Django, the newest that is found with all tests, the others with what differs between them.
VERSIONS=(3.11 3.12 3.13 3.14 3.15)

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

# Every interpreter that may be on this machine, one a line: the PATH, and where pyenv and uv keep theirs.
candidates() {
    local directory
    while IFS= read -r -d : directory; do
        ls "$directory"/python3 "$directory"/python3.[0-9] "$directory"/python3.[0-9][0-9] 2>/dev/null || true
    done <<<"$PATH:"
    ls "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/*/bin/python3 2>/dev/null || true
    ls "${XDG_DATA_HOME:-${HOME:-}/.local/share}"/uv/python/*/bin/python3 2>/dev/null || true
}

# Every released CPython from 3.11 on that can make virtual environments, one a line: how new it is, its minor version,
# and where it is. A pyenv shim whose version is not selected, and a free-threaded build, do not count.
all_pythons() {
    local candidate
    { candidates; ls .cache/pythons/usr/bin/python3.[0-9][0-9] 2>/dev/null || true; } | sort -u |
        while IFS= read -r candidate; do
            "$candidate" - 2>/dev/null <<'PY' || true
import os, sqlite3, ssl, sys, sysconfig, venv
unpacked = "/.cache/pythons/" in sys.executable
if not unpacked:
    import ensurepip
released = sys.version_info >= (3, 11) and sys.version_info.releaselevel == "final"
if released and not sysconfig.get_config_var("Py_GIL_DISABLED"):
    order = "%03d.%03d.%03d" % sys.version_info[:3]
    print(order, "%d.%d" % sys.version_info[:2], os.path.realpath(sys.executable), sep="\t")
PY
        done | sort -ru
}

# find_python [3.11]: the newest of them, or the newest of that minor version; PYTHONS may hold what `all_pythons` printed.
# Those of scripts/pythons count where their version is asked for.
find_python() {
    printf '%s\n' "${PYTHONS:-$(all_pythons)}" | awk -F '\t' -v version="${1:-}" \
        '!found && (version == "" ? $3 !~ "/[.]cache/pythons/" : $2 == version) { found = 1; print $3 }' | grep .
}

# virtual_environment DIRECTORY VERSION PIP-ARGUMENT...: made with find_python VERSION and filled, once; again only when
# what it is filled from has changed.
virtual_environment() {
    local directory=$1 version=$2 python output state
    shift 2
    state=$(printf '%s\n' "$@"; cat pyproject.toml example/requirements.txt)
    [ -x "$directory/bin/python" ] && [ "$(cat "$directory/.made-from" 2>/dev/null)" = "$state" ] && return
    python=$(find_python "$version") || return
    say "Making $directory with $("$python" --version), and installing into it: this happens once"
    # Debian's Python brings no pip for virtual environments, but Debian has its wheel.
    local wheel=''
    "$python" -c 'import ensurepip' 2>/dev/null || wheel=$(ls "$PWD"/.cache/pythons/usr/share/python-wheels/pip-*.whl)
    "$python" -m venv --clear ${wheel:+--without-pip} "$directory"
    # `--group` needs pip 25.1.
    if ! output=$(PYTHONPATH=$wheel "$directory/bin/python" -m pip install --upgrade 'pip>=25.1' 2>&1 &&
        "$directory/bin/python" -m pip install "$@" 2>&1); then
        printf '%s\n' "$output" >&2
        exit 1
    fi
    printf '%s\n' "$state" >"$directory/.made-from"
}

no_python() {
    say "No Python from 3.11 on was found on the PATH or among those of pyenv and uv: install one, then start again."
    exit 1
}

# debian_packages COMMAND=PACKAGE...: installs the packages whose commands are missing, where that is allowed.
debian_packages() {
    local missing=() pair
    for pair in "$@"; do
        # PostgreSQL's programs are not on the PATH.
        [ -n "$(PATH=$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' :) command -v "${pair%=*}")" ] || missing+=("${pair#*=}")
    done
    if [ ${#missing[@]} = 0 ]; then
        return
    elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Installing ${missing[*]}"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null
    else
        say "Missing: ${missing[*]}. Install them as root; without them some tests fail."
    fi
}

# For whoever runs the example: nothing but Afresh and what the example needs.
user_environment() {
    virtual_environment .venv "" --editable . --requirement example/requirements.txt || no_python
}

# For the checks and the tests: the newest Python with the newest Django.
newest_environment() {
    virtual_environment .venv-newest "" --editable . --group test --group wild --group check \
        --requirement example/requirements.txt || no_python
}

# Those of VERSIONS that are neither the oldest nor that of .venv-newest, the newest first.
versions_between() {
    local newest
    newest=$(.venv-newest/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    printf '%s\n' "${VERSIONS[@]:1}" | grep -vFx "$newest" | sort -rV
}

# version_environment VERSION: the newest Django for that Python, in .venv-VERSION; fails where this machine has none.
version_environment() {
    virtual_environment ".venv-$1" "$1" --editable . --group test
}

# Sets `environment` to the one for $AFRESH_TEST_PYTHON (as 3.14), which is unpacked where it is missing; to the newest.
chosen_environment() {
    if [ -z "${AFRESH_TEST_PYTHON:-}" ]; then
        newest_environment
        environment=.venv-newest
    else
        find_python "$AFRESH_TEST_PYTHON" >/dev/null || scripts/pythons "$AFRESH_TEST_PYTHON"
        version_environment "$AFRESH_TEST_PYTHON"
        environment=.venv-$AFRESH_TEST_PYTHON
    fi
}

# The oldest that is supported; fails where this machine has no Python 3.11.
oldest_environment() {
    virtual_environment .venv-oldest 3.11 --editable . --group test --group wild 'Django~=5.2.0'
}
