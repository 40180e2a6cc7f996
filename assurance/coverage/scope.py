"""What is measured: the contracts that hold money or decide about it."""

_LEFT_OUT = ("contracts/mocks/", "contracts/verifiers/")


def measured(path: str) -> bool:
    """Whether a source counts: all of contracts/ but the tests' stand-ins and the verifiers that EZKL wrote."""
    return path.startswith("contracts/") and not path.startswith(_LEFT_OUT)
