"""An action that tells a thousand things a second, for tests of those who listen."""

import asyncio

from ripieno.actions import Context, action

TELLINGS = 3000
A_SECOND = 1000


@action("tests.chatter")
async def chatter(context: Context) -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for number in range(TELLINGS):
        context.say(f"number {number}")
        if number % 20 == 19:
            await asyncio.sleep(max(0.0, begin + number / A_SECOND - loop.time()))
