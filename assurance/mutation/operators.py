"""What is changed, one thing at a time: every mutant of a source, from the compiler's syntax tree.

| operator | what it does |
|---|---|
| negate condition | of `if` and `? :`, and the value of a boolean `return` |
| drop guard | an `if` whose body only reverts is gone |
| compare | `<` and `<=`, `>` and `>=`, `==` and `!=` are exchanged |
| calculate | `+` and `-`, `*` and `/`, `&` and `|`, `<<` and `>>` are exchanged, also where they assign |
| combine | `&&` and `||` are exchanged |
| constant | a number is one more, or one less |
| delete statement | an assignment, a call or an event is gone |
| swap arguments | two neighbouring arguments of the same type, but of `min` and `max` |
| drop modifier | such as `nonReentrant` or `onlyOwner` |
| return nothing | zero instead of the number or address that is returned |
| assembly | exchanges operations, changes numbers by one, deletes statements, drops conditions |
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_COMPARE = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
_CALCULATE = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "&": "|", "|": "&"}
_CALCULATE |= {"<<": ">>", ">>": "<<", "^": "&", "**": "*"}
_COMBINE = {"&&": "||", "||": "&&"}
_YUL = {"add": "sub", "sub": "add", "mul": "div", "div": "mul", "and": "or", "or": "and"}
_YUL |= {"lt": "gt", "gt": "lt", "shl": "shr", "shr": "shl", "eq": "xor"}


@dataclass(frozen=True, order=True)
class Mutant:
    """One change: these bytes of a source are replaced.

    Attributes:
        file: The source's path.
        offset: Where the change begins, in bytes.
        length: How many bytes it replaces.
        replacement: What stands there instead.
        operator: What kind of change it is.
        first_line: Where the statement that it changes begins.
        last_line: Where it ends.
    """

    file: str
    offset: int
    length: int
    replacement: str
    operator: str
    first_line: int
    last_line: int

    def apply(self, text: bytes) -> bytes:
        """The source with the change."""
        end = self.offset + self.length
        return text[: self.offset] + self.replacement.encode() + text[end:]

    def describe(self, text: bytes) -> dict[str, Any]:
        """Where it is, and its line before and after: what names a mutant from one run to the next."""
        line = text[: self.offset].count(b"\n") + 1
        first = text.rfind(b"\n", 0, self.offset) + 1
        end = self.offset + self.length
        last = text.find(b"\n", end)
        before = text[first:last].decode()
        after = (text[first : self.offset] + self.replacement.encode() + text[end:last]).decode()
        return {
            "file": self.file,
            "line": line,
            "operator": self.operator,
            "before": " ".join(before.split()),
            "after": " ".join(after.split()),
        }


def mutants(file: str, text: bytes, tree: dict[str, Any]) -> list[Mutant]:
    """Every mutant of one source, in order."""
    return sorted(set(_Finder(file, text).visit(tree, None)))


Found = Iterator[Mutant]


class _Finder:
    def __init__(self, file: str, text: bytes) -> None:
        self._file = file
        self._text = text

    def visit(self, node: Any, statement: Any) -> Found:
        if isinstance(node, list):
            for part in node:
                yield from self.visit(part, statement)
        if not isinstance(node, dict):
            return
        kind = node.get("nodeType", "")
        if kind.endswith(("Statement", "Definition")) or kind in ("Return", "VariableDeclaration"):
            statement = node
        if kind in ("ErrorDefinition", "EventDefinition", "ImportDirective", "ArrayTypeName"):
            return
        if find := getattr(self, f"_{kind}", None):
            yield from find(node, statement)
        if kind == "InlineAssembly":
            return  # which has looked at its parts itself
        for name, part in node.items():
            if name != "typeName":
                yield from self.visit(part, statement)

    # ------------------------------------------------------------------------------ solidity

    def _IfStatement(self, node: Any, _statement: Any) -> Found:  # noqa: N802
        yield self._replace(node["condition"], "!({})", "negate condition", node["condition"])
        body = node["trueBody"]
        only = body["statements"] if body["nodeType"] == "Block" else [body]
        if [part["nodeType"] for part in only] == ["RevertStatement"] and not node.get("falseBody"):
            yield self._replace(node, "{{}}", "drop guard", node)

    def _Conditional(self, node: Any, statement: Any) -> Found:  # noqa: N802
        yield self._replace(node["condition"], "!({})", "negate condition", statement)

    def _BinaryOperation(self, node: Any, statement: Any) -> Found:  # noqa: N802
        for operators, name in (
            (_COMPARE, "compare"),
            (_CALCULATE, "calculate"),
            (_COMBINE, "combine"),
        ):
            if other := operators.get(node["operator"]):
                left, right = node["leftExpression"], node["rightExpression"]
                yield self._between(left, right, node["operator"], other, name, statement)

    def _Assignment(self, node: Any, statement: Any) -> Found:  # noqa: N802
        operator = node["operator"]
        if other := _CALCULATE.get(operator[:-1]):
            left, right = node["leftHandSide"], node["rightHandSide"]
            yield self._between(left, right, operator, other + "=", "calculate", statement)

    def _UnaryOperation(self, node: Any, statement: Any) -> Found:  # noqa: N802
        if node["operator"] == "!":
            yield self._replace(node["subExpression"], "!{}", "negate condition", statement)

    def _Literal(self, node: Any, statement: Any) -> Found:  # noqa: N802
        if node["kind"] != "number":
            return
        text = self._of(node)
        if text.startswith("0x") and len(text) == 42:
            return  # an address
        yield self._replace(node, "({} + 1)", "constant", statement)
        if text != "0":
            yield self._replace(node, "({} - 1)", "constant", statement)

    def _ExpressionStatement(self, node: Any, _statement: Any) -> Found:  # noqa: N802
        yield self._replace(node, "{{}}", "delete statement", node)

    def _EmitStatement(self, node: Any, _statement: Any) -> Found:  # noqa: N802
        yield self._replace(node, "{{}}", "delete statement", node)

    def _FunctionCall(self, node: Any, statement: Any) -> Found:  # noqa: N802
        # The order of these makes no difference.
        commutes = node["expression"].get("memberName") in ("min", "max")
        arguments = [] if commutes or node.get("names") else node["arguments"]
        for left, right in pairwise(arguments):
            if left["typeDescriptions"] != right["typeDescriptions"]:
                continue
            one, other = self._of(left), self._of(right)
            if one == other:
                continue
            start, end = _start(left), _start(right) + _length(right)
            gap = self._text[_start(left) + _length(left) : _start(right)].decode()
            yield self._mutant(
                start, end - start, f"{other}{gap}{one}", "swap arguments", statement
            )

    def _ModifierInvocation(self, node: Any, statement: Any) -> Found:  # noqa: N802
        if node.get("kind") == "modifierInvocation":
            yield self._replace(node, "", "drop modifier", statement)

    def _Return(self, node: Any, _statement: Any) -> Found:  # noqa: N802
        expression = node.get("expression") or {}
        kind = expression.get("typeDescriptions", {}).get("typeString", "")
        if kind == "bool":
            yield self._replace(expression, "!({})", "negate condition", node)
        elif kind.startswith("uint") and self._of(expression) != "0":
            yield self._replace(expression, "0", "return nothing", node)
        elif kind == "address":
            yield self._replace(expression, "address(0)", "return nothing", node)

    # ------------------------------------------------------------------------------ assembly

    def _InlineAssembly(self, node: Any, _statement: Any) -> Found:  # noqa: N802
        yield from self.visit(node["AST"]["statements"], node)

    def _YulFunctionCall(self, node: Any, statement: Any) -> Found:  # noqa: N802
        if other := _YUL.get(node["functionName"]["name"]):
            yield self._replace(node["functionName"], other, "assembly", statement)

    def _YulLiteral(self, node: Any, statement: Any) -> Found:  # noqa: N802
        yield self._replace(node, "add({}, 1)", "assembly", statement)

    def _YulExpressionStatement(self, node: Any, statement: Any) -> Found:  # noqa: N802
        yield self._replace(node, "", "assembly", statement)

    def _YulIf(self, node: Any, statement: Any) -> Found:  # noqa: N802
        yield self._replace(node, "", "assembly", statement)
        yield self._replace(node["condition"], "iszero({})", "assembly", statement)

    # ------------------------------------------------------------------------------ text

    def _of(self, node: Any) -> str:
        return self._text[_start(node) : _start(node) + _length(node)].decode()

    def _replace(self, node: Any, template: str, operator: str, statement: Any) -> Mutant:
        # A template without a gap replaces everything; one with a gap keeps what was there, inside it.
        replacement = template.format(self._of(node))
        length = _length(node)
        # A block stands for the whole statement, with the semicolon that is not part of its node.
        if replacement == "{}" and self._text[_start(node) + length - 1 :][:1] != b"}":
            length = self._text.index(b";", _start(node) + length) + 1 - _start(node)
        return self._mutant(_start(node), length, replacement, operator, statement)

    def _between(
        self, left: Any, right: Any, old: str, new: str, operator: str, statement: Any
    ) -> Mutant:
        start = _start(left) + _length(left)
        gap = self._text[start : _start(right)].decode()
        at = start + len(gap[: gap.index(old)].encode())
        return self._mutant(at, len(old), new, operator, statement)

    def _mutant(self, offset: int, length: int, text: str, operator: str, statement: Any) -> Mutant:
        first, last = offset, offset + length
        if statement is not None:
            first = _start(statement)
            last = first + _length(statement)
        if statement is not None and statement["nodeType"] in ("IfStatement", "ForStatement"):
            # Its condition, not all that depends on it.
            last = max(offset + length, first)
        count = self._text.count
        return Mutant(
            self._file,
            offset,
            length,
            text,
            operator,
            count(b"\n", 0, first) + 1,
            count(b"\n", 0, max(last - 1, first)) + 1,
        )


def _start(node: Any) -> int:
    return int(node["src"].split(":")[0])


def _length(node: Any) -> int:
    return int(node["src"].split(":")[1])
