"""The knowledge base as the rest of the house knows it: built from entries, asked with an utterance."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from knowledgebase.encoders.distilled import shipped_encoder
from knowledgebase.encoders.encoder import Rows
from knowledgebase.encoders.vectors import Vectors, texts_of
from knowledgebase.judging.calibration import PRECISION, Calibration, calibrate, uncalibrated
from knowledgebase.judging.carry import carried_over
from knowledgebase.judging.meaning import by_meaning, everyday
from knowledgebase.matching.confidence import (
    Ranking,
    Weights,
    confidence,
    confidences,
    rank,
    semantic_weights,
    shipped_weights,
    signs,
)
from knowledgebase.matching.match import FEATURES, Candidates, Matcher
from knowledgebase.model import Entry, Match, Thresholds
from knowledgebase.wording.text import Vocabulary, compact, shipped_vocabulary

# A question asked in just the words of an entry is that entry's, whatever its neighbours look like.
VERBATIM = 0.99
# Of fewer entries the themes are learnt in no time.
MANY = 1_000


class KnowledgeBase:
    """Published entries, ready to be searched. Never changes: to change an entry, build another one.

    vectors: those of its wordings, if it finds by meaning too; plain: the same entries without, for the questions
    that have no vector. Safe to search from any thread.
    """

    def __init__(
        self,
        entries: tuple[Entry, ...],
        vocabulary: Vocabulary,
        weights: Weights,
        matcher: Matcher,
        calibration: Calibration,
        vectors: Vectors | None = None,
        plain: "KnowledgeBase | None" = None,
    ) -> None:
        self.entries = entries
        self.vectors = vectors
        self.plain = plain
        self.calibration = calibration
        self._vocabulary = vocabulary
        self._weights = weights
        self._matcher = matcher

    @classmethod
    def build(
        cls, entries: Sequence[Entry], vocabulary: Vocabulary | None = None, weights: Weights | None = None
    ) -> "KnowledgeBase":
        """The knowledge base of these entries, not yet calibrated, by default with the shipped words and weights."""
        words, fitted = vocabulary or shipped_vocabulary(), weights or shipped_weights()
        matcher = Matcher(entries, words, encoder=shipped_encoder())
        return cls(tuple(entries), words, fitted, matcher, uncalibrated(fitted))

    def edited(self, entries: Sequence[Entry], vocabulary: Vocabulary | None = None) -> "KnowledgeBase":
        """The knowledge base of these entries, not yet calibrated and without vectors.

        It takes over what it has in common with this one. Of many entries it keeps the themes, which calibrated()
        learns anew, so that a change of a few entries takes a tenth of a second.
        """
        words = vocabulary or self._vocabulary
        if words == self._vocabulary and MANY <= len(entries) < 2 * self.size:
            matcher = self._matcher.edited(entries)
        else:
            matcher = Matcher(entries, words, known=self._matcher, encoder=self._matcher.encoder)
        weights = self._weights if self.plain is None else self.plain.weights
        return KnowledgeBase(tuple(entries), words, weights, matcher, uncalibrated(weights))

    def under(self, calibration: Calibration) -> "KnowledgeBase":
        """The same entries with this calibration; costs next to nothing."""
        return self._twin(calibration, self.vectors, self.plain)

    def beside(self, plain: "KnowledgeBase") -> "KnowledgeBase":
        """The same with vectors, and this one for questions without."""
        return self._twin(self.calibration, self.vectors, plain)

    def with_vectors(self, vectors: Vectors) -> "KnowledgeBase":
        """The same entries found by meaning too, not yet calibrated. vectors: those of texts_needed."""
        weights = semantic_weights()
        matcher = by_meaning(self._matcher, self.entries, vectors)
        return KnowledgeBase(
            self.entries, self._vocabulary, weights, matcher, uncalibrated(weights), vectors, self.plain or self
        )

    def _twin(
        self, calibration: Calibration, vectors: Vectors | None, plain: "KnowledgeBase | None"
    ) -> "KnowledgeBase":
        return KnowledgeBase(self.entries, self._vocabulary, self._weights, self._matcher, calibration, vectors, plain)

    def texts_needed(self) -> list[str]:
        """The texts whose vectors with_vectors takes, each once."""
        return texts_of(self.entries, everyday(self._vocabulary))

    def calibrated(
        self,
        precision: float = PRECISION,
        abandoned: Callable[[], bool] = lambda: False,
    ) -> "KnowledgeBase":
        """The same entries, calibrated to themselves; takes seconds. Raises CalibrationAbandoned when asked to."""
        settled = self._matcher.settled()
        found = calibrate(self.entries, self._vocabulary, self._weights, precision, abandoned, settled, self.vectors)
        return KnowledgeBase(self.entries, self._vocabulary, self._weights, settled, found, self.vectors, self.plain)

    @property
    def thresholds(self) -> Thresholds:
        """The least confidences for answering and for asking back that this was calibrated to."""
        return self.calibration.thresholds

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.entries)

    @property
    def matcher(self) -> Matcher:
        """What finds the candidates."""
        return self._matcher

    @property
    def weights(self) -> Weights:
        """What the candidates are ordered by, and how sure the first one is."""
        return self._weights

    def whole_question(self, text: str) -> str | None:
        """The question of the entry of which this text is a wording, letter for letter; None if there is none."""
        place = self._matcher.verbatim(compact(text))
        return None if place is None else self.entries[place].question

    def search(self, utterance: str, limit: int = 5, vector: Rows | None = None) -> list[Match]:
        """The entries that may answer the utterance, best first; none if no entry shares anything with it.

        vector: the utterance's, by the encoder of vectors; without one it is matched as plain does, so that these
        thresholds do what those of plain would.
        """
        if vector is None and self.plain is not None:
            return self._as_plain(self.plain, utterance, limit)
        candidates = self._matcher.candidates(utterance, vector)
        if not len(candidates.entries):
            return []
        ranking = rank(candidates, self._weights.ranking)
        first = self.calibration.recalibrated(confidence(signs(candidates, ranking), self._weights))
        if self._matcher.verbatim(candidates.asked) == candidates.entries[ranking.rows[0]]:
            first = max(first, VERBATIM)
        sure = confidences(first, ranking.shares[:limit])
        return [self._match(candidates, ranking, place, each) for place, each in enumerate(sure)]

    def _as_plain(self, plain: "KnowledgeBase", utterance: str, limit: int) -> list[Match]:
        carry = partial(carried_over, own=plain.calibration, other=self.calibration)
        found = plain.search(utterance, limit)
        return [replace(match, confidence=carry(match.confidence)) for match in found]

    def _match(self, candidates: Candidates, ranking: Ranking, place: int, sure: float) -> Match:
        row = ranking.rows[place]
        return Match(
            entry=self.entries[candidates.entries[row]],
            score=float(ranking.scores[place]),
            confidence=sure,
            wording=self._matcher.wording(candidates.nearest[row]),
            why=dict(zip(FEATURES, candidates.features[row].round(4).tolist(), strict=True)),
        )
