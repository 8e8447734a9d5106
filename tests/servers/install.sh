# shellcheck shell=bash
# Where installations are kept, and what comes from Debian. The caller sets SELF, its name in messages.

CACHE=${CONNPROBE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/connprobe-tests}
mkdir -p "$CACHE"
CACHE=$(cd "$CACHE" && pwd)
INSTALL_LOG=$CACHE/install.log

fail() {
  printf '%s: %s\n' "$SELF" "$*" >&2
  exit 1
}

as_root() {
  if ((EUID == 0)); then "$@"; elif command -v sudo >/dev/null; then sudo -n "$@"; else return 1; fi
}

installed() { [[ $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) == *' installed' ]]; }

# debian PACKAGE...: only what is missing; apt starts no service that it installs.
debian() {
  local package missing=()
  for package; do installed "$package" || missing+=("$package"); done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || fail "not installed, and there is no apt-get: ${missing[*]}"
  as_root true || fail "root is needed once, to install: ${missing[*]}"
  printf 'installing with apt-get: %s\n' "${missing[*]}" >&2
  (
    flock 9
    apt_install "${missing[@]}" >>"$INSTALL_LOG" 2>&1
  ) 9>"$CACHE/apt.lock" || fail "apt-get could not install ${missing[*]}: $(tail -n 3 "$INSTALL_LOG")"
}

apt_install() {
  local policy=/usr/sbin/policy-rc.d ours= result=0
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" && as_root chmod 755 "$policy" && ours=yes
  fi
  # The list of packages may be absent, or older than what the archive still has.
  apt_get install "$@" || { apt_get update && apt_get install "$@"; } || result=1
  if [[ $ours ]]; then as_root rm -f "$policy"; fi
  return $result
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -y --no-install-recommends "$@"
}

# tool COMMAND PACKAGE: a tool that is found by its command, whatever it came from.
tool() { command -v "$1" >/dev/null || debian "$2"; }
