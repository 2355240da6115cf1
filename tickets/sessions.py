"""Console logins and the one-time permission to make the first administrator; of tokens only hashes."""

from dataclasses import dataclass

from storage.database import Transaction, first
from tickets.model import Agent, Role


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long logins last: idle_ms without use, absolute_ms in any case; wall_ms is all that bounds a wall's."""

    idle_ms: int
    absolute_ms: int
    wall_ms: int


@dataclass(frozen=True, slots=True)
class Session:
    """A login that holds. wall: of a screen that shows the wall-board and nothing else."""

    agent: Agent
    csrf_token: str
    wall: bool


def open_session(
    tx: Transaction, agent_id: str, token_hash: str, csrf_token: str, now: int, wall: bool = False
) -> None:
    """Keep a new login of this agent."""
    tx.change(
        """
        INSERT INTO session (token_hash, agent_id, csrf_token, created_at, last_seen_at, wall)
        VALUES (:token_hash, :agent_id, :csrf_token, :now, :now, :wall)
        """,
        {"token_hash": token_hash, "agent_id": agent_id, "csrf_token": csrf_token, "now": now, "wall": int(wall)},
    )


def find_session(tx: Transaction, token_hash: str, now: int, lifetime: Lifetime) -> Session | None:
    """The login of this token; None if unknown, too old, idle or the agent is disabled."""
    row = first(
        tx.execute(
            """
            SELECT a.id, a.login, a.name, a.email, a.role, a.disabled_at, a.created_at, a.phone, a.quiet_from,
                a.quiet_until, a.deputy_id, a.team_id, a.version, s.csrf_token, s.wall
            FROM session s JOIN agent a ON a.id = s.agent_id
            WHERE s.token_hash = :token_hash AND a.disabled_at IS NULL
                AND ((s.wall = 0 AND s.last_seen_at > :idle_since AND s.created_at > :made_since)
                    OR (s.wall = 1 AND s.created_at > :wall_since))
            """,
            {"token_hash": token_hash, **_bounds(now, lifetime)},
        )
    )
    if row is None:
        return None
    csrf_token, wall = row.pop("csrf_token"), bool(row.pop("wall"))
    return Session(Agent(**{**row, "role": Role(row["role"])}), csrf_token, wall)


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


def walls(tx: Transaction, now: int, wall_ms: int) -> int:
    """How many screens show the wall-board by a login of their own."""
    rows = tx.execute(
        "SELECT COUNT(*) AS screens FROM session WHERE wall = 1 AND created_at > :since", {"since": now - wall_ms}
    )
    return int(rows[0]["screens"])


def close_walls(tx: Transaction) -> int:
    """End the login of every screen; returns how many there were."""
    rows = tx.execute("DELETE FROM session WHERE wall = 1 RETURNING agent_id")
    for row in rows:
        tx.notify("sessions", row["agent_id"])
    return len(rows)


def drop_expired(tx: Transaction, now: int, lifetime: Lifetime) -> int:
    """Forget logins that find_session would refuse anyway; returns how many."""
    return tx.change(
        """
        DELETE FROM session
        WHERE (wall = 0 AND (last_seen_at <= :idle_since OR created_at <= :made_since))
            OR (wall = 1 AND created_at <= :wall_since)
        """,
        _bounds(now, lifetime),
    )


def _bounds(now: int, lifetime: Lifetime) -> dict[str, int]:
    return {
        "idle_since": now - lifetime.idle_ms,
        "made_since": now - lifetime.absolute_ms,
        "wall_since": now - lifetime.wall_ms,
    }


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
