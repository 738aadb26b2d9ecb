"""A note of what was about to be written, so that a command that was cut off can be told from one that was not."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import NamedTuple

from gitops_mlops.domain.registry.change import ChangeState, RegistryChange, RegistryDecision, TagDraft
from gitops_mlops.domain.registry.registry import Registry


class PendingWrite(NamedTuple):
    """A decision that is being carried out.

    `request` is a digest of what was asked for, `when` the time of the first tag.
    """

    request: str
    decision: RegistryDecision
    when: datetime

    @classmethod
    def parse(cls, content: bytes | None) -> PendingWrite | None:
        """What `content` wrote; None for anything else, since a note is only ever a help."""
        try:
            told = json.loads(content or b"")
            change = RegistryChange(
                **{**told["change"], "state": ChangeState.WRITTEN, "tags": tuple(told["change"]["tags"])}
            )
            drafts = tuple(TagDraft(*draft) for draft in told["drafts"])
            decision = RegistryDecision(change, drafts, tuple(told["also"]))
            return cls(told["request"], decision, datetime.fromisoformat(told["when"]))
        except (ValueError, TypeError, KeyError):
            return None

    def content(self) -> bytes:
        """The note as bytes."""
        change = self.decision.change._asdict()
        told = {
            "request": self.request,
            "change": {**change, "refusals": (), "warnings": ()},
            "drafts": self.decision.drafts,
            "also": self.decision.also,
            "when": self.when.isoformat(),
        }
        return json.dumps(told).encode()

    def moments(self) -> list[datetime]:
        """The time of each tag: in one second their order would be lost."""
        return [self.when + timedelta(seconds=number) for number in range(len(self.decision.drafts))]

    def made(self, registry: Registry) -> set[str]:
        """The tags that are there just as they were to be written."""
        found = {event.tag: event for event in registry.events(self.decision.change.artifact)}
        return {
            draft.tag
            for draft, when in zip(self.decision.drafts, self.moments(), strict=True)
            if (event := found.get(draft.tag))
            and (event.commit, event.created) == (draft.commit, when)
            and _signed(event.message, draft.message)
        }

    def begun(self, request: str, registry: Registry) -> bool:
        """Whether it was the same request, some of it is there, and nothing happened to the artifact since."""
        made = self.made(registry)
        newest = registry.events(self.decision.change.artifact)[: len(made)]
        return request == self.request and bool(made) and made == {event.tag for event in newest}


def _signed(message: str, draft: str) -> bool:
    """Whether a tag's message is the draft's, with a signature or without."""
    ending = message.removeprefix(draft) if message.startswith(draft) else "another"
    return not ending or ending.startswith("-----BEGIN ")
