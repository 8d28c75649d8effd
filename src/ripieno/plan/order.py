"""From paths to a partial order of instructions, with waits only where ports do not suffice.

Most of the order comes for free: a provider that is about to leave refuses new uses and waits for
the held ones, and a user waits for its provider. It is enough that a provider's behaviour is pushed
before its users' are. A wait is needed

- where a provider withdraws a port only later on its path: its users would be back too early, so
  they either leave late or return late (a `Choice`);
- where a component needs a port once more that is then withdrawn for good: the provider's
  behaviour is pushed only when that is over.
"""

import heapq
from collections import defaultdict
from typing import NamedTuple

from ripieno.model.port import PortRef
from ripieno.model.program import (
    Add,
    Connect,
    Delete,
    Disconnect,
    Instruction,
    Program,
    Push,
    Rebind,
    Wait,
)
from ripieno.plan.negotiation import Mover, Negotiation

Key = tuple[object, ...]
"""A step of the plan: ("push", mover, number), ("connect", use port) and the like."""


class Choice(NamedTuple):
    """Something that can be ordered in two ways, and either may turn out the better.

    `LATE_RELEASE`: users of a port that is withdrawn only later on its provider's path stay as
    long as they can, rather than leave at once and return late. `SIGN_OFF_FIRST`: a port that is
    needed only in passing (to sign off, say) is not withdrawn before that, rather than after.
    """

    kind: str
    provide: PortRef


LATE_RELEASE = "late release"
SIGN_OFF_FIRST = "sign off first"


class Order:
    """The steps of a plan and what comes before what.

    `choices` are those that the order had, `against` those to be taken the other way.
    """

    def __init__(self, negotiation: Negotiation, against: frozenset[Choice] = frozenset()) -> None:
        self._negotiation = negotiation
        self._change = negotiation.change
        self._against = against
        self.choices: dict[Choice, None] = {}
        self._instructions: dict[Key, Instruction] = {}
        self._before: dict[Key, dict[Key, bool]] = defaultdict(dict)
        self._add_components()
        self._push()
        self._rewire()
        self._delete()
        self._synchronise()

    def program(self, name: str) -> Program:
        """The steps as a program, every step behind those that it comes after."""
        order = self._sorted()
        number = {key: index for index, key in enumerate(order)}
        return Program(
            name=name,
            instructions=tuple(self._instructions[key] for key in order),
            after=tuple(
                tuple(sorted(number[other] for other in self._before.get(key, {}))) for key in order
            ),
            settles=True,
        )

    def _add_components(self) -> None:
        for name, component in self._change.added.items():
            key = ("add", name)
            self._instructions[key] = Add(component=name, type=component.type.name)
            if name in self._change.removed:
                self._must_follow(key, ("delete", name))

    def _push(self) -> None:
        for mover in self._negotiation.movers:
            for number, move in enumerate(mover.path.moves):
                key = self._pushing(mover, number)
                self._instructions[key] = Push(component=mover.name, behaviour=move.behaviour)
                if number:
                    self._must_follow(key, self._pushing(mover, number - 1))
                elif mover.is_added:
                    self._must_follow(key, ("add", mover.name))

    def _rewire(self) -> None:
        removed = self._change.removed
        for use in self._change.rewired:
            before, after = self._change.before.get(use), self._change.after.get(use)
            if before is not None and after is not None and self._negotiation.is_rebound(use):
                key: Key = ("rebind", use)
                self._instructions[key] = Rebind(use=use, provide=after)
                self._follow_addition(key, after.component)
                continue
            if before is not None:
                self._disconnect(use, before, after)
            if after is not None:
                self._connect(use, after, has_old=before is not None)
        for use, after in self._change.after.items():
            # A replaced component keeps its providers by name, but has to be connected anew.
            if self._change.before.get(use) == after and self._is_replaced(use, after):
                self._disconnect(use, after, None if use.component in removed else after)
                self._connect(use, after, has_old=True)

    def _is_replaced(self, use: PortRef, provide: PortRef) -> bool:
        both = self._change.added.keys() & self._change.removed.keys()
        return use.component in both or provide.component in both

    def _disconnect(self, use: PortRef, before: PortRef, after: PortRef | None) -> None:
        key: Key = ("disconnect", use)
        self._instructions[key] = Disconnect(one=use, other=before)
        mover = self._negotiation.mover(use.component, is_after=False)
        if after is None or mover.is_removed:
            needing = self._needing(mover, use.port)
            if needing:
                self._must_follow(key, self._waiting(mover, needing[-1]))

    def _needing(self, mover: Mover, port: str) -> list[int]:
        """The moves that begin to use a port, or read its data."""
        return [
            number
            for number, move in enumerate(mover.path.moves)
            if port in move.acquires or port in move.reads
        ]

    def _connect(self, use: PortRef, after: PortRef, *, has_old: bool) -> None:
        key: Key = ("connect", use)
        self._instructions[key] = Connect(one=use, other=after)
        self._follow_addition(key, use.component)
        self._follow_addition(key, after.component)
        if has_old:
            self._must_follow(key, ("disconnect", use))
        mover = self._negotiation.user(use)
        is_free = mover.is_added or not mover.uses_at_start(use.port)
        if is_free and self._needing(mover, use.port):
            self._must_follow(self._pushing(mover, self._needing(mover, use.port)[0]), key)

    def _follow_addition(self, key: Key, component: str) -> None:
        if component in self._change.added:
            self._must_follow(key, ("add", component))

    def _delete(self) -> None:
        for name in self._change.removed:
            key: Key = ("delete", name)
            self._instructions[key] = Delete(component=name)
            mover = self._negotiation.mover(name, is_after=False)
            if mover.path.moves:
                self._must_follow(key, self._pushing(mover, len(mover.path.moves) - 1))
        for use, provide in self._change.before.items():
            for end in {use.component, provide.component} & self._change.removed.keys():
                for verb in ("disconnect", "rebind"):
                    if (verb, use) in self._instructions:
                        self._must_follow(("delete", end), (verb, use))

    def _synchronise(self) -> None:
        """Order what is pushed to providers and users where the ports alone would not do."""
        for provider in self._negotiation.movers:
            for port in sorted({p for move in provider.path.moves for p in move.withdraws}):
                ref = PortRef(provider.name, port)
                users = []
                if not provider.is_added:
                    users += self._change.users_before.get(ref, [])
                if not provider.is_removed:
                    users += self._change.users_after.get(ref, [])
                for use in dict.fromkeys(users):
                    self._order_pair(provider, port, use)

    def _order_pair(self, provider: Mover, port: str, use: PortRef) -> None:
        change = self._change
        ref = PortRef(provider.name, port)
        is_last = change.after.get(use) == ref
        serves_after = is_last and not provider.is_removed
        user = self._negotiation.mover(use.component, is_after=serves_after)
        if not user.path.moves or self._negotiation.is_rebound(use):
            return
        withdrawing = provider.withdrawing(port)
        acquiring = user.acquiring(use.port)
        is_replaced = not serves_after and use in change.after and not user.is_removed
        if is_replaced:
            acquiring = []  # From its release on the user is connected to another provider.
        ends_offered = port in provider.lifecycle.offered(provider.path.target)
        if acquiring and not (ends_offered and serves_after):
            last = self._pushing(provider, withdrawing[-1])
            self._must_follow(last, self._waiting(user, acquiring[-1]))
            return
        passing = [number for number in acquiring if not user.keeps(use.port, number)]
        lasting = [number for number in acquiring if user.keeps(use.port, number)]
        if passing and self._chooses(SIGN_OFF_FIRST, ref):
            self._sign_off_first(provider, withdrawing[0], user, passing[-1])
        held = user.uses_at_start(use.port) and not user.is_added
        release = user.first_release(use.port) if held else next(iter(lasting), None)
        if release is not None:
            back = next((number for number in lasting if not held or number > release), None)
            self._order_return(provider, port, user, held=held, release=release, back=back)

    def _chooses(self, kind: str, provide: PortRef) -> bool:
        choice = Choice(kind, provide)
        self.choices.setdefault(choice)
        return choice not in self._against

    def _sign_off_first(self, provider: Mover, first: int, user: Mover, last: int) -> None:
        """Let a use in passing be over, or at least have begun, before the port is withdrawn."""
        withdrawal = self._pushing(provider, first)
        if last:
            self._must_follow(withdrawal, self._waiting(user, last))
        else:
            self._should_follow(withdrawal, self._pushing(user, last))

    def _order_return(
        self,
        provider: Mover,
        port: str,
        user: Mover,
        *,
        held: bool,
        release: int,
        back: int | None,
    ) -> None:
        """Have a user away while the port is withdrawn, and not back before.

        `release` and `back` are the moves with which it goes and comes.
        """
        withdrawing = provider.withdrawing(port)
        first = withdrawing[0]
        if back is not None:
            self._should_follow(self._pushing(user, back), self._pushing(provider, first))
        can_return_late = held and back is not None
        is_late = first > 0 and not (
            can_return_late and not self._chooses(LATE_RELEASE, PortRef(provider.name, port))
        )
        if is_late:
            self._must_follow(self._pushing(user, release), self._waiting(provider, first - 1))
        if back is None:
            return
        for number in withdrawing:
            follows_on = first == 0 or is_late if number == first else number - 1 in withdrawing
            is_prompt = port in provider.path.moves[number].withdraws_at_once
            if not (is_prompt and follows_on):
                self._must_follow(self._pushing(user, back), self._waiting(provider, number))

    def _pushing(self, mover: Mover, number: int) -> Key:
        return ("push", mover.name, mover.is_added, number)

    def _waiting(self, mover: Mover, number: int) -> Key:
        """The wait for the end of a move, which it brings into being."""
        key: Key = ("wait", mover.name, mover.is_added, number)
        if key not in self._instructions:
            behaviour = mover.path.moves[number].behaviour
            self._instructions[key] = Wait(component=mover.name, behaviour=behaviour)
            self._must_follow(key, self._pushing(mover, number))
        return key

    def _must_follow(self, key: Key, other: Key) -> None:
        self._before[key][other] = True

    def _should_follow(self, key: Key, other: Key) -> None:
        """An order within one moment: given up where it would go round in a circle."""
        self._before[key].setdefault(other, False)

    def _sorted(self) -> list[Key]:
        """The steps so that each comes behind those it follows; circles lose a soft edge."""
        number = {key: index for index, key in enumerate(self._instructions)}
        unmet = {key: len(self._before.get(key, {})) for key in number}
        followers: dict[Key, list[Key]] = defaultdict(list)
        for key, others in self._before.items():
            for other in others:
                followers[other].append(key)
        ready = [index for key, index in number.items() if not unmet[key]]
        heapq.heapify(ready)
        keys = list(number)
        done: dict[Key, None] = {}
        while len(done) < len(keys):
            while ready:
                key = keys[heapq.heappop(ready)]
                done[key] = None
                for follower in followers[key]:
                    if key in self._before[follower]:
                        unmet[follower] -= 1
                        if not unmet[follower]:
                            heapq.heappush(ready, number[follower])
            if len(done) < len(keys):
                self._break_circle(keys, done, unmet, ready, number)
        return list(done)

    def _break_circle(
        self,
        keys: list[Key],
        done: dict[Key, None],
        unmet: dict[Key, int],
        ready: list[int],
        number: dict[Key, int],
    ) -> None:
        """Give up the open edges of one step: soft ones if a step has no others."""
        stuck = [key for key in keys if key not in done]
        hard = {
            key: sum(is_hard for other, is_hard in self._before[key].items() if other not in done)
            for key in stuck
        }
        chosen = min(stuck, key=lambda key: (hard[key], number[key]))
        for other in [other for other in self._before[chosen] if other not in done]:
            del self._before[chosen][other]
        unmet[chosen] = 0
        heapq.heappush(ready, number[chosen])
