"""A replay outlives the server: what a power cut stops is taken up again at the next start."""

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from knowledgebase.publishing import register
from knowledgebase.publishing.model import Publication, PublicationState
from storage.sqlite import read_folder
from tests.journeys.desk import AgentAtDesk
from tests.journeys.program import Program
from tests.journeys.witness import stocked
from tickets.model import Role

WITHIN_S = 400.0


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """A server that is not started yet; killed at the end."""
    program = Program(tmp_path / "data")
    yield program
    program.kill()


def seen(program: Program, publication_id: str, wanted: Callable[[Publication], bool]) -> Publication:
    """The publication once it is as wanted, as another program reads it from the data folder."""
    begun = time.monotonic()
    while time.monotonic() - begun < WITHIN_S:
        found = read_folder(program.folder, partial(register.get, publication_id=publication_id))
        if wanted(found):
            return found
        time.sleep(0.05)
    raise AssertionError(f"still {found.state} after {WITHIN_S} s")


@pytest.mark.slow
def test_a_replay_that_was_cut_off_is_done_after_the_restart(program: Program) -> None:
    async def ask() -> str:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            agent = AgentAtDesk(program, session)
            await agent.log_in("zhou")
            return await agent.compare_answers()

    asyncio.run(stocked(program.folder, [], zhou=Role.SUPERVISOR))
    program.start()
    publication_id = asyncio.run(ask())
    seen(program, publication_id, lambda one: one.runs == 1)
    program.kill()
    program.start()
    done = seen(program, publication_id, lambda one: one.state is not PublicationState.RUNNING)
    assert done.state is PublicationState.ACCEPTED
    assert done.summary is not None
    assert done.summary.labelled == done.summary.questions > 700
