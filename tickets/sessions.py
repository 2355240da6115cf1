"""Console logins and the one-time permission to make the first administrator; of tokens only hashes."""

from storage.database import Transaction, first
from tickets.model import Agent, Role


def open_session(tx: Transaction, agent_id: str, token_hash: str, csrf_token: str, now: int) -> None:
    """Keep a new login of this agent."""
    tx.change(
        """
        INSERT INTO session (token_hash, agent_id, csrf_token, created_at, last_seen_at)
        VALUES (:token_hash, :agent_id, :csrf_token, :now, :now)
        """,
        {"token_hash": token_hash, "agent_id": agent_id, "csrf_token": csrf_token, "now": now},
    )


def find_session(
    tx: Transaction, token_hash: str, now: int, idle_ms: int, absolute_ms: int
) -> tuple[Agent, str] | None:
    """The agent behind a login and its CSRF token; None if unknown, too old, idle or the agent is disabled."""
    row = first(
        tx.execute(
            """
            SELECT a.id, a.login, a.name, a.email, a.role, a.disabled_at, a.created_at, a.phone, a.quiet_from,
                a.quiet_until, a.deputy_id, a.team_id, a.version, s.csrf_token
            FROM session s JOIN agent a ON a.id = s.agent_id
            WHERE s.token_hash = :token_hash AND a.disabled_at IS NULL
                AND s.last_seen_at > :idle_since AND s.created_at > :made_since
            """,
            {"token_hash": token_hash, "idle_since": now - idle_ms, "made_since": now - absolute_ms},
        )
    )
    if row is None:
        return None
    csrf_token: str = row.pop("csrf_token")
    return Agent(**{**row, "role": Role(row["role"])}), csrf_token


def touch(tx: Transaction, token_hash: str, now: int) -> None:
    """Keep that this login was used just now."""
    tx.change(
        "UPDATE session SET last_seen_at = :now WHERE token_hash = :token_hash AND last_seen_at < :now",
        {"now": now, "token_hash": token_hash},
    )


def close_session(tx: Transaction, token_hash: str) -> None:
    """Log one browser out."""
    rows = tx.execute(
        "DELETE FROM session WHERE token_hash = :token_hash RETURNING agent_id", {"token_hash": token_hash}
    )
    for row in rows:
        tx.notify("sessions", row["agent_id"])


def close_sessions_of(tx: Transaction, agent_id: str) -> int:
    """Log the agent out everywhere; returns how many logins ended."""
    ended = tx.change("DELETE FROM session WHERE agent_id = :agent_id", {"agent_id": agent_id})
    tx.notify("sessions", agent_id)
    return ended


def drop_expired(tx: Transaction, now: int, idle_ms: int, absolute_ms: int) -> int:
    """Forget logins that find_session would refuse anyway; returns how many."""
    return tx.change(
        "DELETE FROM session WHERE last_seen_at <= :idle_since OR created_at <= :made_since",
        {"idle_since": now - idle_ms, "made_since": now - absolute_ms},
    )


def put_setup_token(tx: Transaction, token_hash: str, expires_at: int) -> None:
    """Allow one set-up by this token until then; every earlier one is void."""
    tx.change("DELETE FROM setup_token")
    tx.change(
        "INSERT INTO setup_token (token_hash, expires_at) VALUES (:token_hash, :expires_at)",
        {"token_hash": token_hash, "expires_at": expires_at},
    )


def has_setup_token(tx: Transaction, token_hash: str, now: int) -> bool:
    """Whether the set-up page may be shown for this token; nothing is used up."""
    rows = tx.execute(
        "SELECT expires_at FROM setup_token WHERE token_hash = :token_hash AND expires_at > :now",
        {"token_hash": token_hash, "now": now},
    )
    return bool(rows)


def use_setup_token(tx: Transaction, token_hash: str, now: int) -> bool:
    """Use the permission up; True once, False if it is unknown, used or expired."""
    used = tx.change(
        "DELETE FROM setup_token WHERE token_hash = :token_hash AND expires_at > :now",
        {"token_hash": token_hash, "now": now},
    )
    return used == 1
