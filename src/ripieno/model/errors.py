"""What the model refuses, one type an error; the message names the thing and the remedy.

Raised by the records of this layer and by whoever applies instructions to an assembly. None of
these is about HTTP, files or processes: the edges translate.
"""


class RipienoError(Exception):
    """Root of everything that Ripieno raises on purpose."""


class ModelError(RipienoError):
    """Something that was written down is not a legal model."""


class DocumentError(ModelError):
    """A document cannot be read: not YAML, too large, too deep, or not of the expected shape."""

    def __init__(self, message: str, *, source: str = "", line: int = 0, field: str = "") -> None:
        """`source` is the file's name, `line` counts from 1, `field` is a dotted path."""
        self.source, self.line, self.field = source, line, field
        where = ":".join(part for part in (source, str(line) if line else "") if part)
        super().__init__(": ".join(part for part in (where, field, message) if part))


class UnknownField(DocumentError):
    """A document has a field that its format does not know."""


class ComponentTypeError(ModelError):
    """A component type is not a legal life cycle.

    `at` is the way to the part at fault in the type's file form: `("transitions", "start")`.
    """

    def __init__(self, message: str, *, at: tuple[str, ...] = ()) -> None:
        self.at = at
        super().__init__(message)


class MissingInitialPlace(ComponentTypeError):
    """A component type names no initial place, or one it does not have."""


class UnknownPlace(ComponentTypeError):
    """A transition, group or switch names a place that the type does not have."""


class UnknownBinding(ComponentTypeError):
    """A port is bound to something that is neither a place, a group nor a transition."""


class AmbiguousBinding(ComponentTypeError):
    """A port is bound to a name that is both a place (or group) and a transition."""


class ProvideOnTransition(ComponentTypeError):
    """A provide port is bound to a transition."""


class UseOnInitialPlace(ComponentTypeError):
    """A use port is bound to the place where a component starts, before it can be connected."""


class GroupCycle(ComponentTypeError):
    """Groups contain each other."""


class DuplicateName(ComponentTypeError):
    """Two things of one kind share a name."""


class NegativeDuration(ComponentTypeError):
    """A duration is below zero or not a finite number."""


class IllegalSwitch(ComponentTypeError):
    """A switch reads no data port, or takes transitions that do not leave its place."""


class IllegalData(ComponentTypeError):
    """A transition reads or writes a port that cannot carry its data."""


class IllegalRebind(ComponentTypeError):
    """A rebind is declared on a port that is not a use port."""


class ProgramError(ModelError):
    """An instruction cannot be carried out on the assembly it is meant for."""


class UnknownComponentType(ProgramError):
    """A component is to be added with a type that nobody declared."""


class UnknownComponent(ProgramError):
    """An instruction names a component that is not in the assembly."""


class UnknownPort(ProgramError):
    """An instruction names a port that the component's type does not have."""


class UnknownBehaviour(ProgramError):
    """An instruction names a behaviour that no transition of the component's type has."""


class NameTaken(ProgramError):
    """A component is to be added under a name that is in use."""


class IncompatiblePorts(ProgramError):
    """Two ports cannot be connected: their kinds or interfaces do not fit."""


class AlreadyConnected(ProgramError):
    """The very connection exists."""


class SecondProvider(ProgramError):
    """A use port has a provider and is to get another."""


class NotConnected(ProgramError):
    """Two ports that are to be disconnected are not connected."""


class StillConnected(ProgramError):
    """A component that is to be deleted has connections."""


class NotRebindable(ProgramError):
    """A use port is to be rebound, and its type does not say that it can be."""


class IllegalOrder(ProgramError):
    """A program's order names an instruction that does not come before the one it is for."""


class ApplicationError(ModelError):
    """An application, a component of it or what that runs is not legal.

    `at` is the way to the part at fault in the file form: `("health", "interval_s")`.
    """

    def __init__(self, message: str, *, at: tuple[str, ...] = ()) -> None:
        self.at = at
        super().__init__(message)


class UnknownReference(ApplicationError):
    """A text refers to something that is not there: `${parameters.colour}`."""


class UnknownConfiguration(ApplicationError):
    """An application is to be run in a configuration that it does not have."""


class InvalidParameter(ApplicationError):
    """A parameter is unknown, missing, or its value does not fit its JSON Schema."""


class IllegalMarking(ModelError):
    """A marking that is given as a starting point breaks a rule of the engine."""
