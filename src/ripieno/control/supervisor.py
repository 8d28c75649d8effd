"""One deployment's task: messages in, the machine moved, one commit, then the effects.

The order is what makes a crash harmless. Whatever is to be done is on disk before it is done, and
what is done reports back by a message. `course` decides what a reconfiguration does next, `crashes`
what becomes of a process that has died.
"""

import asyncio
import dataclasses
import functools
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from ripieno.control import commands, crashes, journal, outcomes
from ripieno.control.course import Course
from ripieno.control.errors import ShuttingDown
from ripieno.control.messages import (
    Done,
    Failed,
    Job,
    Message,
    ReplicaEnded,
    RestartDue,
    Said,
    Saved,
    TimerDue,
)
from ripieno.control.performer import Performer
from ripieno.control.state import OpenCommand, State, command_arguments
from ripieno.control.watches import Watches
from ripieno.engine import look
from ripieno.engine.rules import Fact
from ripieno.model.command import (
    Command,
    EndProgram,
    ReportWait,
    StartTimer,
    StartTransition,
    StopTimer,
)
from ripieno.model.component_type import ComponentType
from ripieno.model.event import (
    DeadlineReached,
    Event,
    TimerId,
    TransitionFailed,
)
from ripieno.runtimes.base import Runtime
from ripieno.store.records import CommandRecord, EventRecord, TimerRecord
from ripieno.store.store import Store

LOG = logging.getLogger(__name__)

MOST_MESSAGES = 1000
"""Messages that are taken into one commit."""

T = TypeVar("T")


def utc_now() -> datetime:
    """The time, aware."""
    return datetime.now(UTC)


class Supervisor:
    """Leads one deployment."""

    def __init__(
        self,
        state: State,
        *,
        store: Store,
        performer: Performer,
        runtime: Runtime,
        group: asyncio.TaskGroup,
        published: Callable[[list[EventRecord]], None],
        followed: Callable[[State], None],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.state = state
        self.now = now
        self.runtime = runtime
        self.course = Course(self)
        self.is_over = False
        self._store = store
        self._performer = performer
        self._group = group
        self._published = published
        self._followed = followed
        self._mailbox: asyncio.Queue[Message | _Request] = asyncio.Queue()
        self._effects: list[Callable[[], None]] = []
        self._replies: list[tuple[asyncio.Future[Any], Any]] = []
        self._timers: dict[object, asyncio.TimerHandle] = {}
        self.watches = Watches(runtime=runtime, group=group, post=self.post)

    def post(self, message: Message) -> None:
        """Put a message into the mailbox."""
        self._mailbox.put_nowait(message)

    async def ask(self, work: Callable[[], T]) -> T:
        """Have something done between two messages; returns once its changes are stored.

        Raises: what `work` raises, which then must not have changed anything; `ShuttingDown`.
        """
        if self.is_over:
            raise ShuttingDown(f"deployment {self.state.record.name} is not led any more")
        reply: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._mailbox.put_nowait(_Request(work, reply))
        return await reply

    async def run(self) -> None:
        """Take up what was stored and go on until the deployment is removed.

        Nothing of a new one is stored before it is asked for something: a deployment and what
        brings it up are there together, or not at all.
        """
        try:
            if not self.state.is_new:
                self._take_up()
                await self._finish_turn()
            while not self.is_over:
                messages = [await self._mailbox.get()]
                while len(messages) < MOST_MESSAGES and not self._mailbox.empty():
                    messages.append(self._mailbox.get_nowait())
                for message in messages:
                    self._take(message)
                await self._finish_turn()
        finally:
            self._let_go()

    def feed(
        self,
        event: Event,
        kind: str,
        *,
        component: str | None = None,
        types: Mapping[str, ComponentType] | None = None,
        data: Mapping[str, object] | None = None,
    ) -> None:
        """Tell the machine something, note it, and queue what follows.

        Raises: `EngineError` or `ProgramError` when the event is refused, and nothing has changed.
        """
        machine = self.state.machine
        if types:
            machine.declare(types)
        commands = machine.handle(event)
        stored = journal.entry(event, machine, types)
        self.state.tell(kind, self.now(), component=component, data={**(data or {}), **stored})
        for name, fact, _ in machine.facts:
            self.state.touched.add(name)
            if fact is Fact.DELETED and self.state.held.pop(name, None) is not None:
                self.state.put_handle(name)
        for command in commands:
            self._note(command)

    def tell(self, kind: str, component: str | None = None, **data: object) -> None:
        """Add an event that the engine need not know of."""
        self.state.tell(kind, self.now(), component=component, data=data)

    def release(self, commands: Iterable[OpenCommand]) -> None:
        """Have commands performed that were held back."""
        for each in commands:
            self._perform(each.job)

    def close(self, command: OpenCommand, outcome: str, cause: str | None = None) -> None:
        """Note what became of a command."""
        self.state.commands.pop(command.record.id, None)
        self.state.put_command(
            dataclasses.replace(command.record, state=outcome, cause=cause, ended_at=self.now())
        )

    def give_up(self, command: OpenCommand, cause: str) -> None:
        """Count a command as failed that was held back and never begun."""
        job = command.job
        self.close(command, "failed", cause)
        self.feed(
            TransitionFailed(command=job.command, cause=cause),
            "transition.failed",
            component=job.component,
            data={"transition": job.transition, "attempt": job.attempt, "cause": cause},
        )

    async def durations(self) -> dict[tuple[str, str], float]:
        """Seconds that each transition took the last time, by component and transition."""
        return await self._store.durations(self.state.id)

    def interrupt_all(self, why: str) -> None:
        """Give up the commands under way that may be given up."""
        for each in list(self.state.commands.values()):
            action = each.job.action
            if action is not None:
                self._effects.append(functools.partial(self._performer.interrupt, each.job, why))

    def after(self, delay_s: float, message: Message) -> None:
        """Post a message to itself later; one that is the same replaces the earlier one."""

        def set_timer() -> None:
            known = self._timers.pop(message, None)
            if known is not None:
                known.cancel()
            loop = asyncio.get_running_loop()
            self._timers[message] = loop.call_later(max(0.0, delay_s), self._ring, message)

        self._effects.append(set_timer)

    def end(self) -> None:
        """Stop leading the deployment once this turn is over."""
        self.is_over = True

    def _ring(self, message: Message) -> None:
        self._timers.pop(message, None)
        self.post(message)

    def _take_up(self) -> None:
        """After a start: perform again what has no outcome, wait again, watch again."""
        state = self.state
        for each in state.commands.values():
            if each.record.state == "issued":
                self._perform(each.job)
        for timer in state.timers.values():
            left_s = (timer.due_at - self.now()).total_seconds()
            self.after(left_s, TimerDue(timer=TimerId(timer.id)))
        for component, held in state.held.items():
            if held.restart_at is not None:
                left_s = (held.restart_at - self.now()).total_seconds()
                self.after(left_s, RestartDue(component=component))
        state.touched.update(each.name for each in look.looks(state.machine))

    def _take(self, message: "Message | _Request") -> None:
        match message:
            case Done():
                outcomes.done(self, message)
            case Failed():
                outcomes.failed(self, message)
            case Saved():
                self._take_saved(message)
            case Said():
                self.tell(message.kind, message.component, text=message.text)
            case ReplicaEnded():
                crashes.replica_ended(self, message)
            case RestartDue():
                crashes.restart_due(self, message)
            case TimerDue():
                if message.timer in self.state.timers:
                    self.state.stop_timer(message.timer)
                    self.feed(DeadlineReached(timer=message.timer), "wait.deadline")
            case _Request():
                self._answer(message)

    def _answer(self, request: "_Request") -> None:
        try:
            answer = request.work()
        except Exception as problem:  # Whoever asked gets it.
            if not request.reply.done():
                request.reply.set_exception(problem)
            return

        self._replies.append((request.reply, answer))

    def _take_saved(self, message: Saved) -> None:
        self.state.hold(message.component).handle = message.handle
        self.state.put_handle(message.component)
        self._replies.append((message.done, None))

    def _note(self, command: Command) -> None:
        """Queue what the machine wants done."""
        match command:
            case StartTransition():
                self._note_start(command)
            case StartTimer():
                due_at = self.now() + timedelta(seconds=command.delay_s)
                record = TimerRecord(deployment=self.state.id, id=command.id, due_at=due_at)
                self.state.put_timer(record)
                self.after(command.delay_s, TimerDue(timer=command.id))
            case StopTimer():
                self.state.stop_timer(command.id)
            case ReportWait():
                self.tell(
                    "wait.report",
                    waited_for={
                        name: {
                            "transitions": list(each.active_transitions),
                            "places": list(each.active_places),
                        }
                        for name, each in command.waited_for.items()
                    },
                )
            case EndProgram():
                self.course.program_ended(command)
                crashes.program_ended(self, command)

    def _note_start(self, command: StartTransition) -> None:
        state = self.state
        current = state.current
        job = commands.job_for(self.state, command)
        is_paused = current is not None and current.state == "paused"
        record = CommandRecord(
            deployment=state.id,
            id=command.id,
            attempt=command.attempt,
            reconfiguration=current.id if current else None,
            component=command.component,
            transition=command.transition,
            verb=job.action.verb.value if job.action else "",
            arguments=command_arguments(job),
            state="held" if is_paused else "issued",
            cause=None,
            issued_at=self.now(),
            ended_at=None,
        )
        state.commands[command.id] = OpenCommand(record=record, job=job)
        state.put_command(record)
        if not is_paused:
            self._perform(job)

    def _perform(self, job: Job) -> None:
        self._effects.append(lambda: self._performer.perform(job, self.post))

    async def _finish_turn(self) -> None:
        """Let the course go on, store all that has changed, then let it happen."""
        await self.course.advance()
        state = self.state
        touched = state.touched
        if state.has_changed:
            committed = await self._store.commit(state.id, state.take_batch())
            self._published(committed)
        else:
            state.touched = set()
        self._followed(state)
        effects, self._effects = self._effects, []
        replies, self._replies = self._replies, []
        for effect in effects:
            effect()
        for reply, answer in replies:
            if not reply.done():
                reply.set_result(answer)
        for component in touched:
            self.watches.renew(state, component)

    def _let_go(self) -> None:
        """Stop what acts for this supervisor; what it started on hosts goes on."""
        self.is_over = True
        self._performer.stop(self.state.id)
        self.watches.close()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        unanswered = [reply for reply, _ in self._replies]
        while not self._mailbox.empty():
            message = self._mailbox.get_nowait()
            if isinstance(message, _Request):
                unanswered.append(message.reply)
        for reply in unanswered:
            if not reply.done():
                reply.set_exception(
                    ShuttingDown(f"deployment {self.state.record.name} is not led any more")
                )


class _Request:
    """Something that a use case asks of the supervisor, and where the answer goes."""

    __slots__ = ("reply", "work")

    def __init__(self, work: Callable[[], object], reply: "asyncio.Future[Any]") -> None:
        self.work = work
        self.reply = reply
