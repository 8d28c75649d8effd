"""What the edges are given: the use cases as one caller may use them.

The API and the web UI make a `Gate` for each request. Every method looks its action up in the
policy table, and only then asks `Control`, which itself asks nobody who they are.
"""

from ripieno.control.gate.account import AccountGate
from ripieno.control.gate.administration import AdministrationGate
from ripieno.control.gate.audit import AuditGate
from ripieno.control.gate.deployments import DeploymentsGate
from ripieno.control.gate.importing import ImportingGate
from ripieno.control.gate.observation import ObservationGate
from ripieno.control.gate.people import PeopleGate
from ripieno.control.gate.quotas import QuotasGate
from ripieno.control.gate.registry import RegistryGate
from ripieno.control.gate.routes import RoutesGate
from ripieno.control.gate.saving import SavingGate
from ripieno.control.gate.tokens import TokensGate


class Gate(
    DeploymentsGate,
    ObservationGate,
    RegistryGate,
    SavingGate,
    ImportingGate,
    RoutesGate,
    AdministrationGate,
    AccountGate,
    PeopleGate,
    TokensGate,
    AuditGate,
    QuotasGate,
):
    """All use cases of a server, for one caller."""


__all__ = ["Gate"]
