"""The demo: the main job, played from beginning to end with real proofs.

::

    _story      what happens in a session, scene by scene, through the SDK
    _prompt_act then one question and its answer, by the language model
    _stage      the chain, the contracts and the keys
    _workshop   proofs in the background
    _reading    what the chain says has happened
    _tally      the numbers, compared with each other
    _screen, _words, _chart, _summary    how it looks
"""

from scripts._demo._play import Options, Performance, perform
from scripts._demo._screen import Screen
from scripts._demo._stage import DemoError

__all__ = ["DemoError", "Options", "Performance", "Screen", "perform"]
