"""The people who work in the console."""

from storage.database import Row, Transaction, first, new_id
from tickets import sessions
from tickets.errors import AlreadyExists, Conflict, NotFound
from tickets.model import Agent, Role
from tickets.profiles import Profile


def create(
    tx: Transaction, login: str, name: str, role: Role, password_hash: str, email: str | None, now: int
) -> Agent:
    """A new agent. Logins are kept in lower case without spaces around. Raises AlreadyExists."""
    agent = Agent(new_id(), _folded(login), name.strip(), email, Role(role), None, now)
    inserted = tx.change(
        """
        INSERT INTO agent (id, login, name, email, role, password_hash, disabled_at, created_at)
        VALUES (:id, :login, :name, :email, :role, :password_hash, NULL, :created_at)
        ON CONFLICT (login) DO NOTHING
        """,
        {
            "id": agent.id,
            "login": agent.login,
            "name": agent.name,
            "email": agent.email,
            "role": agent.role,
            "password_hash": password_hash,
            "created_at": now,
        },
    )
    if inserted == 0:
        raise AlreadyExists(f"an agent with the login {agent.login} is already there")
    return agent


def by_login(tx: Transaction, login: str) -> tuple[Agent, str] | None:
    """The active agent with this login and the password hash; None for a disabled or unknown one."""
    row = first(
        tx.execute(
            """
            SELECT id, login, name, email, role, disabled_at, created_at, phone, quiet_from, quiet_until, deputy_id,
                team_id, version, password_hash
            FROM agent WHERE login = :login AND disabled_at IS NULL
            """,
            {"login": _folded(login)},
        )
    )
    if row is None:
        return None
    password_hash: str = row.pop("password_hash")
    return agent_from(row), password_hash


def get_agent(tx: Transaction, agent_id: str) -> Agent:
    """The agent, active or disabled. Raises NotFound."""
    row = first(
        tx.execute(
            """
            SELECT id, login, name, email, role, disabled_at, created_at, phone, quiet_from, quiet_until, deputy_id,
                team_id, version
            FROM agent WHERE id = :id
            """,
            {"id": agent_id},
        )
    )
    if row is None:
        raise NotFound(f"no agent {agent_id}")
    return agent_from(row)


def active_agents(tx: Transaction) -> list[Agent]:
    """Every agent who is not disabled, by name."""
    rows = tx.execute(
        """
        SELECT id, login, name, email, role, disabled_at, created_at, phone, quiet_from, quiet_until, deputy_id,
            team_id, version
        FROM agent WHERE disabled_at IS NULL ORDER BY name, id
        """
    )
    return [agent_from(row) for row in rows]


def everybody(tx: Transaction) -> list[Agent]:
    """Every agent there ever was: those who may log in first, each by name."""
    rows = tx.execute(
        """
        SELECT id, login, name, email, role, disabled_at, created_at, phone, quiet_from, quiet_until, deputy_id,
            team_id, version
        FROM agent ORDER BY CASE WHEN disabled_at IS NULL THEN 0 ELSE 1 END, name, id
        """
    )
    return [agent_from(row) for row in rows]


def names(tx: Transaction) -> dict[str, str]:
    """The name of every agent there ever was, by id: for showing who wrote or did something."""
    return {row["id"]: row["name"] for row in tx.execute("SELECT id, name FROM agent")}


def count_admins(tx: Transaction) -> int:
    """How many active administrators there are."""
    rows = tx.execute(
        "SELECT COUNT(*) AS admins FROM agent WHERE role = :role AND disabled_at IS NULL", {"role": Role.ADMIN}
    )
    admins: int = rows[0]["admins"]
    return admins


def disable(tx: Transaction, login: str, now: int) -> Agent:
    """Lock the agent out and end every session. Repeating it changes nothing. Raises NotFound."""
    row = first(
        tx.execute(
            """
            UPDATE agent SET disabled_at = COALESCE(disabled_at, :now) WHERE login = :login
            RETURNING id, login, name, email, role, disabled_at, created_at, phone, quiet_from, quiet_until,
                deputy_id, team_id, version
            """,
            {"now": now, "login": _folded(login)},
        )
    )
    if row is None:
        raise NotFound(f"no agent with the login {_folded(login)}")
    agent = agent_from(row)
    sessions.close_sessions_of(tx, agent.id)
    return agent


def enable(tx: Transaction, agent_id: str, seen: int) -> Agent:
    """Let the agent log in again, in the next version. Raises Conflict if it is not in the version seen."""
    count_change(tx, agent_id, seen)
    tx.change("UPDATE agent SET disabled_at = NULL WHERE id = :id", {"id": agent_id})
    return get_agent(tx, agent_id)


def set_profile(tx: Transaction, agent_id: str, seen: int, profile: Profile) -> Agent:
    """Keep how an agent is reached, in the next version. Raises Conflict if it is not in the version seen."""
    count_change(tx, agent_id, seen)
    tx.change(
        """
        UPDATE agent SET email = :email, phone = :phone, quiet_from = :quiet_from, quiet_until = :quiet_until,
            deputy_id = :deputy_id, team_id = :team_id
        WHERE id = :id
        """,
        {
            "id": agent_id,
            "email": profile.email,
            "phone": profile.phone,
            "quiet_from": profile.quiet_from,
            "quiet_until": profile.quiet_until,
            "deputy_id": profile.deputy_id,
            "team_id": profile.team_id,
        },
    )
    return get_agent(tx, agent_id)


def count_change(tx: Transaction, agent_id: str, seen: int) -> None:
    """Give the agent the next version. Raises Conflict if it is not in the version seen."""
    changed = tx.change(
        "UPDATE agent SET version = version + 1 WHERE id = :id AND version = :seen", {"id": agent_id, "seen": seen}
    )
    if changed == 0:
        raise Conflict(agent_id, ())


def agent_from(row: Row) -> Agent:
    """An agent from a row with exactly the agent's columns."""
    return Agent(**{**row, "role": Role(row["role"])})


def _folded(login: str) -> str:
    return login.strip().casefold()
