"""The shell programs that a host behind SSH runs: POSIX sh, coreutils and util-linux.

Used by the SSH host. A session is opened with one constant command line, which no login shell can
misunderstand; what it then runs comes on standard input. So arguments and variables are seen
neither by a login shell nor by `ps`, and the files that a login shell reads at its start, which
take their time, are read once a session.
"""

import shlex
from collections.abc import Mapping

from ripieno.runtimes import keeper

_VARIABLES = " ".join(
    f'${{{name}+"{name}=${name}"}}'
    for name in keeper.BASE_VARIABLES
    if name not in ("PATH", "LANG")
)

_LOOP = (
    'while read -r size mark; do text=$(head -c "$size"); ( eval "$text" ); code=$?; '
    'echo; echo "$mark $code"; { echo; echo "$mark $code"; } >&2; done'
)

COMMAND_LINE = (
    f'exec /bin/sh -c \'exec env -i PATH="${{PATH:-{keeper.DEFAULT_PATH}}}" '
    f'LANG="${{LANG:-C.UTF-8}}" {_VARIABLES} /bin/sh -c "$0"\' \'{_LOOP}\''
)
"""Run by whatever login shell there is: cleans the environment, then runs programs one by one.

Before each it reads a line with the program's size in bytes and a mark, after each it writes a
line with the mark and the exit code to standard output and to standard error.
"""

TOOLS = ("setsid", "flock", "head", "tail", "timeout", "stat", "sha256sum", "env", "grep", "seq")
"""Commands without which a host cannot be used."""

OPTIONAL_TOOLS = ("fallocate",)
"""Commands without which a host does less: fallocate bounds the logs."""

ENDS_NAME = ".ends"
"""The file in a host's directory to which every keeper adds a line `code key name`."""

MOST_ENDS_BYTES = 1024 * 1024


def program(script: str, *arguments: str, env: Mapping[str, str] | None = None) -> bytes:
    """A script with its arguments, as a session is to be sent it.

    `env` is what its function `user_env` exports: called last, so that no variable of a command
    meets one of the script, and no tool of the script is looked for in the PATH of a command.
    """
    exports = "".join(f" export {name}={shlex.quote(text)};" for name, text in (env or {}).items())
    lines = [f"user_env() {{ :;{exports} }}", f"set -- {shlex.join(arguments)}", script]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


# Functions that several programs begin with. A process is meant by pid, start time and boot.
_FUNCTIONS = (
    f"own_cwd={keeper.CWD}"
    + r"""
# alive PID START_TIME: whether that very process has not ended. Sets seen_start and seen_group.
alive() {
    seen_start= seen_group= line=
    [ -r "/proc/$1/stat" ] || return 1
    { IFS= read -r line <"/proc/$1/stat"; } 2>/dev/null
    case $line in *') '*) ;; *) line=$(cat "/proc/$1/stat" 2>/dev/null) ;; esac
    expected=$2
    set -- ${line##*) }
    seen_group=$3 seen_start=${20}
    [ "$seen_start" = "$expected" ] && [ "$1" != Z ] && [ "$1" != X ]
}
# look FOLDER KEY PID START_TIME BOOT: sets found to `exited CODE`, `running` or `lost`.
look() {
    found=lost record= keeper_pid=0 keeper_start=0
    read -r boot_now </proc/sys/kernel/random/boot_id
    if [ -s "$1/run-$2" ]; then
        read -r a b c d keeper_pid keeper_start e <"$1/run-$2"
        [ "$a $b $c" = "$3 $4 $5" ] && record=1
    fi
    if [ -z "$record" ]; then
        [ "$5" = "$boot_now" ] && alive "$3" "$4" && found=running
        return
    fi
    noted "$1/exit-$2" && return
    [ "$5" = "$boot_now" ] || return
    alive "$3" "$4" && found=running && return
    tries=0
    while alive "$keeper_pid" "$keeper_start" && [ "$tries" -lt 100 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    noted "$1/exit-$2"
}
noted() {
    [ -s "$1" ] || return 1
    read -r code <"$1"
    found="exited $code"
}
# left_over PID START_TIME GROUP MARK: pids of the living of a group whose leader has ended.
left_over() {
    kill -s 0 -- "-$3" 2>/dev/null || return
    if [ -d "/proc/$1" ]; then
        alive "$1" "$2"
        [ "$seen_start" = "$2" ] || return
    fi
    group=$3
    for environ in $(grep -lzxF "$4" /proc/[0-9]*/environ 2>/dev/null); do
        pid=${environ#/proc/}
        pid=${pid%/environ}
        alive "$pid" x
        [ "$seen_group" = "$group" ] && alive "$pid" "$seen_start" && echo "$pid"
    done
}
# send SIGNAL PID START_TIME BOOT GROUP MARK: signals what is left of a process and its group.
send() {
    read -r boot_now </proc/sys/kernel/random/boot_id
    [ "$4" = "$boot_now" ] || return
    if alive "$2" "$3"; then
        kill -s "$1" -- "-$5" 2>/dev/null
        return
    fi
    for each in $(left_over "$2" "$3" "$5" "$6"); do
        kill -s "$1" "$each" 2>/dev/null
    done
}
# is_gone PID START_TIME BOOT GROUP MARK: whether nothing of it is left.
is_gone() {
    read -r boot_now </proc/sys/kernel/random/boot_id
    [ "$3" = "$boot_now" ] || return 0
    alive "$1" "$2" && return 1
    [ -z "$(left_over "$1" "$2" "$4" "$5")" ]
}
refuse() {
    echo "refused $1${2:+ $2}"
    exit 0
}
# lock FOLDER: holds the name's lock as descriptor 9.
lock() {
    while :; do
        exec 9>>"$1/lock" || exit 1
        flock -w 30 9 || refuse busy
        [ /proc/self/fd/9 -ef "$1/lock" ] && return
        exec 9>&-
        mkdir -p "$1/$own_cwd"
    done
}
"""
)

CHECK = (
    r"""
directory=$1
mkdir -p "$directory" && chmod 700 "$directory" || exit
probe=$directory/.probe-$$
echo probe >"$probe" && [ -s "$probe" ] || exit
rm "$probe"
missing=
for tool in """
    + " ".join((*TOOLS, *OPTIONAL_TOOLS))
    + r"""; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
done
[ -r /proc/self/stat ] || missing="$missing /proc"
name=$(uname -s)
[ ! -r /etc/os-release ] || name=$(. /etc/os-release && echo "$PRETTY_NAME")
echo "os $name"
echo "kernel $(uname -r)"
echo "architecture $(uname -m)"
echo "user $(id -un 2>/dev/null || id -u)"
echo "cpus $(nproc 2>/dev/null || echo 1)"
while read -r key value unit; do
    [ "$key" != MemTotal: ] || echo "memory_mib $((value / 1024))"
done </proc/meminfo
df -Pk "$directory" | while read -r disk blocks used free rest; do echo "disk_kib $free"; done
echo "missing$missing"
"""
)

PREPARE = r"""
directory=$1
[ -d "$directory" ] || { mkdir -p "$directory" && chmod 700 "$directory"; } || exit
script=$directory/$2
[ -s "$script" ] || { printf %s "$3" >"$script.$$" && mv "$script.$$" "$script"; }
"""

REFUSED, REFUSED_CODE = "ripieno: refused ", 120
"""How RUN says on stderr, and by its exit code, that it did not run the command."""

# Functions that say why a command cannot be run; `refuse` is the program's own.
_CHECKS = r"""
check_cwd() {
    [ -d "$1" ] || refuse cwd-missing
    cd "$1" 2>/dev/null || refuse cwd-denied
}
check_command() {
    case $1 in
    */*)
        [ -e "$1" ] || refuse command-missing
        [ -f "$1" ] && [ -x "$1" ] || refuse command-denied "$1"
        ;;
    *)
        command -v -- "$1" >/dev/null && return
        IFS=:
        for each in $PATH; do
            [ ! -f "$each/$1" ] || refuse command-denied "$each/$1"
        done
        refuse command-missing
        ;;
    esac
}
"""

RUN = (
    _CHECKS
    + r"""
refuse() {
    echo "ripieno: refused $1${2:+ $2}" >&2
    exit 120
}
# Input and output go through files, so that nothing of the command is left in the session.
seconds=$1 cwd=$2 size=$3 files=$4/.run-$$-$5
shift 5
umask 077
trap 'rm -f "$files".*' EXIT
head -c "$size" >"$files.in"
umask 022
check_cwd "$cwd"
said=$(user_env; check_command "$1" 2>&1)
[ -z "$said" ] || { echo "$said" >&2; exit 120; }
timeout=$(command -v timeout)
set -- "$files" "$timeout" -s KILL "$seconds" "$@"
(
    user_env
    exec /bin/sh -c 'echo $$ >"$0.pid"; exec "$@" <"$0.in" >"$0.out" 2>"$0.err"' "$@"
)
code=$?
read -r group <"$files.pid"
kill -s KILL -- "-$group" 2>/dev/null
cat "$files.out"
cat "$files.err" >&2
exit "$code"
"""
)
"""Followed by as many bytes of standard input as it is told."""

START = (
    _FUNCTIONS
    + _CHECKS
    + r"""
directory=$1 name=$2 key=$3 limit=$4 cwd=$5 ends=$6 now=$7 kept=$8 script=$9
shift 9
folder=$directory/$name
LC_ALL=C mkdir -p "$folder/$own_cwd" || exit
lock "$folder"
if [ -s "$folder/run-$key" ]; then
    echo "run $(cat "$folder/run-$key")"
    exit
fi
rm -f "$folder/run-$key" "$folder/exit-$key"
check_cwd "$cwd"
said=$(user_env; check_command "$1")
[ -z "$said" ] || { echo "$said"; exit 0; }
number=0
for record in "$folder"/run-*; do
    [ -s "$record" ] || continue
    read -r a b c d e <"$record"
    [ "$d" -le "$number" ] || number=$d
done
number=$((number + 1))
for record in "$folder"/run-*; do
    [ -s "$record" ] || continue
    read -r a b c d e <"$record"
    [ "$d" -lt "$((number - kept))" ] && ! alive "$a" "$b" || continue
    rm -f "$record" "$folder/exit-${record#"$folder/run-"}"
done
for stream in stdout stderr; do
    size=0
    [ ! -s "$folder/$stream.log" ] || size=$(stat -c %s "$folder/$stream.log")
    echo "$now $size" 2>/dev/null >>"$folder/$stream.index"
done
setsid=$(command -v setsid)
head=$(command -v head)
set -- "$setsid" -f /bin/sh "$script" keep \
    "$key" "$number" "$limit" "$folder" "$cwd" "$ends" "$name" "$@"
said=$( (user_env; exec "$@" <&9 2>/dev/null) | "$head" -n 1)
if [ -s "$folder/run-$key" ]; then
    echo "run $(cat "$folder/run-$key")"
    exit
fi
rm -f "$folder/run-$key"
LC_ALL=C dd status=none if=/dev/zero of="$folder/.probe" bs=4096 count=1
rm -f "$folder/.probe"
refuse keeper "$said"
"""
)

FIND = (
    _FUNCTIONS
    + r"""
folder=$1
[ -e "$folder/lock" ] || exit 0
lock "$folder"
for record in "$folder"/run-*; do
    [ ! -s "$record" ] || echo "${record#"$folder/run-"} $(cat "$record")"
done
"""
)

STATUS = (
    _FUNCTIONS
    + r"""
while [ $# -gt 0 ]; do
    look "$1" "$2" "$3" "$4" "$5"
    echo "$found"
    shift 5
done
"""
)

SIGNAL = (
    _FUNCTIONS
    + r"""
# Sends a signal (0: none), gives it a moment, and says what became of the process.
signal=$1 folder=$2 key=$3 pid=$4 start=$5 boot=$6 group=$7 mark=$8
[ "$signal" = 0 ] || send "$signal" "$pid" "$start" "$boot" "$group" "$mark"
tries=0 state=left
while :; do
    if is_gone "$pid" "$start" "$boot" "$group" "$mark"; then
        state=gone
        break
    fi
    [ "$tries" -lt 5 ] && [ "$signal" != 0 ] || break
    sleep 0.05
    tries=$((tries + 1))
done
look "$folder" "$key" "$pid" "$start" "$boot"
echo "$state"
echo "$found"
"""
)

FORGET = (
    _FUNCTIONS
    + r"""
directory=$1 name=$2 mark=$3
folder=$directory/$name
[ -d "$folder" ] || exit 0
lock "$folder"
for record in "$folder"/run-*; do
    [ -s "$record" ] || continue
    read -r pid start boot e <"$record"
    key=${record#"$folder/run-"}
    tries=0
    until is_gone "$pid" "$start" "$boot" "$pid" "$mark=$name $key"; do
        send KILL "$pid" "$start" "$boot" "$pid" "$mark=$name $key"
        [ "$tries" -lt 100 ] || refuse alive "$pid"
        tries=$((tries + 1))
        sleep 0.1
    done
done
LC_ALL=C rm -rf "$folder/$own_cwd" || exit
rm -f "$folder"/run-* "$folder"/exit-* "$folder"/stdout.* "$folder"/stderr.* "$folder/lock"
while [ "$folder" != "$directory" ]; do
    rmdir "$folder" 2>/dev/null || break
    folder=${folder%/*}
done
"""
)

WATCH = r"""
# Prints the lines that keepers add, from now on, until standard input ends.
ends=$1 most=$2
true >>"$ends" || exit
[ "$(stat -c %s "$ends")" -lt "$most" ] || true >"$ends"
tail -n 0 -f "$ends" 2>/dev/null &
watching=$!
echo watching
cat >/dev/null
kill "$watching"
"""

DIGESTS = r"""
for each; do
    if [ -f "$each" ]; then sha256sum <"$each"; else echo missing; fi
done
"""

LOG_STATES = r"""
# Size, blocks of 512 bytes, and name of each log that is there.
stat -c '%s %b %n' -- "$@" 2>/dev/null
true
"""

TEND_LOGS = r"""
# For each log (its path without the ending): its size to note, or -; where to cut it, or -.
now=$1
shift
while [ $# -gt 0 ]; do
    if [ "$2" != - ]; then
        echo "$now $2" >>"$1.index"
        if [ "$(stat -c %s "$1.index")" -gt 32768 ]; then
            tail -n 1000 "$1.index" >"$1.index.new" && mv "$1.index.new" "$1.index"
        fi
    fi
    if [ "$3" != - ] && command -v fallocate >/dev/null; then
        echo "$3" >"$1.start.new" && mv "$1.start.new" "$1.start"
        fallocate -p -o 0 -l "$3" "$1.log"
    fi
    shift 3
done
"""

PORTS = r"""
cat /proc/net/tcp
[ ! -r /proc/net/tcp6 ] || cat /proc/net/tcp6
"""

USAGE = r"""
# GROUP...: ticks a second and bytes a page, then a line for each process of these groups: group,
# four times in ticks, resident pages.
groups=" $* "
ticks=$(getconf CLK_TCK 2>/dev/null) pages=$(getconf PAGESIZE 2>/dev/null)
echo "${ticks:-100} ${pages:-4096}"
for file in /proc/[0-9]*/stat; do
    line=
    { IFS= read -r line <"$file"; } 2>/dev/null
    case $line in *') '*) ;; *) continue ;; esac
    set -- ${line##*) }
    case $1 in Z | X) continue ;; esac
    case $groups in *" $3 "*) echo "$3 ${12} ${13} ${14} ${15} ${22}" ;; esac
done
"""
