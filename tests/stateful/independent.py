"""Histories that have nothing to do with each other.

Hypothesis makes five variants of each history that it draws, by copying parts of it onto others. That finds more in data
than in what several people do over weeks: five of six histories repeated the one before. It does so for its own source of
choices only, so this is another that draws the same. Shrinking and replaying are not affected, and a seed still says what
is played.
"""

from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

BACKEND = "provenwork-independent"


class Independent(HypothesisProvider):
    """Draws as Hypothesis does."""


AVAILABLE_PROVIDERS[BACKEND] = f"{__name__}.{Independent.__name__}"
