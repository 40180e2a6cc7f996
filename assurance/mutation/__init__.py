"""Which changes of the contracts the tests notice: `make mutate`.

Every operator (`operators`) is applied wherever it can be in the contracts' sources, and a sample of the changes is drawn
with a stated seed. Each is compiled as the contracts are for measuring coverage; a change that does not compile, or compiles
to the same bytecode, is set aside. Then the tests that execute the changed lines (of `make coverage`) run until the first
failure, in a copy of the tree whose compiled contracts were replaced by the changed ones. A change that no test notices
survives: a test is missing, or it changes nothing that can be seen, which `equivalent.yaml` then explains.
"""
