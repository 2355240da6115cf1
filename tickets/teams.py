"""Teams and who leads them."""

from dataclasses import dataclass

from storage.database import Row, Transaction, first, new_id
from tickets.errors import AlreadyExists, Conflict, NotFound

LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Team:
    """People who work together; lead_id is an agent's. version is what changes are compared with."""

    id: str
    name: str
    lead_id: str | None
    archived_at: int | None
    version: int = 1


def add(tx: Transaction, name: str, lead_id: str | None) -> Team:
    """A new team. Raises AlreadyExists."""
    team = Team(new_id(), " ".join(name.split()), lead_id, None)
    added = tx.change(
        """
        INSERT INTO team (id, name, lead_id, archived_at, version) VALUES (:id, :name, :lead_id, NULL, 1)
        ON CONFLICT (name) DO NOTHING
        """,
        {"id": team.id, "name": team.name, "lead_id": lead_id},
    )
    if added == 0:
        raise AlreadyExists(f"a team with the name {team.name} is already there")
    return team


def all_teams(tx: Transaction) -> list[Team]:
    """Every team that is not archived, by name."""
    rows = tx.execute(
        "SELECT id, name, lead_id, archived_at, version FROM team WHERE archived_at IS NULL ORDER BY name, id"
    )
    return [Team(**row) for row in rows]


def names(tx: Transaction) -> dict[str, str]:
    """The name of each team, archived ones included, by id."""
    return {row["id"]: row["name"] for row in tx.execute("SELECT id, name FROM team")}


def archived(tx: Transaction) -> list[Team]:
    """The teams that get no tickets any more, by name."""
    rows = tx.execute(
        "SELECT id, name, lead_id, archived_at, version FROM team WHERE archived_at IS NOT NULL ORDER BY name, id"
    )
    return [Team(**row) for row in rows]


def get_team(tx: Transaction, team_id: str) -> Team:
    """The team, archived or not. Raises NotFound."""
    row = first(tx.execute("SELECT id, name, lead_id, archived_at, version FROM team WHERE id = :id", {"id": team_id}))
    if row is None:
        raise NotFound(f"no team {team_id}")
    return Team(**row)


def change(tx: Transaction, team_id: str, seen: int, name: str, lead_id: str | None) -> Team:
    """The team with this name and lead. Raises NotFound, AlreadyExists, and Conflict if it is not in the version
    seen."""
    name = " ".join(name.split())
    team = _count_change(tx, team_id, seen)
    taken = tx.execute("SELECT id FROM team WHERE name = :name AND id <> :id", {"name": name, "id": team_id})
    if taken:
        raise AlreadyExists(f"a team with the name {name} is already there")
    tx.change(
        "UPDATE team SET name = :name, lead_id = :lead_id WHERE id = :id",
        {"id": team_id, "name": name, "lead_id": lead_id},
    )
    return Team(team_id, name, lead_id, team["archived_at"], team["version"])


def archive(tx: Transaction, team_id: str, seen: int, now: int) -> None:
    """Give the team no tickets any more; its people are in none. Raises NotFound, and Conflict if it is not in the
    version seen."""
    _count_change(tx, team_id, seen)
    tx.change("UPDATE team SET archived_at = COALESCE(archived_at, :now) WHERE id = :id", {"id": team_id, "now": now})
    tx.change("UPDATE agent SET team_id = NULL, version = version + 1 WHERE team_id = :id", {"id": team_id})


def revive(tx: Transaction, team_id: str, seen: int) -> None:
    """Give an archived team tickets again. Raises NotFound, and Conflict if it is not in the version seen."""
    _count_change(tx, team_id, seen)
    tx.change("UPDATE team SET archived_at = NULL WHERE id = :id", {"id": team_id})


def leads(tx: Transaction) -> dict[str, str]:
    """The lead of each team that has one, archived ones included: their tickets are still led."""
    rows = tx.execute("SELECT id, lead_id FROM team WHERE lead_id IS NOT NULL")
    return {row["id"]: row["lead_id"] for row in rows}


def _count_change(tx: Transaction, team_id: str, seen: int) -> Row:
    changed = tx.execute(
        """
        UPDATE team SET version = version + 1 WHERE id = :id AND version = :seen
        RETURNING archived_at, version
        """,
        {"id": team_id, "seen": seen},
    )
    if changed:
        return changed[0]
    get_team(tx, team_id)
    raise Conflict(team_id, ())
