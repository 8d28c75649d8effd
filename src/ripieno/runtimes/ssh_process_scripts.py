"""The shell programs that start, find, signal and forget processes on a host behind SSH.

Used by the SSH host; how they get there is told in `ssh_scripts`, and what lies on the host for a
process in `keeper`.
"""

from ripieno.runtimes import keeper
from ripieno.runtimes.ssh_scripts import CHECKS

ENDS_NAME = ".ends"
"""The file in a host's directory to which every keeper adds a line `code key name`."""

MOST_ENDS_BYTES = 1024 * 1024


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

START = (
    _FUNCTIONS
    + CHECKS
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
