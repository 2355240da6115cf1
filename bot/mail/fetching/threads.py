"""Blocking calls beside the event loop, each bounded in time."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(
    cut: Callable[[], None], within_s: float, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """The result of a blocking call. Raises what it raises, and TimeoutError after within_s seconds.

    When the time is up, or the caller is cancelled, cut() has to make the call end; it is not waited for. The thread
    is a daemon, so one that is stuck in the operating system does not keep the process.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: Exception | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        outcome: tuple[T | None, Exception | None]
        try:
            outcome = (call(*args, **kwargs), None)
        except Exception as error:
            outcome = (None, error)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, daemon=True, name=f"mail {getattr(call, '__name__', '')}").start()
    try:
        async with asyncio.timeout(within_s):
            return await done
    except (TimeoutError, asyncio.CancelledError):
        cut()
        raise
