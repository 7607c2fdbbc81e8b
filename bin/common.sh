# shellcheck shell=bash
# Read (`source`) by the programs of this folder: how they refuse, what they need, and how they start, find and end processes.
export PATH=$PATH:/usr/sbin:/sbin DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

say() { printf '%s\n' "$*"; }
fail() { printf '%s%s\n' "${program:+$program: }" "$*" >&2; exit 1; } # behind the program's name, where it has said that
usage() { # prints the commands that the head of the program names
  awk '/^#   / { print substr($0, 5); seen = 1; next } seen { exit }' "$0" >&2
  exit 2
}
value() { sed -n "s/^$2=//p" "$1" 2> /dev/null || true; } # value FILE KEY: out of a file of lines KEY=VALUE

require() { # require WHAT PROGRAM:PACKAGE…: says which packages WHAT lacks
  local what=$1 tool missing=(); shift
  for tool in "$@"; do
    command -v "${tool%%:*}" > /dev/null || missing+=("${tool#*:}")
  done
  [ ${#missing[@]} = 0 ] || fail "$what needs packages that are not there: apt-get install $(printf '%s\n' "${missing[@]}" | sort -u | paste -sd' ')"
}
require_dotnet() { command -v dotnet || fail "The .NET SDK is missing: https://dotnet.microsoft.com/download/dotnet/10.0"; } # prints where it is
as_root=() # in front of what only root may do
become_root() { # become_root WHY: as_root is sudo from then on, unless this is root
  [ "$(id -u)" != 0 ] || return 0
  command -v sudo > /dev/null || fail "$1, which needs root: install sudo, or run this as root."
  sudo -n true 2> /dev/null || say "$1, which needs root. sudo asks for your password once:"
  sudo -v || fail "$1, which cannot be done without root."
  # shellcheck disable=SC2034
  as_root=(sudo --preserve-env)
}
free_mib() { df -Pm "$1" | awk 'NR == 2 { print $4 }'; } # free_mib FOLDER
alone() { exec 9> "$1"; flock 9; } # alone LOCK: waits for another; what is started meanwhile closes 9, so that it does not keep the lock
listens() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; } # listens PORT: somebody does

until_true() { # until_true SECONDS COMMAND…: whether it came true in that time
  local _ seconds=$1; shift
  for _ in $(seq $((seconds * 10))); do
    if "$@"; then return 0; fi
    sleep 0.1
  done
  return 1
}
says() { { tr '\0' ' ' < "/proc/$1/cmdline"; } 2> /dev/null | grep -qF -e "$2"; } # says PID TEXT: a process with that in its command line
gone() { ! kill -0 "$@" 2> /dev/null; }
end_processes() { # end_processes PID…: politely, then not
  [ $# != 0 ] || return 0
  kill "$@" 2> /dev/null || true
  until_true 10 gone "$@" || kill -KILL "$@" 2> /dev/null || true
}

random() { head -c "$1" /dev/urandom | base64 -w 0; } # random BYTES
keep() { # keep FILE: writes its input there unless there is something; only the owner reads it
  if [ -s "$1" ]; then cat > /dev/null; else (umask 077; cat > "$1.new" && mv "$1.new" "$1"); fi
}
as_daemon() { # as_daemon USER FOLDER NAME PROGRAM…: in place of this process, in FOLDER; as USER, who sees it as /mnt/NAME, if this is root
  local user=$1 folder=$2 name=$3; shift 3
  if [ "$(id -u)" != 0 ]; then cd "$folder" && exec "$@"; fi
  # A checkout under /root has no path that USER can reach: hence a mount namespace.
  # shellcheck disable=SC2016
  exec unshare --mount --propagation private sh -c '
    user=$1 folder=$2 name=$3; shift 3
    mount -t tmpfs -o mode=755,size=64k tmpfs /mnt && mkdir "/mnt/$name" && mount --bind "$folder" "/mnt/$name" &&
    cd "/mnt/$name" && exec setpriv --reuid="$user" --regid="$user" --init-groups "$@"' sh "$user" "$folder" "$name" "$@"
}
