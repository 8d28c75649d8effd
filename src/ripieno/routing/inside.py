"""Traefik's inner entry point: whether a configuration is in force, and what it counts."""

import asyncio
from types import TracebackType
from typing import Self

import httpx

from ripieno.routing.errors import RoutingError
from ripieno.routing.traefik import generation_path

FIRST_PAUSE_S, LAST_PAUSE_S = 0.002, 0.05
ANSWER_S = 5.0


class Inside:
    """What is asked of a Traefik that runs. To be used with `async with`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.AsyncClient(base_url=url, timeout=ANSWER_S, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def is_in_force(self, generation: str) -> bool:
        """Whether requests are answered by this configuration or a later one at this moment."""
        try:
            answer = await self._http.get(generation_path(generation))
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    async def in_force(self, generation: str, *, within_s: float) -> bool:
        """Wait until this configuration is in force; whether it came to be in time."""
        pause_s = FIRST_PAUSE_S
        try:
            async with asyncio.timeout(within_s):
                while not await self.is_in_force(generation):
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 1.5, LAST_PAUSE_S)
        except TimeoutError:
            return False
        return True

    async def metrics(self) -> str:
        """What it counts, in the text format of Prometheus. Raises: `RoutingError`."""
        try:
            answer = await self._http.get("/metrics")
            answer.raise_for_status()
        except httpx.HTTPError as problem:
            # Those about time say nothing.
            reason = str(problem) or f"no answer ({type(problem).__name__})"
            raise RoutingError(
                f"the door's counters cannot be read at {self.url}: {reason}; see the log of "
                "Traefik"
            ) from problem
        return answer.text
