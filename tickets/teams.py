"""Teams and who leads them."""

from dataclasses import dataclass

from storage.database import Transaction, new_id
from tickets.errors import AlreadyExists


@dataclass(frozen=True, slots=True)
class Team:
    """People who work together; lead_id is an agent's."""

    id: str
    name: str
    lead_id: str | None
    archived_at: int | None


def add(tx: Transaction, name: str, lead_id: str | None) -> Team:
    """A new team. Raises AlreadyExists."""
    team = Team(new_id(), " ".join(name.split()), lead_id, None)
    added = tx.change(
        """
        INSERT INTO team (id, name, lead_id, archived_at) VALUES (:id, :name, :lead_id, NULL)
        ON CONFLICT (name) DO NOTHING
        """,
        {"id": team.id, "name": team.name, "lead_id": lead_id},
    )
    if added == 0:
        raise AlreadyExists(f"a team with the name {team.name} is already there")
    return team


def all_teams(tx: Transaction) -> list[Team]:
    """Every team that is not archived, by name."""
    rows = tx.execute("SELECT id, name, lead_id, archived_at FROM team WHERE archived_at IS NULL ORDER BY name, id")
    return [Team(**row) for row in rows]


def names(tx: Transaction) -> dict[str, str]:
    """The name of each team, archived ones included, by id."""
    return {row["id"]: row["name"] for row in tx.execute("SELECT id, name FROM team")}


def leads(tx: Transaction) -> dict[str, str]:
    """The lead of each team that has one, archived ones included: their tickets are still led."""
    rows = tx.execute("SELECT id, lead_id FROM team WHERE lead_id IS NOT NULL")
    return {row["id"]: row["lead_id"] for row in rows}
