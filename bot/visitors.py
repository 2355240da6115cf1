"""Who a chat visitor is: a random id in a signed token, nothing about the person."""

import hashlib
import secrets

from itsdangerous import BadSignature, Signer

from bot.errors import FrameError


class Visitors:
    """Issues and reads visitor tokens with one secret."""

    def __init__(self, secret: str) -> None:
        self._signer = Signer(secret, salt="visitor", digest_method=hashlib.sha256)

    def new_token(self) -> str:
        """A token for somebody we have never seen (256 random bits)."""
        return self._signer.sign(secrets.token_urlsafe(32)).decode()

    def address(self, token: str) -> str:
        """The chat address of the holder, which is all that is stored. Raises FrameError("bad_token")."""
        try:
            visitor = self._signer.unsign(token.encode("utf-8", "replace"))
        except BadSignature as error:
            raise FrameError("bad_token") from error
        return hashlib.sha256(visitor).hexdigest()
