"""What lies on a host for each process, and the small shell script that keeps the process.

Used by every host that is a real machine, so that one server finds what another started. The
folder of a process, `<directory>/<name>/`, holds

- `cwd/`: its working folder, unless told otherwise;
- `stdout.log`, `stderr.log`: appended to by all processes of the name; the beginning may be a hole;
- `stdout.index`, `stderr.index`: lines `unix_seconds size`, where a log stood and when;
- `run-<key>`: one line about the process of that key, `RUN_FIELDS`, there before its command is;
- `exit-<key>`: its exit code, once it has ended;
- `lock`: locked (flock) from before a start until the record is there or never will be.

**Exactly one process a key.** A start takes the lock and hands it to the keeper by inheritance,
so that it is held while a start is under way, even when the server that asked for it is dead. The
shell that becomes the command writes `run-<key>` itself, exclusively (O_EXCL), with its own pid and
start time, then unlocks, and only then turns into the command by exec. So there is no record
without a process that existed, no command without a record, and a record without a line belongs to
a shell that died before the exec: under the lock it may be taken away.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from ripieno.runtimes.errors import PermanentFailure
from ripieno.runtimes.host import Command, Process, Stream

STREAMS: tuple[Stream, ...] = ("stdout", "stderr")

CWD = "cwd"
"""The folder of a process that it runs in unless told otherwise, and that its files come into."""

MARK = "RIPIENO_PROCESS"
"""The environment variable of every started process: its name and quoted key."""

ENGINE_VARIABLES = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
)
"""Where a client finds the container engine, if not where it is by default."""

BASE_VARIABLES = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR"),
    *ENGINE_VARIABLES,
)
"""What a started process gets of the environment of the server (or of the login, over SSH)."""

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

KEPT_RUNS = 16
"""How many records of ended processes stay under a name."""

RUN_FIELDS = "pid start_time boot_id number keeper_pid keeper_start log_limit_bytes"

SCRIPT = """\
# Keeps one process: starts it in a session of its own, waits for its end, notes the exit code.
# keep KEY NUMBER LOG_LIMIT FOLDER CWD ENDS NAME COMMAND...
# Standard input is the locked file; a line on standard output says that the start is over.
# The variables are called so because the environment is that of the command.
if [ "$1" = keep ]; then
    exec 8>&1 9<&0 </dev/null >/dev/null 2>&1
    ripieno_key=$2 ripieno_folder=$5 ripieno_ends=$7 ripieno_name=$8
    shift
    read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ ripieno_start _ </proc/self/stat
    # Not in the background: the shell would let the command ignore INT and QUIT.
    command -p setsid /bin/sh "$0" launch "$ripieno_start" "$@"
    ripieno_code=$?
    cd "$ripieno_folder" && [ -s "run-$ripieno_key" ] || exit
    read -r _ _ _ _ ripieno_keeper _ <"run-$ripieno_key"
    [ "$ripieno_keeper" = "$$" ] || exit
    echo "$ripieno_code" >"exit-$ripieno_key"
    [ -z "$ripieno_ends" ] ||
        echo "$ripieno_code $ripieno_key $ripieno_name" >>"$ripieno_ends"
    exit
fi
ripieno_key=$3 ripieno_rest="$4 $PPID $2 $5" ripieno_folder=$6
read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ ripieno_start _ </proc/self/stat
read -r ripieno_boot </proc/sys/kernel/random/boot_id
cd "$7" || { echo cwd >&8; exit 1; }
shift 9
true >>"$ripieno_folder/stdout.log" && true >>"$ripieno_folder/stderr.log" ||
    { echo log >&8; exit 1; }
set -C
echo "$$ $ripieno_start $ripieno_boot $ripieno_rest" >"$ripieno_folder/run-$ripieno_key" ||
    { echo record >&8; exit 1; }
set +C
command -p flock -u 9
trap '' PIPE
echo started >&8
trap - PIPE
exec >>"$ripieno_folder/stdout.log" 2>>"$ripieno_folder/stderr.log" 8>&- 9<&-
unset OLDPWD ripieno_key ripieno_rest ripieno_folder ripieno_start ripieno_boot
exec "$@"
"""

SCRIPT_NAME = f".keeper-{hashlib.sha256(SCRIPT.encode()).hexdigest()[:12]}.sh"
"""The script's file in the host's directory; another script has another name."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What `run-<key>` says; `number` counts the processes of a name."""

    process: Process
    number: int
    keeper_pid: int
    keeper_start: int
    log_limit_bytes: int


def read_run(name: str, key: str, line: str) -> Run | None:
    """What a record says; None where its writer died before it had written it."""
    if not line.endswith("\n"):
        return None
    pid, start_time, boot_id, number, keeper_pid, keeper_start, limit = line.split()
    return Run(
        process=Process(
            name=name,
            key=key,
            pid=int(pid),
            start_time=int(start_time),
            boot_id=boot_id,
            group=int(pid),
        ),
        number=int(number),
        keeper_pid=int(keeper_pid),
        keeper_start=int(keeper_start),
        log_limit_bytes=int(limit),
    )


def check_name(name: str, host: str) -> str:
    """The name, if it can be a folder on the host.

    Raises: PermanentFailure.
    """
    if len(name) > 240 or not _NAME.fullmatch(name):
        raise PermanentFailure(
            f"{name!r} cannot name a process",
            host=host,
            remedy="use parts of letters, digits, '.', '_' and '-', separated by '/'",
        )
    return name


def quoted_key(key: str, host: str) -> str:
    """A key as a part of a file name.

    Raises: PermanentFailure.
    """
    written = quote(key, safe="")
    if not 0 < len(written) <= 200:
        raise PermanentFailure(
            f"the key {key[:40]!r} of a process is empty or too long",
            host=host,
            remedy="use up to 200 letters and digits",
        )
    return written


def plain_key(written: str) -> str:
    """The key of a file name."""
    return unquote(written)


def check_command(command: Command, host: str) -> Command:
    """The command, if a process can be given it.

    Raises: PermanentFailure.
    """
    check_data(command.argv, command.env, host)
    if command.cwd is not None and "\0" in command.cwd:
        raise PermanentFailure("the working folder has a zero byte", host=host, remedy="drop it")
    return command


def check_data(argv: Sequence[str], env: Mapping[str, str], host: str) -> None:
    """Raise a PermanentFailure for an argv or environment that no process can be given."""
    if not argv or not argv[0] or argv[0].startswith("-"):
        raise PermanentFailure(
            f"{argv[0] if argv else ''!r} is no command", host=host, remedy="name a program first"
        )
    for variable in env:
        if not _VARIABLE.fullmatch(variable):
            raise PermanentFailure(
                f"{variable!r} cannot name an environment variable",
                host=host,
                remedy="use letters, digits and underscores",
            )
    if any("\0" in text for text in (*argv, *env.values())):
        raise PermanentFailure(
            f"an argument or variable of {argv[0]} has a zero byte", host=host, remedy="take it out"
        )


def environment(base: Mapping[str, str], env: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a command: what is harmless of `base`, and `env` over it."""
    clean = {name: base[name] for name in BASE_VARIABLES if name in base}
    return {"PATH": DEFAULT_PATH, "LANG": "C.UTF-8", **clean, **env}


def mark(name: str, written_key: str) -> str:
    """The value of `MARK` for a process."""
    return f"{name} {written_key}"
