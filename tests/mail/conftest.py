"""What tests about mail may ask for."""

from tests.mail.dovecot import dovecot, own_dovecot
from tests.tickets.conftest import database

__all__ = ["database", "dovecot", "own_dovecot"]
