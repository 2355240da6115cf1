"""What tests about mail may ask for."""

from tests.mail.dovecot import dovecot, own_dovecot

__all__ = ["dovecot", "own_dovecot"]
