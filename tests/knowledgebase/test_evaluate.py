"""What an evaluation reads, writes and counts."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledgebase.errors import FileUnreadable
from knowledgebase.judging.evaluate import calibration_error, coverage, evaluate_files, render
from tests.knowledgebase.encoder import LetterEncoder

ENTRIES: list[dict[str, Any]] = [
    {"id": "tyre", "question": "轮胎多久换一次？", "similar": ["轮胎几年换"], "answer": "5 年"},
    {"id": "free", "question": "首保要收费吗？"},
    {"id": "长 id", "question": "怎么联系道路救援？", "similar": None, "answer": None, "category": None},
]
QUERIES: list[dict[str, Any]] = [
    {"query": "轮胎多久换一次", "id": "tyre"},
    {"query": "今天天气怎么样", "id": None},
    {"query": "首保要收费吗", "ids": ["free", "other"]},
    {"query": "", "id": "tyre"},
]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    entries, queries = tmp_path / "kb.jsonl", tmp_path / "q.jsonl"
    entries.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ENTRIES), encoding="utf-8")
    queries.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in QUERIES), encoding="utf-8")
    return entries, queries


def test_every_question_is_counted(files: tuple[Path, Path]) -> None:
    report = evaluate_files(*files, None)
    assert (report.entries, report.questions, report.in_scope, report.out_of_scope) == (3, 4, 3, 1)
    assert report.right_first == 2
    assert report.accuracy == pytest.approx(2 / 3)
    assert (report.answered, report.answered_wrong, report.out_of_scope_answered) == (2, 0, 0)
    assert report.latency_p50_ms > 0


def test_predictions_are_one_line_each_in_the_order_of_the_questions(files: tuple[Path, Path], tmp_path: Path) -> None:
    evaluate_files(*files, tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["query"] for row in rows] == [row["query"] for row in QUERIES]
    assert [row["expected"] for row in rows] == ["tyre", None, "free", "tyre"]
    assert [row["decision"] for row in rows] == ["answer", "handoff", "answer", "handoff"]
    assert set(rows[0]) == {"query", "expected", "decision", "confidence", "matches", "cpu_us"}
    assert set(rows[0]["matches"][0]) == {"id", "score", "confidence"}
    assert rows[0]["confidence"] == rows[0]["matches"][0]["confidence"]
    assert (rows[3]["confidence"], rows[3]["matches"]) == (0.0, [])


def test_two_baselines_stand_beside_ours(files: tuple[Path, Path]) -> None:
    report = evaluate_files(*files, None)
    assert [peer.name for peer in report.baselines] == ["BM25, characters and pairs", "rapidfuzz ratio"]
    assert [peer.accuracy for peer in report.baselines] == pytest.approx([2 / 3, 2 / 3])
    assert "BM25, characters and pairs first match right 66.7%" in render(report)
    assert report.encoder == "distilled"


def test_another_encoder_may_find(files: tuple[Path, Path]) -> None:
    report = evaluate_files(*files, None, encoder=LetterEncoder())
    assert (report.encoder, report.right_first) == ("letters", 2)


def test_the_report_is_readable(files: tuple[Path, Path]) -> None:
    text = render(evaluate_files(*files, None))
    assert "first match right      66.7% (2 of 3)" in text
    assert "wrong among answered   0.0% (0 of 2)" in text


@pytest.mark.parametrize(
    "row",
    ["{", "[]", '{"id": "a"}', '{"query": 5, "id": "a"}', '{"query": "x", "ids": "a"}', "[" * 100_000, "\ufeff{"],
)
def test_a_line_that_is_no_question_is_named(files: tuple[Path, Path], row: str) -> None:
    entries, queries = files
    queries.write_text(json.dumps(QUERIES[0]) + "\n" + row, encoding="utf-8")
    with pytest.raises(FileUnreadable, match=r"q\.jsonl: line 2"):
        evaluate_files(entries, queries, None)


@pytest.mark.parametrize(
    "row", ['{"id": "tyre", "question": "x"}', '{"id": "x"}', '{"id": "x", "question": "x", "similar": "y"}']
)
def test_a_line_that_is_no_entry_is_named(files: tuple[Path, Path], row: str) -> None:
    entries, queries = files
    entries.write_text(json.dumps(ENTRIES[0]) + "\n" + row, encoding="utf-8")
    with pytest.raises(FileUnreadable, match=r"kb\.jsonl: line 2"):
        evaluate_files(entries, queries, None)


def test_a_missing_file_is_named(files: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"none\.jsonl"):
        evaluate_files(files[0], tmp_path / "none.jsonl", None)


def test_no_questions_at_all_make_a_report_of_nothing(files: tuple[Path, Path]) -> None:
    files[1].write_text("", encoding="utf-8")
    assert "0.0% (0 of 0)" in render(evaluate_files(*files, None))


def test_coverage_is_the_largest_share_that_keeps_the_precision() -> None:
    sure, right = np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([1.0, 1.0, 0.0, 1.0, 0.0])
    assert coverage(sure, right, 1.0) == pytest.approx(0.4)
    assert coverage(sure, right, 0.75) == pytest.approx(0.8)
    assert coverage(sure, 1 - np.ones(5), 0.5) == 0


def test_calibration_error_is_the_mean_gap_between_sureness_and_truth() -> None:
    assert calibration_error(np.array([1.0, 1.0, 0.05]), np.array([1.0, 0.0, 0.0])) == pytest.approx((1 + 0.05) / 3)
    assert calibration_error(np.array([0.75] * 4), np.array([1.0, 1, 1, 0])) == pytest.approx(0)
