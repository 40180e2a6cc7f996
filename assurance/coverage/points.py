"""What can be covered: the statements and the decisions of a source, as the compiler's syntax tree gives them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Range = tuple[int, int]  # offset and length, in bytes

_CODELESS = {"Block", "UncheckedBlock", "PlaceholderStatement", "InlineAssembly"}
_LEAVING = {"revert", "return", "stop", "invalid", "selfdestruct"}


@dataclass(frozen=True)
class Decision:
    """One place where the contracts go one way or the other.

    Attributes:
        source: The source's path.
        range: Where it is.
        line: The line on which it begins.
        kind: `if`, `? :`, `&&`, ...
        text: Its beginning, to recognise it.
        outcomes: What it means that the condition that the compiler made of it was zero, and that it was not.
        switch: Whether the compiler makes a `switch` of it, whose jump leads to `case 0`, and not an `if`, whose jump leads
            into its body.
    """

    source: str
    range: Range
    line: int
    kind: str
    text: str
    outcomes: tuple[str, str]
    switch: bool = False


@dataclass
class Assembly:
    """A block of assembly, all of whose instructions have the block's own range.

    Attributes:
        decisions: In the order of their jumps.
        lines: For each line the decision and its outcome that lead there; None for the block's beginning.
    """

    decisions: list[Decision] = field(default_factory=list)
    lines: dict[int, tuple[int, int] | None] = field(default_factory=dict)


class Source:
    """The statements and decisions of one source.

    Args:
        path: Its path.
        text: Its text.
        tree: Its syntax tree.
        named: The functions and modifiers that any source names where it uses them, by their numbers in the tree.

    Raises:
        ValueError: Two decisions cannot be told apart, or assembly decides in a way that is not known here.
    """

    def __init__(self, path: str, text: bytes, tree: dict[str, Any], named: set[int]) -> None:
        self._named = named
        self.path = path
        self.text = text
        self._starts = [0, *(i + 1 for i, byte in enumerate(text) if byte == 0x0A)]
        self.decisions: dict[Range, Decision] = {}
        self.conditions: dict[Range, Decision] = {}
        """Of those that become a `switch`, by the range of what is decided."""
        self.repeated: list[Range] = []
        """Modifiers: the compiler repeats them in every function that has them."""
        self.assemblies: dict[Range, Assembly] = {}
        self.unused: dict[Range, list[Range]] = {}
        """The statements of each function and modifier that nobody can call and no source uses."""
        self.scaffolding: set[Range] = set()
        """Whole contracts and files: the compiler's own code has their range."""
        for node in _walk(tree):
            self._read(node)

    def line(self, offset: int) -> int:
        """The number of the line with this byte, from 1."""
        low, high = 0, len(self._starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._starts[middle] <= offset else (low, middle)
        return low + 1

    def _read(self, node: dict[str, Any]) -> None:
        kind, where = node["nodeType"], _range(node)
        if kind in ("ContractDefinition", "SourceUnit"):
            self.scaffolding.add(where)
        elif kind == "InlineAssembly":
            self._read_assembly(where, node["AST"])
        elif kind in ("FunctionDefinition", "ModifierDefinition") and self._is_unused(node):
            self.unused[where] = [
                _range(part) for part in _walk(node["body"]) if _is_statement(part["nodeType"])
            ]
        self._read_decision(kind, where, node)

    def _is_unused(self, node: dict[str, Any]) -> bool:
        callable_by_anyone = node["visibility"] in ("external", "public")
        by_itself = node.get("kind") in ("constructor", "fallback", "receive")
        used = callable_by_anyone or by_itself or node["id"] in self._named
        return bool(node.get("body")) and not used

    def _read_decision(self, kind: str, where: Range, node: dict[str, Any]) -> None:
        match kind:
            case "IfStatement":
                switch = bool(node.get("falseBody"))
                self._decide(where, where, "if", ("false", "true"), switch=switch)
                if switch:
                    self.conditions[_range(node["condition"])] = self.decisions[where]
            case "Conditional":
                self._decide(where, where, "? :", ("false", "true"), switch=True)
                self.conditions[_range(node["condition"])] = self.decisions[where]
            case "TryStatement":
                self._decide(where, where, "try", ("passed", "failed"), switch=True)
            case "ModifierDefinition":
                self.repeated.append(where)
            case "ForStatement" | "WhileStatement" if node.get("condition"):
                loop = "for" if kind == "ForStatement" else "while"
                self._decide(_range(node["condition"]), where, loop, ("ended", "went on"))
            case "BinaryOperation" if node["operator"] == "&&":
                self._decide(where, where, "&&", ("left is false", "left is true"))
            case "BinaryOperation" if node["operator"] == "||":
                self._decide(where, where, "||", ("left is true", "left is false"))
            case "FunctionCall" if node["expression"].get("name") in ("require", "assert"):
                # The compiler puts its jump into a function of its own, which has no place in the source.
                where_said = f"{self.path}:{self.line(where[0])}"
                raise ValueError(
                    f"{where_said}: {node['expression']['name']} is not measured: say `if`"
                )

    def switch_at(self, compared: Range) -> Decision | None:
        """The `switch` whose `case 0` this is, which a jump compares before it."""
        decision = self.decisions.get(compared)
        return decision if decision and decision.switch else None

    def decided_at(self, own: Range, *, compares: bool) -> Decision | None:
        """The decision that a jump of this range makes.

        Args:
            own: The jump's range; of a `switch` whose `case 0` has none, that of what it decides.
            compares: Whether the jump compares two values. If it does not, it is no `switch`'s: `catch` jumps too.
        """
        decision = self.decisions.get(own)
        if decision and not (decision.kind == "try" and not compares):
            return decision
        return self.conditions.get(own) if compares else None

    def is_repeated(self, decision: Decision) -> bool:
        """Whether one contract may contain a decision more than once."""
        start = decision.range[0]
        return any(first <= start < first + length for first, length in self.repeated)

    def _decide(
        self,
        key: Range,
        where: Range,
        kind: str,
        outcomes: tuple[str, str],
        *,
        switch: bool = False,
    ) -> None:
        if key in self.decisions:
            raise ValueError(f"{self.path}:{self.line(key[0])}: two decisions have one range")
        self.decisions[key] = self._decision(where, kind, outcomes, switch=switch)

    def _decision(
        self, where: Range, kind: str, outcomes: tuple[str, str], *, switch: bool = False
    ) -> Decision:
        text = self.text[where[0] : sum(where)].decode().split("\n")[0].strip()
        return Decision(self.path, where, self.line(where[0]), kind, text, outcomes, switch)

    def _read_assembly(self, where: Range, block: dict[str, Any]) -> None:
        assembly = self.assemblies[where] = Assembly()
        self._read_block(assembly, block, None)

    def _read_block(
        self, assembly: Assembly, block: dict[str, Any], reached: tuple[int, int] | None
    ) -> None:
        for statement in block["statements"]:
            where, kind = _range(statement), statement["nodeType"]
            if kind in ("YulSwitch", "YulForLoop", "YulFunctionDefinition"):
                raise ValueError(
                    f"{self.path}:{self.line(where[0])}: {kind} in assembly is not measured yet"
                )
            assembly.lines.setdefault(self.line(where[0]), reached)
            if kind == "YulIf":
                index = len(assembly.decisions)
                assembly.decisions.append(self._decision(where, "assembly if", ("false", "true")))
                self._read_block(assembly, statement["body"], (index, 1))
                if _leaves(statement["body"]):
                    reached = (index, 0)


def named_in(tree: Any) -> set[int]:
    """The numbers of what a syntax tree names where it uses it: not in `using {f} for T`, which only allows it."""
    found = set()
    for node in _walk(tree, left_out="UsingForDirective"):
        number = node.get("referencedDeclaration")
        if isinstance(number, int):
            found.add(number)
        # An operator that a type defines.
        if isinstance(number := node.get("function"), int):
            found.add(number)
    return found


def _is_statement(kind: str) -> bool:
    return kind == "Return" or (kind.endswith("Statement") and kind not in _CODELESS)


def _leaves(block: dict[str, Any]) -> bool:
    last = block["statements"][-1] if block["statements"] else {}
    call = last.get("expression", {})
    return bool(call.get("functionName", {}).get("name") in _LEAVING)


def _range(node: dict[str, Any]) -> Range:
    offset, length, _ = node["src"].split(":")
    return int(offset), int(length)


def _walk(node: Any, left_out: str = "") -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if left_out and node.get("nodeType") == left_out:
            return
        if "nodeType" in node and "src" in node:
            yield node
            if node["nodeType"] == "InlineAssembly":
                return
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _walk(part, left_out)
