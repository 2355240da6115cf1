"""The encoder of the settings, against a real server on loopback."""

import asyncio
import logging
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from bot import outgoing
from bot.app import replay_settings
from bot.config import Config, EncoderChoice, load_config
from bot.diagnosis import diagnose
from bot.encoding import open_encoder, open_meaning
from bot.errors import ConfigError
from bot.keys import LIBRARY
from bot.replay_command import Proposal, carry_out, gather
from knowledgebase.encoders.encoder import Encoder
from knowledgebase.errors import EncoderUnavailable
from storage.check import Severity
from storage.sqlite import read_folder
from tests.bot.cast import NOW
from tests.bot.endpoint import KEY, FakeEndpoint
from tests.conftest import StartServer

LOOPBACK = ("127.0.0.0/8",)


def given(server: FakeEndpoint, **over: Any) -> dict[str, Any]:
    settings = {"kind": "endpoint", "url": server.url, "model": "small", "key": KEY, "allow_networks": LOOPBACK}
    return {**settings, **over}


def choice(server: FakeEndpoint, **over: Any) -> EncoderChoice:
    return EncoderChoice.model_validate(given(server, **over))


async def encode(encoder: Encoder, *texts: str) -> list[list[float]]:
    return [row.tolist() for row in await asyncio.to_thread(encoder.encode, texts)]


async def test_an_endpoint_is_asked_with_the_key_over_one_connection() -> None:
    async with FakeEndpoint().open() as server:
        with open_encoder(choice(server, texts_at_once=1)) as encoder:
            rows = await encode(encoder, "怎么退款", "发票")
            await encode(encoder, "发票")
        assert rows[0] != rows[1]
        assert encoder.dimensions == 3
        assert {headers["Authorization"] for headers in server.headers} == {f"Bearer {KEY}"}
        assert len(server.asked) == 3
        assert len(server.connections) == 1


@pytest.mark.parametrize(
    ("mood", "sentence", "permanent"),
    [
        (429, "answered 429", False),
        (500, "answered 500", False),
        (401, "refuses the key", True),
        (404, "no such address or model", True),
        (307, "does not answer as an embeddings API", True),
        ("slow", "did not answer in time", False),
        ("cut", "could not be asked", False),
        ("huge", "too large", True),
        ("garbage", "cannot be read as vectors", False),
        ("fewer", "cannot be read as vectors", False),
    ],
)
async def test_each_failure_of_an_endpoint_is_one_sentence_without_the_key(
    mood: Any, sentence: str, permanent: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(outgoing, "LARGEST_ANSWER", 1_000_000)
    async with FakeEndpoint([mood], retry_after="7").open() as server:
        with open_encoder(choice(server, timeout="2s" if mood == "slow" else "30s")) as encoder:
            with pytest.raises(EncoderUnavailable, match=sentence) as failure:
                await encode(encoder, "怎么退款")
            assert await encode(encoder, "怎么退款")
    assert failure.value.permanent is permanent
    assert failure.value.retry_after_ms == (7_000 if isinstance(mood, int) else None)
    assert KEY not in caplog.text
    assert KEY not in repr(failure.value)


async def test_a_model_that_changes_its_vectors_is_noticed() -> None:
    async with FakeEndpoint(["fine", "longer"]).open() as server:
        with open_encoder(choice(server)) as encoder:
            await encode(encoder, "一")
            with pytest.raises(EncoderUnavailable, match="5 numbers, not of 3"):
                await encode(encoder, "一")


async def test_an_address_that_is_not_public_is_called_only_where_allowed() -> None:
    async with FakeEndpoint().open() as server:
        with (
            open_encoder(choice(server, allow_networks=())) as encoder,
            pytest.raises(EncoderUnavailable, match="not a public one") as failure,
        ):
            await encode(encoder, "怎么退款")
        assert failure.value.permanent
        assert server.asked == []


async def test_an_encoder_that_was_never_asked_closes_all_the_same() -> None:
    async with FakeEndpoint().open() as server:
        with open_encoder(choice(server)):
            pass
        assert server.asked == []


def test_the_key_is_not_in_what_the_settings_look_like() -> None:
    given = {"kind": "endpoint", "url": "https://api.example.com/v1/", "model": "m", "key": KEY}
    settings = EncoderChoice.model_validate(given)
    assert KEY not in repr(settings)
    assert settings.url == "https://api.example.com/v1"


@pytest.mark.parametrize(
    "url", ["ftp://a.example.com", "api.example.com/v1", "https://u:p@a.example.com", "https://a.example.com/v1?key=1"]
)
def test_an_address_that_cannot_be_an_endpoint_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        EncoderChoice.model_validate({"kind": "endpoint", "url": url, "model": "m"})


def test_a_key_that_cannot_stand_in_a_header_is_refused_without_being_told() -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(None, {"YINGSHENG_ENCODER__KEY": f"{KEY}\r\nHost: x"})
    assert refused.value.problems[0].startswith("encoder.key: ")
    assert KEY not in str(refused.value)


def test_every_problem_of_the_section_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(None, {"YINGSHENG_ENCODER__KIND": "endpoint", "YINGSHENG_SLA__REPLY": "500ms"})
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "encoder.url",
        "encoder.model",
        "sla.reply",
    ]


async def test_closing_gives_up_what_is_being_asked() -> None:
    async with FakeEndpoint(["slow"]).open() as server:
        with open_encoder(choice(server, timeout="10m")) as encoder:
            waiting = asyncio.create_task(encode(encoder, "怎么退款"))
            await server.was_asked.wait()
        with pytest.raises(EncoderUnavailable, match="not asked any more"):
            await waiting
        with pytest.raises(EncoderUnavailable, match="not asked any more"):
            await encode(encoder, "怎么退款")


# --- The server with it ------------------------------------------------------------------------------------------


async def test_a_server_with_an_endpoint_is_ready_at_once_and_takes_vectors_when_they_are_there(
    start_server: StartServer,
) -> None:
    async with FakeEndpoint([503, 429], retry_after="0").open() as endpoint:
        server = await start_server(encoder=given(endpoint))
        library = server.app[LIBRARY]
        async with server.page() as page:
            await page.say("轮胎多久换一次？", "with-or-without")
            assert "5 年" in str(await page.reads())
        await library.settled()
        assert library.knowledge_base.vectors is not None
        assert library.store is not None
        assert library.store.progress.ready == library.store.progress.wanted > 0
        assert (await library.search("轮胎多久换一次"))[0].entry.id == "tyre-when"


async def test_a_server_without_its_encoder_is_ready_answers_and_says_so(
    start_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with FakeEndpoint([401] * 99).open() as endpoint:
        server = await start_server(encoder=given(endpoint))
        await server.app[LIBRARY].settled()
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{server.url}/readyz") as response:
                assert response.status == 200
            async with session.get(f"{server.url}/metrics") as response:
                told = await response.text()
        assert "yingsheng_encoder_up 0.0" in told
        assert "yingsheng_vectors_ready 0.0" in told
        async with server.page() as page:
            await page.say("轮胎多久换一次？", "asked-without")
            assert "5 年" in str(await page.reads())
    assert "refuses the key" in caplog.text
    assert KEY not in caplog.text


async def test_the_doctor_tries_the_encoder_and_counts_the_vectors(start_server: StartServer) -> None:
    async with FakeEndpoint(["fine", "fine", 401]).open() as endpoint:
        config = Config.model_validate({"encoder": given(endpoint)})
        told = [finding for finding in await diagnose(config, NOW) if finding.sentence.startswith("encoder")]
        assert "encoder endpoint: 3 dimensions" in told[0].sentence
        assert told[0].severity is Severity.FINE
        told = [finding for finding in await diagnose(config, NOW) if finding.sentence.startswith("encoder")]
        assert "refuses the key" in told[0].sentence
        assert told[0].severity is Severity.WARNING
        server = await start_server(encoder=given(endpoint))
        await server.app[LIBRARY].settled()
        there = Config.model_validate({"encoder": given(endpoint), "server": {"data_folder": str(server.folder)}})
        counted = [finding.sentence for finding in await diagnose(there, NOW) if finding.sentence.startswith("vectors")]
        assert counted == ["vectors: 10 of 10 wordings have theirs."]


async def test_a_command_takes_what_the_server_has_encoded(start_server: StartServer) -> None:
    async with FakeEndpoint().open() as endpoint:
        server = await start_server(encoder=given(endpoint))
        await server.app[LIBRARY].settled()
        await server.stop()
        config = Config.model_validate({"encoder": given(endpoint), "server": {"data_folder": str(server.folder)}})
        endpoint.asked.clear()
        plain = server.app[LIBRARY].knowledge_base
        with open_meaning(config) as meaning:
            base = await asyncio.to_thread(meaning.given, plain)
            vector = await asyncio.to_thread(meaning.vector, "轮胎多久换")
        assert [request["input"] for request in endpoint.asked] == [["轮胎多久换"]]
        assert vector is not None
        assert base.vectors is not None
        assert base.vectors.dimensions == len(vector) == 3
        with open_meaning(Config()) as nothing:
            assert (nothing.given(plain), nothing.vector("轮胎多久换")) == (plain, None)


async def test_a_replay_on_the_command_line_asks_with_vectors(start_server: StartServer, tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text('{"id": "1", "query": "轮胎几年换一次呢", "expected": ["tyre-when"]}\n', encoding="utf-8")
    async with FakeEndpoint().open() as endpoint:
        server = await start_server(encoder=given(endpoint))
        await server.app[LIBRARY].settled()
        await server.stop()
        config = Config.model_validate({"encoder": given(endpoint), "server": {"data_folder": str(server.folder)}})
        known = read_folder(server.folder, partial(gather, real=9))
        proposal, settings = Proposal(precision=0.9, questions=questions), replay_settings(config)
        endpoint.asked.clear()
        with open_meaning(config) as meaning:
            result = await asyncio.to_thread(carry_out, known, proposal, settings, meaning, 0, lambda *told: None)
        assert [request["input"] for request in endpoint.asked] == [["轮胎几年换一次呢"]]
        assert result.found.questions >= 1
