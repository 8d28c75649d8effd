"""From a command to a runtime call, and from its outcome to a message for the supervisor.

It holds no state that matters: after a crash the same jobs are given again, and every verb finds
what was done already.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from ripieno.actions import Actions, Context
from ripieno.control.messages import Done, Failed, Job, Message, Said, Saved
from ripieno.control.routes import Routes
from ripieno.control.scope import (
    early_files,
    from_disk,
    offered,
    resolved,
    scope_of,
    told_address,
)
from ripieno.model import references
from ripieno.model.action import Verb
from ripieno.model.application import Address
from ripieno.model.component_type import Value
from ripieno.model.errors import RipienoError
from ripieno.model.workload import FileTransfer, Health, HealthKind, Secret, Workload
from ripieno.runtimes import health
from ripieno.runtimes.base import Handle, Replica, Runtime, Spot, Task
from ripieno.runtimes.errors import NotReady, ProcessDied, TemporaryFailure
from ripieno.runtimes.host import Command, Host

LOG = logging.getLogger(__name__)

FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 10.0
"""Between two tries of something that failed for a while."""

LEAST_PATIENCE_S = 60.0
"""How long a temporary failure is tried again, where the component's deadline is shorter."""

INTERRUPTIBLE = frozenset((Verb.AWAIT_READY, Verb.CHECK, Verb.RUN_JOB, Verb.CALL, Verb.COMMAND))
"""What is given up at once when its reconfiguration is cancelled; all else runs to its end."""

ONE_BY_ONE = frozenset((Verb.ROLL, Verb.SCALE))
"""What is done to single replicas, while others go on."""

LONG_GRACE_S, SHORT_GRACE_S = 10.0, 2.0
"""How long requests through the door may go on before their replica is stopped, and the longest
that a stop of everything waits for them."""

Post = Callable[[Message], None]
SecretsReader = Callable[[Iterable[str]], Awaitable[Mapping[str, str]]]
FilesReader = Callable[[Iterable[FileTransfer]], Awaitable[Mapping[str, str]]]
"""Where registered files are, by their digests."""


class Performer:
    """Carries out jobs, each in a task of its own."""

    def __init__(
        self,
        *,
        runtime: Runtime,
        hosts: Callable[[str], Host],
        actions: Actions,
        secrets: SecretsReader,
        routes: Routes,
        files: FilesReader,
        group: asyncio.TaskGroup,
    ) -> None:
        self._runtime = runtime
        self._hosts = hosts
        self._actions = actions
        self._secrets = secrets
        self._routes = routes
        self._files = files
        self._group = group
        self._tasks: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._interrupted: dict[tuple[str, int], str] = {}

    def perform(self, job: Job, post: Post) -> None:
        """Begin a job; its outcome is posted."""
        if job.action is None:
            post(Done(command=job.command, attempt=job.attempt))
            return
        place = (job.deployment, job.command)
        self._tasks[place] = self._group.create_task(self._run(job, post))

    def interrupt(self, job: Job, why: str) -> None:
        """Give up a job, if it is under way and of a kind that may be given up."""
        place = (job.deployment, job.command)
        if place in self._interrupted:
            return  # It is ending what it has started.
        task = self._tasks.get(place)
        if task is not None and job.action is not None and job.action.verb in INTERRUPTIBLE:
            self._interrupted[place] = why
            # Not before its first step, or nobody would tell of its end.
            asyncio.get_running_loop().call_soon(task.cancel)

    def stop(self, deployment: str) -> None:
        """Let go of a deployment's jobs without a word, as when the server goes down."""
        for (name, _), task in list(self._tasks.items()):
            if name == deployment:
                task.cancel()

    async def _run(self, job: Job, post: Post) -> None:
        place = (job.deployment, job.command)
        try:
            post(await self._persist(job, post))
        except asyncio.CancelledError:
            why = self._interrupted.get(place)
            if why is None:
                raise
            if job.action is not None and job.action.verb in (Verb.RUN_JOB, Verb.COMMAND):
                why += await self._end_processes(job, post)
            post(Failed(command=job.command, attempt=job.attempt, cause=why))
        except Exception as problem:  # Own actions raise what they like; all of it is a failure.
            cause = str(problem)
            if not isinstance(problem, RipienoError):
                LOG.exception("action failed", extra={"component": job.component})
                cause = f"{type(problem).__name__}: {problem}"
            post(Failed(command=job.command, attempt=job.attempt, cause=cause))
        finally:
            self._interrupted.pop(place, None)
            if self._tasks.get(place) is asyncio.current_task():
                del self._tasks[place]

    async def _end_processes(self, job: Job, post: Post) -> str:
        """End what an interrupted job or command has started; what to add to the cause."""
        try:
            assert job.action is not None
            if job.action.verb is Verb.COMMAND:
                host = self._hosts(job.definition.host)
                process = await host.find(_process_name(job))
                if process is not None and process.key == job.key:
                    await host.stop(process)
            elif job.handle is not None:
                await self._runtime.stop(await self._task(job, post), job.handle)
        except RipienoError as problem:
            return f"; its process may run on: {problem}"
        return ""

    async def _persist(self, job: Job, post: Post) -> Done:
        """Do it, again and again while what is in the way is temporary."""
        loop = asyncio.get_running_loop()
        patience_s = max(job.definition.deadline_s, LEAST_PATIENCE_S)
        give_up_at = loop.time() + patience_s
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                return await self._do(job, post)
            except TemporaryFailure as problem:
                if loop.time() + pause_s > give_up_at:
                    raise
                if pause_s == FIRST_PAUSE_S:
                    post(Said(component=job.component, text=f"{problem}; tried again"))
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LAST_PAUSE_S)

    async def _do(self, job: Job, post: Post) -> Done:
        assert job.action is not None
        match job.action.verb:
            case Verb.CHECK:
                return await self._check(job)
            case Verb.CALL:
                return await self._call(job, post)
            case Verb.COMMAND:
                return await self._command(job)
            case _:
                return await self._work(job, post)

    async def _work(self, job: Job, post: Post) -> Done:
        """A verb of the runtime."""
        assert job.action is not None
        task = await self._task(job, post)
        handle = job.handle
        runtime = self._runtime
        verb = job.action.verb
        if verb is Verb.PREPARE:
            return _done(job, await runtime.deploy(task, handle))
        if handle is None:
            host = self._hosts(job.definition.host)
            handle = Handle(host=host.name, address=host.hostname)
        match verb:
            case Verb.START:
                return _done(job, await runtime.start(task, handle))
            case Verb.AWAIT_READY:
                handle = await runtime.become_ready(task, handle)
                return _done(job, handle, outputs=offered(job.definition, handle))
            case Verb.STOP:
                return _done(job, await runtime.stop(task, handle))
            case Verb.RESTART:
                return _done(job, await runtime.start(task, handle))
            case Verb.ROLL:
                handle = await runtime.replace(task, handle)
                return _done(job, handle, outputs=offered(job.definition, handle))
            case Verb.SCALE:
                handle = await runtime.scale(task, handle)
                return _done(job, handle, outputs=offered(job.definition, handle))
            case Verb.RUN_JOB:
                handle = await runtime.complete(task, handle)
                return _done(job, handle, outputs=offered(job.definition, handle))
            case Verb.REMOVE:
                await runtime.remove(task, handle)
                return Done(command=job.command, attempt=job.attempt, is_removed=True)
            case _:
                raise AssertionError(f"{verb} is not of a runtime")

    async def _task(self, job: Job, post: Post) -> Task:
        definition = job.definition
        workload = told_address(definition.workload or Workload(argv=("true",)), definition)
        workload = from_disk(workload, await self._files(workload.files))
        secrets = await self._secrets(
            each.name for each in workload.env.values() if isinstance(each, Secret)
        )

        def at(spot: Spot) -> Workload:
            scope = scope_of(definition, job.deployment_name, job.inputs, spot)
            return resolved(workload, scope, secrets)

        def files(spot: Spot) -> tuple[FileTransfer, ...]:
            return early_files(
                workload, scope_of(definition, job.deployment_name, job.inputs, spot)
            )

        async def save(handle: Handle) -> None:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            post(Saved(component=job.component, handle=handle, done=done))
            await done

        async def withdraw(replicas: Sequence[Replica]) -> None:
            verb = job.action.verb if job.action else None
            await self._routes.withdraw(
                job.deployment,
                job.component,
                self._hosts(definition.host).hostname,
                replicas,
                grace_s=LONG_GRACE_S if verb in ONE_BY_ONE else SHORT_GRACE_S,
            )

        return Task(
            component=job.component,
            directory=job.deployment,
            host=definition.host,
            key=job.key,
            is_retry=job.attempt > 1,
            workload=workload,
            at=at,
            files=files,
            deadline_s=definition.deadline_s,
            save=save,
            say=lambda text: post(Said(component=job.component, text=text)),
            withdraw=withdraw,
        )

    async def _check(self, job: Job) -> Done:
        """Whether something that exists already is there."""
        address = job.definition.address
        assert address is not None
        problem: str | None = None
        try:
            async with asyncio.timeout(job.definition.deadline_s):
                pause_s = 0.05
                while problem := await _probe(address):
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, 1.0)
        except TimeoutError as late:
            raise NotReady(
                f"{job.component} at {address.host} was not found within "
                f"{job.definition.deadline_s:g} s: {problem or 'no answer'}"
            ) from late
        outputs: dict[str, Value] = {}
        for port, interface in job.definition.provides.items():
            number = address.tcp_ports.get(port)
            outputs[port] = {
                "component": job.component,
                "name": port,
                "host": address.host,
                "port": number,
                "url": f"{interface}://{address.host}:{number}",
                "replicas": [{"host": address.host, "port": number}],
            }
        return Done(command=job.command, attempt=job.attempt, outputs=outputs)

    async def _call(self, job: Job, post: Post) -> Done:
        """A coroutine that was registered by name."""
        assert job.action is not None
        scope = scope_of(job.definition, job.deployment_name, job.inputs)
        arguments = references.resolve_value(job.action.arguments.get("with", {}), scope)
        settings = references.resolve_value(dict(job.definition.settings), scope)
        assert isinstance(arguments, Mapping) and isinstance(settings, Mapping)
        function = self._actions.named(str(job.action.arguments["name"]))
        context = Context(
            deployment=job.deployment,
            component=job.component,
            transition=job.transition,
            command=f"{job.deployment}/{job.command}",
            attempt=job.attempt,
            arguments=arguments,
            settings=settings,
            inputs=job.inputs,
            host=self._hosts(job.definition.host),
            directory=f"{job.deployment}/{job.component}",
            say=lambda text: post(Said(component=job.component, text=text)),
        )
        try:
            async with asyncio.timeout(job.definition.deadline_s):
                outputs = await function(context)
        except TimeoutError as late:
            raise NotReady(
                f"{job.component}.{job.transition} took longer than "
                f"{job.definition.deadline_s:g} s; give the component a longer deadline_s"
            ) from late
        return Done(command=job.command, attempt=job.attempt, outputs=dict(outputs or {}))

    async def _command(self, job: Job) -> Done:
        """A command on the component's host; it goes on if the server dies meanwhile."""
        assert job.action is not None
        host = self._hosts(job.definition.host)
        spot = Spot(host=host.hostname, replica=0, tcp_ports={})
        scope = scope_of(job.definition, job.deployment_name, job.inputs, spot)
        arguments = references.resolve_value(dict(job.action.arguments), scope)
        assert isinstance(arguments, Mapping)
        argv = arguments["argv"]
        env = arguments.get("env", {})
        assert isinstance(argv, list) and isinstance(env, Mapping)
        name = _process_name(job)
        directory = arguments.get("working_directory")
        command = Command(
            argv=tuple(map(str, argv)),
            env={str(key): str(value) for key, value in env.items()},
            cwd=str(directory) if directory is not None else None,
        )
        process = await host.start(name, job.key, command)
        wanted_s = arguments.get("timeout_s", job.definition.deadline_s)
        deadline_s = float(wanted_s) if isinstance(wanted_s, int | float) else 60.0
        try:
            async with asyncio.timeout(deadline_s):
                status = await host.wait(process)
        except TimeoutError as late:
            await host.stop(process)
            raise NotReady(
                f"{job.component}.{job.transition} took longer than {deadline_s:g} s and was "
                "stopped; give it a longer timeout_s"
            ) from late
        if status.exit_code != 0:
            from_log = b"".join([data async for _, data in host.log(name, "stderr")])[-500:]
            said = from_log.decode(errors="replace").strip()
            raise ProcessDied(
                f"{' '.join(command.argv[:3])} ended with {status.exit_code}"
                + (f": {said}" if said else "")
            )
        return Done(command=job.command, attempt=job.attempt)


def _process_name(job: Job) -> str:
    """What the process of a command is called on its host."""
    return f"{job.deployment}/{job.component}/{job.transition}"


def _done(job: Job, handle: Handle, outputs: Mapping[str, Value] | None = None) -> Done:
    return Done(
        command=job.command, attempt=job.attempt, handle=handle, outputs=dict(outputs or {})
    )


async def _probe(address: Address) -> str | None:
    if not address.tcp_ports and address.health is None:
        return None
    check = address.health or Health(kind=HealthKind.TCP)
    port = address.tcp_ports.get(check.tcp_port or "") or next(iter(address.tcp_ports.values()))
    return await health.probe_address(address.host, port, check)
