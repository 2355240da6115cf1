"""The shipped encoder: vectors of pieces, averaged."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledgebase.encoders import distilled
from knowledgebase.encoders.distilled import DistilledEncoder, load_distilled, pieces, save_distilled
from knowledgebase.encoders.encoder import Encoder
from knowledgebase.errors import EncoderUnavailable

KNOWN = ("退款", "退", "款", "发票", "app", "票")
VECTORS = np.array([[127, 0, 0], [100, 20, 0], [100, 0, 20], [0, 127, 0], [0, 0, 127], [0, 100, 5]], np.int8)
ROWS = np.full((6, 1), 0.01, np.float32)
WEIGHTS = np.array([2, 1, 1, 2, 3, 1], np.float32)


def words(compacted: str) -> list[str]:
    return [word for word in ("退款", "发票") if word in compacted]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_distilled(tmp_path / "small.npz", "small-1", KNOWN, VECTORS, ROWS, WEIGHTS)
    return tmp_path / "small.npz"


@pytest.fixture
def encoder(path: Path) -> Encoder:
    return load_distilled(path, words)


def test_a_text_is_looked_up_by_words_pairs_and_characters() -> None:
    found = pieces("你好，退款退款 K", words)
    assert found[0] == "退款"
    assert set(found) == {"退款", "款退", "款k", "退", "款", "k"}
    assert found.count("退款") == 2


def test_a_row_has_length_one_and_is_the_weighted_mean_of_the_known_pieces(encoder: Encoder) -> None:
    row = encoder.encode(["退款"])[0]
    expected = VECTORS[0] * 4.0 + VECTORS[1] + VECTORS[2]
    assert row.dtype == np.float32
    assert row == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)


def test_a_text_without_known_pieces_is_a_row_of_zeros_among_the_others(encoder: Encoder) -> None:
    rows = encoder.encode(["", "退款", "🙂🙂", "发票"])
    assert np.linalg.norm(rows, axis=1) == pytest.approx([0, 1, 0, 1])
    assert encoder.encode([]).shape == (0, 3)


def test_many_texts_at_once_are_the_same_as_one_by_one(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [text * times for times in range(1, 9) for text in ("退款", "发票app", "退票", "无")]
    together = encoder.encode(texts)
    monkeypatch.setattr(distilled, "PIECES_AT_ONCE", 5)
    assert encoder.encode(texts) == pytest.approx(together, abs=1e-6)
    assert np.vstack([encoder.encode([text]) for text in texts]) == pytest.approx(together, abs=1e-6)


def test_scales_stand_for_rows_or_for_columns() -> None:
    by_row = DistilledEncoder("r", KNOWN, VECTORS, np.arange(1, 7, dtype=np.float32)[:, None], WEIGHTS, words)
    by_column = DistilledEncoder("c", KNOWN, VECTORS, np.array([[1, 2, 4]], np.float32), WEIGHTS, words)
    assert by_row.encode(["票"])[0] == pytest.approx(_unit(VECTORS[5]), abs=1e-6)
    assert by_column.encode(["票"])[0] == pytest.approx(_unit(VECTORS[5] * np.array([1, 2, 4])), abs=1e-6)


def test_a_file_keeps_name_and_dimensions(encoder: Encoder) -> None:
    assert (encoder.name, encoder.dimensions) == ("small-1", 3)


@pytest.mark.parametrize(
    ("vectors", "scales", "weights"),
    [
        (VECTORS.astype(np.float32), ROWS, WEIGHTS),
        (VECTORS[:5], ROWS[:5], WEIGHTS[:5]),
        (VECTORS, ROWS[:2], WEIGHTS),
        (VECTORS, ROWS, WEIGHTS[:2]),
    ],
    ids=["floats", "too few rows", "scales of neither side", "too few weights"],
)
def test_a_file_whose_tables_do_not_fit_is_refused(
    tmp_path: Path, vectors: NDArray[np.int8], scales: NDArray[np.float32], weights: NDArray[np.float32]
) -> None:
    save_distilled(tmp_path / "bad.npz", "bad", KNOWN, vectors, scales, weights)
    with pytest.raises(EncoderUnavailable, match=r"bad\.npz"):
        load_distilled(tmp_path / "bad.npz", words)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no zip at all", None])
def test_a_file_that_is_none_is_refused_in_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "torn.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EncoderUnavailable) as refused:
        load_distilled(path, words)
    assert refused.value.permanent


def _unit(row: NDArray[np.float64] | NDArray[np.int8]) -> NDArray[np.float64]:
    plain = row.astype(np.float64)
    return np.asarray(plain / np.linalg.norm(plain))
