"""One page that says of every function what it does, when it reverts, which tests show it, and what they cover.

`make spec` writes it. Everything on it is read from the interfaces, the branch trees, the tests and, if there is one, the
coverage report: nothing is written for the page.
"""
