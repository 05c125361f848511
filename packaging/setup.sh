#!/usr/bin/env bash
# Idempotent set-up, sourced by run.sh and test.sh: system libraries, .venv, locked Python packages and the
# s2s-live command. Run again it compares a stamp and returns. Written for bash 3.2, which macOS still has.
#
#   set_up run     what the app needs
#   set_up test    the same, a virtual sound card and a virtual screen
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
PY=$ROOT/.venv/bin/python
SPACE_MB=7000 # torch and its companions, unpacked, and the download cache

# The last two carry sound between PortAudio and a desktop's sound server, and name its monitors.
APP_DEB="ca-certificates libportaudio2 libglib2.0-0 libgl1 libegl1 libdbus-1-3 libfontconfig1 libxkbcommon0
 fonts-dejavu-core libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0
 libxcb-render-util0 libxcb-shape0 libasound2-plugins pulseaudio-utils"
TEST_DEB="pulseaudio sox espeak-ng xvfb xauth xdotool imagemagick openbox"
APP_FEDORA="python3 portaudio libglvnd-glx libglvnd-egl mesa-dri-drivers dbus-libs fontconfig libxkbcommon-x11
 xcb-util-cursor xcb-util-wm xcb-util-keysyms xcb-util-image xcb-util-renderutil dejavu-sans-fonts
 alsa-plugins-pulseaudio pulseaudio-utils"
TEST_FEDORA="pulseaudio sox espeak-ng xorg-x11-server-Xvfb xauth xdotool ImageMagick openbox"
APP_ARCH="python portaudio libglvnd mesa dbus fontconfig libxkbcommon-x11 xcb-util-cursor xcb-util-wm
 xcb-util-keysyms xcb-util-image xcb-util-renderutil ttf-dejavu alsa-plugins libpulse"
TEST_ARCH="pulseaudio sox espeak-ng xorg-server-xvfb xorg-xauth xdotool imagemagick openbox"

say() { echo "s2s-live: $*" >&2; }

# --- system libraries ---------------------------------------------------------------------------------------

missing_deb() { # of the named packages those not installed; newer releases call some of them ...t64
  local have name both=
  for name in "$@"; do both="$both $name ${name}t64"; done
  # shellcheck disable=SC2086  # words are meant
  have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $both 2>/dev/null | sed -n 's/^installed //p' || true)
  for name in "$@"; do
    case $'\n'$have$'\n' in *$'\n'$name$'\n'* | *$'\n'${name}t64$'\n'*) ;; *) printf '%s ' "$name" ;; esac
  done
}

as_root() { # root's words as they are; sudo's only where it can ask or needs not
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then sudo "$@"
  else return 1; fi
}

install_deb() {
  local missing
  missing=$(missing_deb "$@")
  [ -n "$missing" ] || return 0
  say "installing system packages: $missing"
  # An update that fails (no network, one bad source) need not stop an install that can succeed.
  as_root apt-get update -q || true
  # shellcheck disable=SC2086
  # --no-remove: on a desktop another sound server may be in the way; it stays.
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-remove --no-install-recommends $missing; then
    say "system packages are missing and could not be installed from here. Please run as root (or with sudo):"
    say "    apt-get update && apt-get install --no-install-recommends $missing"
    say "Going on without them."
  fi
}

hint_other_linux() { # told once for each set of packages, since we cannot ask cheaply what is there
  local told=$ROOT/.venv/.told-$1 command=
  [ ! -e "$told" ] || return 0
  if command -v dnf >/dev/null; then
    command="sudo dnf install $APP_FEDORA"; [ "$1" = run ] || command="$command $TEST_FEDORA"
  elif command -v pacman >/dev/null; then
    command="sudo pacman -S --needed $APP_ARCH"; [ "$1" = run ] || command="$command $TEST_ARCH"
  fi
  if [ -n "$command" ]; then
    say "this system's libraries are not installed for you. If the app does not start, run:"
    # shellcheck disable=SC2086
    echo "   " $command >&2
  else
    say "this Linux is not known here; it needs PortAudio, libGL, libEGL, libdbus, fontconfig, libxkbcommon-x11, xcb-util-*."
  fi
}

set_up_system() {
  [ "$(uname -s)" = Linux ] || return 0
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then hint_other_linux "$1"; return 0; fi
  local want=$APP_DEB
  [ "$1" = run ] || want="$want $TEST_DEB"
  [ -x "$PY" ] || [ -n "$(find_python)" ] || want="python3 python3-venv $want"
  # shellcheck disable=SC2086
  install_deb $want
}

# --- Python -------------------------------------------------------------------------------------------------

find_python() { # the first Python of a supported version that can make environments
  local name
  for name in python3 python3.13 python3.12 python3.11; do
    if "$name" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      command -v "$name"
      return 0
    fi
  done
}

make_environment() {
  local python helper
  python=$(find_python)
  if [ -n "$python" ]; then "$python" -m venv --clear .venv; return; fi
  say "no Python 3.11, 3.12 or 3.13 here; asking uv to fetch one"
  helper=$(mktemp -d)
  if python3 -m venv "$helper" && "$helper/bin/python" -m pip install -q --require-hashes -r packaging/uv.txt \
    && "$helper/bin/uv" venv -q --clear --seed --python 3.12 .venv; then rm -rf "$helper"; return; fi
  rm -rf "$helper"
  say "please install Python 3.12 (Debian, Ubuntu: python3 and python3-venv; macOS: brew install python@3.12) and try again."
  return 1
}

pip_setting() { # what pip has been told on this machine, from its environment or its files; words on one line
  printf '%s\n' "$PIP_CONFIG" | sed -nE "s/^(:env:|global|install|site|user)\.$1='(.*)'\$/\2/p" | head -n 1 \
    | sed -e 's/\\n/ /g' -e 's/^ *//'
}

forward() { # forward VARIABLE VALUE: hand one of pip's settings to uv, unless uv has been told something itself
  [ -z "$2" ] || [ -n "${!1:-}" ] || export "$1=$2"
}

tell_uv_what_pip_knows() { # uv does not read pip's configuration: mirrors, certificates, time limit
  PIP_CONFIG=$("$PY" -m pip config list 2>/dev/null || true)
  forward UV_DEFAULT_INDEX "$(pip_setting index-url)"
  forward UV_INDEX "$(pip_setting extra-index-url)"
  forward UV_FIND_LINKS "$(pip_setting find-links | tr ' ' ',')"
  # pip takes the best match of all indexes, and the hashes say which files may be used.
  forward UV_INDEX_STRATEGY unsafe-best-match
  forward SSL_CERT_FILE "$(pip_setting cert)"
  forward ALL_PROXY "$(pip_setting proxy)"
  forward UV_HTTP_TIMEOUT "$(pip_setting default-timeout)"
}

install_packages() { # install_packages LOCK
  local lock=$1
  if "$PY" -m pip install -q --disable-pip-version-check --require-hashes -r packaging/uv.txt; then
    # In a subshell: what is said to uv is not said to the app. Without compiled files every start compiles torch.
    if (tell_uv_what_pip_knows && "$ROOT/.venv/bin/uv" pip install --python "$PY" --compile-bytecode --require-hashes -r "$lock"); then return; fi
  fi
  say "installing with pip instead of uv (slower)"
  "$PY" -m pip install --disable-pip-version-check --compile --require-hashes -r "$lock"
}

check_space() {
  local free
  free=$(df -Pm . | awk 'NR == 2 {print $4}')
  [ "$free" -ge "$SPACE_MB" ] || say "only $free MB free here; the packages need about $SPACE_MB MB."
}

set_up_python() { # set_up_python run|test: what tests need is all that the app needs, and more
  local want have lock=packaging/requirements.txt
  want="$ROOT $(cat packaging/requirements.txt packaging/uv.txt packaging/link.py | cksum)"
  if [ "$1" = test ]; then
    lock=packaging/test-requirements.txt
    want="$want and tests $(cksum <"$lock")"
  fi
  have=$(cat .venv/.ready 2>/dev/null || true)
  if [ -x "$PY" ]; then case "$have " in "$want "*) return ;; esac; fi
  say "setting up .venv (the first time this takes a minute or more: about 5 GB of packages)"
  check_space
  # An environment does not survive a move of its folder: its programs name the old one.
  if [ ! -x "$PY" ] || { [ -e .venv/.ready ] && ! grep -qF "$ROOT " .venv/.ready; }; then make_environment; fi
  install_packages "$lock"
  "$PY" packaging/link.py
  echo "$want" >.venv/.ready
  [ "$1" = test ] || find_fastest
}

find_fastest() { # so that the first start shows pictures as soon as later ones; it does this itself where it must
  say "measuring how the bundled model runs best on this machine (once, some ten seconds)"
  "$ROOT/.venv/bin/s2s-live" tune >/dev/null 2>&1 || say "that failed: the first start will try again"
}

set_up() {
  set_up_system "$1"
  set_up_python "$1"
  command -v apt-get >/dev/null || : >".venv/.told-$1"
}
