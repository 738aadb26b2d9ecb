"""A forge on loopback that answers as GitHub does, over real bare repositories.

Every request and every answer is validated against GitHub's own OpenAPI description; what breaks it is answered with
500 and makes the test fail at the end. Faults, which no description allows, are queued by the test.
"""

from tests.fakes.forge.server import running
from tests.fakes.forge.shown import named, user
from tests.fakes.forge.state import WRITE_ALL, Event, Fault, Refused, Repository, Token, lost
from tests.fakes.forge.world import TOKEN, Forge

__all__ = [
    "TOKEN",
    "WRITE_ALL",
    "Event",
    "Fault",
    "Forge",
    "Refused",
    "Repository",
    "Token",
    "lost",
    "named",
    "running",
    "user",
]
