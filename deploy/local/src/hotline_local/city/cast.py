"""Everybody who acts or reads in the city, by token."""

from hotline_local.machine import Machine


class Cast:
    """Tokens of a machine's own issuer, made when first needed."""

    def __init__(self, machine: Machine) -> None:
        self._issue = machine.issuer.issue
        self._tokens: dict[tuple[str, str | None], str] = {}

    def token(self, role: str, of: str | None = None) -> str:
        """A token of a role; ``of`` is a unit's code for units' roles, the channel for a channel's."""
        found = self._tokens.get((role, of))
        if found is None:
            unit, channel = (None, of) if role == "channel_client" else (of, None)
            found = self._issue([role], unit=unit, channel=channel, sub=f"city-{role}-{of or 'city'}")
            self._tokens[role, of] = found
        return found
