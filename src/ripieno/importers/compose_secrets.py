"""Variables of a Compose file that are secrets, or look like ones.

Called by `compose_service`.
"""

import re

from ripieno.importers import draft
from ripieno.importers.compose_text import Text
from ripieno.importers.draft import Findings

SECRET_NAME = re.compile(
    r"PASSW|SECRET|TOKEN|CREDENTIAL|API_?KEY|PRIVATE_KEY|(^|_)PWD?($|_)", re.IGNORECASE
)
_SECRET_FILE = re.compile(r"/run/secrets/(?P<name>[A-Za-z0-9._-]+)")


def variable(
    name: str, text: Text | None, *, service: str, findings: Findings
) -> tuple[str, dict[str, str]] | None:
    """A variable that is better looked up when the process starts, if it is one.

    What is to be done about it is added to the findings.
    """
    match = _SECRET_FILE.fullmatch(text.plain.strip()) if text is not None else None
    if match is not None and name.endswith("_FILE") and len(name) > len("_FILE"):
        plain, secret = name.removesuffix("_FILE"), draft.slug(match["name"], "secret")
        findings.notes.append(
            f"{service}: {name} names the file of a secret; {plain} is given the secret {secret} "
            f"itself, which most images know as well (ripieno secret set {secret})"
        )
        return plain, {"secret": secret}
    if SECRET_NAME.search(name) is None:
        return None
    known_as = name if text is None else text.variable
    if known_as is not None and not (text is not None and text.plain):
        secret = draft.slug(known_as, "secret")
        findings.notes.append(
            f"{service}: {name} is the secret {secret}; set it: ripieno secret set {secret}"
        )
        return name, {"secret": secret}
    if text is not None and text.plain:
        findings.missing.append(
            f"{service}: {name} looks like a secret, and everybody can read it in the "
            f"file; make it {{secret: {draft.slug(name, 'secret')}}}"
        )
    return None
