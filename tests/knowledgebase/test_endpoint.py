"""What is asked of an embeddings endpoint, and how little of its answer is believed."""

import json
from typing import Any

import numpy as np
import pytest

from knowledgebase.encoders.endpoint import EndpointEncoder, EndpointSettings, Reply
from knowledgebase.encoders.patience import encode_patiently, pause_ms
from knowledgebase.errors import EncoderUnavailable

SETTINGS = EndpointSettings("https://embeddings.example.com/v1", "bge-m3", texts_at_once=2)


class Server:
    """Answers from a list of replies, then as it should; keeps what it was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked: list[dict[str, Any]] = []

    def post(self, body: bytes) -> Reply:
        self.asked.append(json.loads(body))
        if self.replies:
            return self.replies.pop(0)
        rows = [[float(len(text)), 1, 0] for text in self.asked[-1]["input"]]
        return answer(list(reversed(list(enumerate(rows)))))


def answer(rows: list[Any]) -> Reply:
    return Reply(200, json.dumps({"data": [{"index": at, "embedding": row} for at, row in rows]}).encode())


def test_rows_come_in_the_order_of_the_texts_whatever_order_the_server_has() -> None:
    server = Server()
    rows = EndpointEncoder(SETTINGS, server.post).encode(["一", "", "三三三三", "五五"])
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 0, 1, 1])
    assert (rows[:, 0] / np.where(rows[:, 1], rows[:, 1], 1)).round() == pytest.approx([1, 0, 4, 2])
    assert [request["input"] for request in server.asked] == [["一", "三三三三"], ["五五"]]
    assert server.asked[0] | {"input": []} == {"model": "bge-m3", "input": [], "encoding_format": "float"}


def test_texts_are_sent_in_one_spelling_and_of_bounded_length() -> None:
    server = Server()
    EndpointEncoder(SETTINGS, server.post).encode(["怎麼ＡＢ\u200b", "长" * 9_999])
    assert server.asked[0]["input"] == ["怎么ab", "长" * 240]


def test_the_name_tells_address_model_and_dimensions_asked_for() -> None:
    server = Server()
    plain = EndpointEncoder(SETTINGS, server.post)
    short = EndpointEncoder(EndpointSettings(SETTINGS.url, "bge-m3", dimensions=3), server.post)
    assert plain.name == "https://embeddings.example.com/v1 bge-m3"
    assert short.name == "https://embeddings.example.com/v1 bge-m3 3"
    assert (plain.dimensions, short.dimensions) == (0, 3)
    prefixed = EndpointEncoder(EndpointSettings(SETTINGS.url, "e5", prefix="query: "), server.post)
    assert prefixed.name == "https://embeddings.example.com/v1 e5 'query: '"
    plain.encode(["问"])
    short.encode(["问"])
    assert plain.dimensions == 3
    assert server.asked[1]["dimensions"] == 3
    prefixed.encode(["问"])
    assert server.asked[2]["input"] == ["query: 问"]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_busy_or_broken_server_may_be_asked_again(status: int) -> None:
    failure = _refused(Reply(status, b"oops", retry_after_ms=7_000))
    assert not failure.permanent
    assert failure.retry_after_ms == 7_000
    assert str(status) in str(failure)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413, 422])
def test_a_server_that_refuses_us_need_not_be_asked_again(status: int) -> None:
    assert _refused(Reply(status, b"no")).permanent


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>bad gateway</html>",
        b"[]",
        b'{"data": null}',
        b'{"data": "text"}',
        b'{"data": [1, 2]}',
        b'{"data": [{"index": 0}, {"index": 1}]}',
        b'{"data": ' + b"[" * 100_000,
        b"\xff\xfe",
    ],
    ids=["empty", "html", "list", "null", "text", "numbers", "no embedding", "deep", "not UTF-8"],
)
def test_an_answer_that_is_no_answer_is_one_sentence(body: bytes) -> None:
    assert not _refused(Reply(200, body)).permanent


@pytest.mark.parametrize(
    "rows",
    [
        [(0, [1, 0])],
        [(0, [1, 0]), (0, [1, 0])],
        [(0, [1, 0]), (2, [1, 0])],
        [(0, [1, 0]), (1, [1, 0]), (2, [1, 0])],
        [(0, [1, 0]), (1, [1, 0, 0])],
        [(0, []), (1, [])],
        [(0, ["1", "0"]), (1, ["0", "1"])],
        [(0, [1, None]), (1, [1, 0])],
        [(0, [[1]]), (1, [[1]])],
        [(0, [True, False]), (1, [True, False])],
        [(0, [1e999, 0]), (1, [1, 0])],
        [(0, [float("nan"), 0]), (1, [1, 0])],
        [(0, [0, 0]), (1, [1, 0])],
        [(0, [1] * 9_000), (1, [1] * 9_000)],
        [(0, 1), (1, 1)],
        [(0, [10**400, 1]), (1, [1, 1])],
    ],
    ids=[
        "fewer",
        "one twice",
        "a place too far",
        "more",
        "of two lengths",
        "of no length",
        "texts",
        "null",
        "nested",
        "truths",
        "infinite",
        "not a number",
        "zeros",
        "too long",
        "bare numbers",
        "a number too large",
    ],
)
def test_rows_that_are_not_one_vector_for_each_text_are_refused(rows: list[Any]) -> None:
    assert not _refused(answer(rows)).permanent


def test_another_length_than_before_is_another_model() -> None:
    server = Server()
    encoder = EndpointEncoder(SETTINGS, server.post)
    encoder.encode(["问"])
    server.replies.append(answer([(0, [1, 0, 0, 0])]))
    with pytest.raises(EncoderUnavailable, match="4 numbers, not of 3") as failure:
        encoder.encode(["问"])
    assert failure.value.permanent


def test_whoever_can_wait_asks_again_and_not_sooner_than_asked_to() -> None:
    server = Server(Reply(429, b"", retry_after_ms=9_000), Reply(500, b""), Reply(500, b""))
    waited: list[float] = []
    assert encode_patiently(EndpointEncoder(SETTINGS, server.post), ["问"], sleep=waited.append).shape == (1, 3)
    assert 9.5 <= waited[0] <= 10
    assert 1 <= waited[1] <= 2
    assert 2 <= waited[2] <= 4


def test_what_is_permanent_is_not_asked_again_and_patience_ends() -> None:
    refusing = Server(Reply(401, b""))
    with pytest.raises(EncoderUnavailable, match="refuses the key"):
        encode_patiently(EndpointEncoder(SETTINGS, refusing.post), ["问"], sleep=lambda seconds: None)
    assert len(refusing.asked) == 1
    broken = Server(*[Reply(500, b"")] * 9)
    with pytest.raises(EncoderUnavailable, match="500"):
        encode_patiently(EndpointEncoder(SETTINGS, broken.post), ["问"], tries=3, sleep=lambda seconds: None)
    assert len(broken.asked) == 3


def test_pauses_grow_to_a_minute_and_never_vanish() -> None:
    failure = EncoderUnavailable("busy")
    assert [pause_ms(failure, failures, 1) for failures in (1, 2, 3, 60)] == [1_000, 2_000, 4_000, 60_000]
    assert pause_ms(failure, 1, 0) == 500
    assert pause_ms(EncoderUnavailable("busy", retry_after_ms=10**12), 1, 0) == 3_600_500


def _refused(reply: Reply) -> EncoderUnavailable:
    with pytest.raises(EncoderUnavailable) as failure:
        EndpointEncoder(SETTINGS, Server(reply).post).encode(["一", "二"])
    return failure.value
