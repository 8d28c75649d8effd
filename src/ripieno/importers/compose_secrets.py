"""Variables of a Compose file that are secrets, or look like ones.

Called by `compose_service` for each variable, and by `compose` for what is to be said of them all.
"""

import re

from ripieno.importers import draft
from ripieno.importers.compose_text import Text
from ripieno.importers.draft import Findings
from ripieno.model.node import listed

SECRET_NAME = re.compile(
    r"PASSW|SECRET|TOKEN|CREDENTIAL|API_?KEY|PRIVATE_KEY|(^|_)PWD?($|_)", re.IGNORECASE
)
_SECRET_FILE = re.compile(r"/run/secrets/(?P<name>[A-Za-z0-9._-]+)")


class Secrets:
    """The secrets that a file has asked for so far, and which variables are given them."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._given: dict[str, list[str]] = {}

    def variable(
        self, name: str, text: Text | None, *, service: str
    ) -> tuple[str, dict[str, str]] | None:
        """A variable that is better looked up when the process starts, if it is one."""
        match = _SECRET_FILE.fullmatch(text.plain.strip()) if text is not None else None
        if match is not None and name.endswith("_FILE") and len(name) > len("_FILE"):
            plain, secret = name.removesuffix("_FILE"), draft.slug(match["name"], "secret")
            self._findings.notes.append(
                f"{service}: {name} names the file of a secret; {plain} is given the secret "
                "itself, which most images know as well"
            )
            return plain, self._give(secret, f"{service}.{plain}")
        if SECRET_NAME.search(name) is None:
            return None
        known_as = name if text is None else text.variable
        if known_as is not None and not (text is not None and text.plain):
            return name, self._give(draft.slug(known_as, "secret"), f"{service}.{name}")
        if text is not None and text.plain:
            self._findings.missing.append(
                f"{service}: {name} looks like a secret, and everybody can read it in the "
                f"file; make it {{secret: {draft.slug(name, 'secret')}}}"
            )
        return None

    def tell(self) -> None:
        """Add to the findings what has to be set, each secret once."""
        for secret, variables in self._given.items():
            self._findings.missing.append(
                f"the secret {secret}, for {listed(variables)}; set it: ripieno secret set {secret}"
            )

    def _give(self, secret: str, variable: str) -> dict[str, str]:
        self._given.setdefault(secret, []).append(variable)
        return {"secret": secret}
