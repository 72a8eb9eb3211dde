"""Who works there: teams, their people and channels, and which team owns which service."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsrange.errors import AuthorError
from opsrange.estates import Estate
from opsrange.types import Json

_OWNER = "corp.example/owner"
_OTHER_TEAMS = ("edge", "observability", "release-engineering", "capacity", "security")
_TEAM_SIZE = 3
_FIRST_NAMES = (
    *("Aino", "Amara", "Bastian", "Carmen", "Dilek", "Edda", "Farid", "Greta", "Hanna", "Ines"),
    *("Ivo", "Jonas", "Kaya", "Lena", "Lwazi", "Marek", "Mira", "Nadia", "Noor", "Oskar"),
    *("Petra", "Quentin", "Rafael", "Rosa", "Selma", "Sven", "Tarik", "Ulla", "Vera", "Wanda"),
    *("Yusuf", "Zoe", "Anton", "Beata", "Cheng", "Dario"),
)
_LAST_NAMES = (
    *("Adeyemi", "Albrecht", "Bakker", "Castel", "Demir", "Eklund", "Fischer", "Gallo", "Haddad"),
    *("Ibsen", "Jansen", "Kovacs", "Lindqvist", "Moreau", "Novak", "Okafor", "Petrov", "Quist"),
    *("Rossi", "Sato", "Tamm", "Ueda", "Varga", "Weiss", "Yilmaz", "Zeman"),
)
_CHANNELS = ("#{}-help", "#ask-{}", "#{}-ops", "#team-{}")
_HANDLES = ("@{}-oncall", "@{}-primary", "@oncall-{}")


@dataclass(frozen=True, slots=True)
class Team:
    """A group of people that owns things."""

    name: str
    channel: str
    handle: str
    """Whom to call at night."""
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Enterprise:
    """The people around an estate."""

    namespace: str
    today_ms: int
    """When the collection is read."""
    teams: tuple[Team, ...]
    owners: Mapping[str, Team]
    """The team behind each service."""

    @property
    def services(self) -> Sequence[str]:
        """Every service that somebody owns, alphabetically."""
        return sorted(self.owners)

    def team(self, name: str) -> Team:
        """The team called ``name``, with or without ``team-``.

        Raises:
            AuthorError: when there is none.
        """
        for team in self.teams:
            if team.name.removeprefix("team-") == name.removeprefix("team-"):
                return team
        known = ", ".join(team.name for team in self.teams)
        raise AuthorError(f"asked for team {name!r}; found {known}; use one of these")


def enterprise(estate: Estate, stream: random.Random) -> Enterprise:
    """Draw the people around an estate that has just been installed.

    Args:
        estate: its deployments say which team owns them.
        stream: draws names, channels and handles.
    """
    owners = {
        deployment["metadata"]["name"]: _owner(deployment)
        for deployment in estate.operator.list("deployments", estate.namespace)
    }
    names = [*dict.fromkeys(owners[service] for service in sorted(owners)), *_OTHER_TEAMS]
    channel, handle = stream.choice(_CHANNELS), stream.choice(_HANDLES)
    first = stream.sample(_FIRST_NAMES, _TEAM_SIZE * len(names))
    last = [stream.choice(_LAST_NAMES) for _ in first]
    people = [f"{left} {right}" for left, right in zip(first, last, strict=True)]
    teams = {
        name: Team(
            name=f"team-{name}",
            channel=channel.format(name),
            handle=handle.format(name),
            people=tuple(people[index * _TEAM_SIZE : (index + 1) * _TEAM_SIZE]),
        )
        for index, name in enumerate(names)
    }
    return Enterprise(
        namespace=estate.namespace,
        today_ms=estate.variant.opens_ms,
        teams=tuple(teams.values()),
        owners={service: teams[name] for service, name in sorted(owners.items())},
    )


def _owner(deployment: Json) -> str:
    owner: str = deployment["metadata"].get("annotations", {}).get(_OWNER, "team-platform")
    return owner.removeprefix("team-")
