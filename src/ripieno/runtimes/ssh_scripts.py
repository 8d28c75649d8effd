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


def program(script: str, *arguments: str, env: Mapping[str, str] | None = None) -> bytes:
    """A script with its arguments, as a session is to be sent it.

    `env` is what its function `user_env` exports: called last, so that no variable of a command
    meets one of the script, and no tool of the script is looked for in the PATH of a command.
    """
    exports = "".join(f" export {name}={shlex.quote(text)};" for name, text in (env or {}).items())
    lines = [f"user_env() {{ :;{exports} }}", f"set -- {shlex.join(arguments)}", script]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


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

CHECKS = r"""
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
"""Functions that say why a command cannot be run; `refuse` is the program's own."""

RUN = (
    CHECKS
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
