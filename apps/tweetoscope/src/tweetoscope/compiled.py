"""Functions compiled to machine code: the one place where Numba is spoken to.

Compiled once for a machine and kept beside the source (or in the user's cache where that cannot be
written), so that a service is ready as soon as it starts.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function at its first call. It sees arrays and numbers only, and may not raise."""
    return cast(Function, numba.njit(cache=True, error_model="numpy", nogil=True)(function))
