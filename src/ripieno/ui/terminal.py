"""What programs print for terminals, as plain text.

The browser's log viewer understands colours (`static/js/terminal.js`); where few lines are shown,
nothing is left but what can be read.
"""

import re

_ESCAPES = re.compile(
    r"""\x1b(?:
        \[[0-?]*[ -/]*[@-~]                   # colours, cursor movements and the like
        | [\]PX^_][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)?  # titles, links, strings of any kind
        | [ -/]*[0-~]                         # everything else
        | $
    )""",
    re.VERBOSE,
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that print nothing, and those that let a line read backwards."""


def plain(line: str) -> str:
    """A line without what is meant for a terminal; tabs stay."""
    return _CONTROLS.sub(
        "", _ESCAPES.sub("", line.rpartition("\r")[2] if _rewrites(line) else line)
    )


def _rewrites(line: str) -> bool:
    """Whether a line is written over, as progress bars are; only its last state counts."""
    return "\r" in line.rstrip("\r")
