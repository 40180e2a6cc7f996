"""Which lines and branches of the contracts the tests execute: `make coverage`.

Nothing is inserted into the sources. The tests run as ever, on contracts compiled so that every instruction still belongs
to one place of the source (`assurance.solc`); each call and each transaction that they make is executed once more by the
node's tracer (`trace`), constructors included; and the compiler's source maps say which lines and branches its
instructions come from (`programs`, `points`). A library's function that several contracts contain counts once.

A **line** counts if instructions of some contract come from something that begins on it. Of a function that nothing uses
every statement counts, and as not executed. (Of one that only converts a type no instruction is left to count.)

A **branch** is one outcome of a decision in the source: `if`, `? :`, `&&`, `||`, `for`, `while`, `try`, and `if` in assembly
(`require` and `assert` are refused: the contracts say `if`, and revert). Both outcomes must have happened, in any contract.
What the compiler decides by itself does not count: which function is called, the decoding of arguments and answers,
arithmetic checks, whether value may come along, whether a callee has code.
"""
