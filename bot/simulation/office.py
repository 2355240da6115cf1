"""Who works at the simulated desk, and its rules as rows. All of them are invented."""

from collections.abc import Mapping
from dataclasses import replace

from bot.simulation.scenario import Setup
from storage.database import Transaction
from tickets import agents
from tickets.model import Agent, Role
from tickets.sla import rulebook
from tickets.sla.model import Budget, Chain, Level, Policy, RuleKind

# login, role, quiet hours (minutes of the local day), deputy
_PEOPLE: tuple[tuple[str, Role, tuple[int, int] | None, str | None], ...] = (
    ("agent-1", Role.AGENT, None, None),
    ("agent-2", Role.AGENT, (22 * 60, 7 * 60), "agent-1"),
    ("agent-3", Role.AGENT, (23 * 60, 8 * 60), "agent-2"),
    ("agent-4", Role.AGENT, (12 * 60, 13 * 60 + 30), None),
    ("agent-5", Role.AGENT, None, None),
    ("lead-1", Role.SUPERVISOR, (22 * 60, 6 * 60), "lead-2"),
    ("lead-2", Role.SUPERVISOR, None, None),
    ("manager-1", Role.ADMIN, (21 * 60, 9 * 60), "lead-2"),
)
LOGINS = frozenset(login for login, _, _, _ in _PEOPLE)


def hire(tx: Transaction, now: int) -> tuple[Agent, ...]:
    """The people, by name."""
    hired = {
        login: agents.create(tx, login, login, role, "none", f"{login}@example.com", now)
        for login, role, _, _ in _PEOPLE
    }
    for place, (login, _, quiet, deputy) in enumerate(_PEOPLE):
        tx.change(
            """
            UPDATE agent SET phone = :phone, quiet_from = :quiet_from, quiet_until = :quiet_until,
                deputy_id = :deputy_id
            WHERE id = :id
            """,
            {
                "phone": f"+86138000000{place:02d}",
                "quiet_from": quiet[0] if quiet else None,
                "quiet_until": quiet[1] if quiet else None,
                "deputy_id": hired[deputy].id if deputy else None,
                "id": hired[login].id,
            },
        )
    return tuple(agents.active_agents(tx))


def known(setup: Setup, staff: tuple[Agent, ...]) -> Setup:
    """The setup with the logins in its rotas replaced by the ids of those people."""
    ids = {agent.login: agent.id for agent in staff}
    rotas = {
        key: replace(rota, members=tuple(ids.get(one, one) for one in rota.members))
        for key, rota in setup.rotas.items()
    }
    return replace(setup, rotas=rotas)


class Rules:
    """The rules of a setup as rows of the rulebook, which has names of its own for all of them."""

    def __init__(self, tx: Transaction, setup: Setup, now: int) -> None:
        by, last = rulebook.BY_SETTINGS, len(setup.policies) - 1
        self._ids = {
            key: rulebook.add(tx, RuleKind.CALENDAR, key, calendar, by, 0, now).id
            for key, calendar in setup.calendars.items()
        }
        rotas = {
            f"rota:{key}": f"rota:{rulebook.add(tx, RuleKind.ROTA, key, rota, by, 0, now).id}"
            for key, rota in setup.rotas.items()
        }
        chain = rulebook.add(tx, RuleKind.CHAIN, "chain", _called(setup.chain, rotas), by, 0, now)
        self._chain_id = chain.id
        self._policies = [
            rulebook.add(
                tx, RuleKind.POLICY, one.name, self._pinned(one.policy), by,
                rulebook.LAST_POSITION if place == last else place, now,
            )
            for place, one in enumerate(setup.policies)
        ]  # fmt: skip

    def edit(self, tx: Transaction, place: int, policy: Policy, now: int) -> None:
        """Somebody edits a policy."""
        old = self._policies[place]
        by = rulebook.BY_SETTINGS
        self._policies[place] = rulebook.revise(tx, old.id, old.version, old.name, self._pinned(policy), by, now)

    def _pinned(self, policy: Policy) -> Policy:
        return replace(
            policy,
            first_response=self._placed(policy.first_response),
            next_response=self._placed(policy.next_response),
            resolution=None if policy.resolution is None else self._placed(policy.resolution),
            chain_id=self._chain_id,
        )

    def _placed(self, budget: Budget) -> Budget:
        return replace(budget, calendar_id=None if budget.calendar_id is None else self._ids[budget.calendar_id])


def _called(chain: Chain, names: Mapping[str, str]) -> Chain:
    def level(one: Level) -> Level:
        return replace(one, recipients=tuple(names.get(recipient, recipient) for recipient in one.recipients))

    warning = None if chain.warning is None else level(chain.warning)
    return replace(chain, levels=tuple(level(one) for one in chain.levels), warning=warning)
