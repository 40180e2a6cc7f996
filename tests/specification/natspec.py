"""Reads Solidity interfaces: what is declared, and the NatSpec before it.

Line by line and without the compiler, which joins lines and so loses the lists. It understands what the interfaces here use:
`///` comments, one declaration after another, and headings between them.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

_DOC_LINE = re.compile(r"^\s*///\s?(.*?)\s*$")
_DECLARED = re.compile(r"^\s*(interface|function|event|error|struct|enum)\s+(\w+)")
_BASES = re.compile(r"\bis\s+([\w\s,]+)\{")
_LABEL = re.compile(r"^(Notes|Requirements):$")
_LINE_HEADING = re.compile(r"^\s*// -{5,} (\w.*)$")
_BLOCK_HEADING = re.compile(r"^\s+([A-Z][A-Z' -]+)$")


@dataclass
class Doc:
    """A comment in its parts; texts on one line each."""

    title: str = ""
    notice: list[str] = field(default_factory=list)
    """Paragraphs."""
    details: list[str] = field(default_factory=list)
    """Paragraphs of `@dev` that are neither notes nor requirements."""
    notes: list[str] = field(default_factory=list)
    requirements: list[str] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    returns: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Declaration:
    """A function, event, error, struct or enum of an interface."""

    kind: str
    name: str
    text: str
    """The Solidity, on one line; of a struct and an enum with its members."""
    doc: Doc
    line: int
    heading: str
    """What the source's headings call the part in which it stands; may be empty."""


@dataclass(frozen=True)
class Interface:
    """One interface."""

    path: Path
    name: str
    bases: tuple[str, ...]
    doc: Doc
    declarations: tuple[Declaration, ...]

    def of_kind(self, *kinds: str) -> list[Declaration]:
        """Its declarations of these kinds, in order."""
        return [each for each in self.declarations if each.kind in kinds]


def read_interface(path: Path) -> Interface:
    """The interface of a file; of several, all that they declare under the last one's name."""
    lines = path.read_text().splitlines()
    name, bases, own = path.stem, (), Doc()
    declarations: list[Declaration] = []
    comment: list[str] = []
    heading = ""
    for number, line in enumerate(lines):
        if match := _DOC_LINE.match(line):
            comment.append(match[1])
            continue
        if match := _LINE_HEADING.match(line) or _BLOCK_HEADING.match(line):
            heading = " ".join(match[1].lower().split())
        elif match := _DECLARED.match(line):
            kind, declared = match[1], match[2]
            text = _statement(lines[number:], until="{" if kind == "interface" else ";}")
            if kind == "interface":
                name, own, bases = declared, read_doc(comment), _bases(text)
            else:
                doc = read_doc(comment)
                declarations.append(Declaration(kind, declared, text, doc, number + 1, heading))
        comment = []
    return Interface(path, name, bases, own, tuple(declarations))


def read_doc(comment: list[str]) -> Doc:
    """A comment's lines, without slashes, in their parts."""
    doc = Doc()
    for tag, lines in _tagged(comment):
        if tag in {"@notice", "@dev"}:
            _read_text(lines, doc.notice if tag == "@notice" else doc.details, doc)
            continue
        text = " ".join(filter(None, lines))
        if tag == "@title":
            doc.title = text
        elif tag == "@param":
            name, _, doc.params[name] = text.partition(" ")
        elif tag == "@return":
            doc.returns.append(text)
    return doc


def _tagged(comment: list[str]) -> list[tuple[str, list[str]]]:
    """Each tag with its lines; what stands before the first is a notice."""
    found: list[tuple[str, list[str]]] = []
    for line in comment:
        if line.startswith("@"):
            tag, _, line = line.partition(" ")
            found.append((tag, [line]))
        elif found:
            found[-1][1].append(line)
        else:
            found.append(("@notice", [line]))
    return found


def _read_text(lines: list[str], paragraphs: list[str], doc: Doc) -> None:
    """Sorts lines into paragraphs, notes and requirements; a list in a paragraph keeps its lines."""
    bullets: list[str] | None = None
    fresh = True
    for line in lines:
        if match := _LABEL.match(line):
            bullets = doc.notes if match[1] == "Notes" else doc.requirements
        elif bullets is not None and line.startswith("- "):
            bullets.append(line.removeprefix("- "))
        elif bullets and line.startswith("  "):
            bullets[-1] += f" {line.strip()}"
        elif not line:
            bullets, fresh = None, True
        elif fresh:
            paragraphs.append(line)
            fresh = False
        else:
            paragraphs[-1] += f"\n{line}" if line.startswith("- ") else f" {line.strip()}"


def _statement(lines: list[str], until: str) -> str:
    """The declaration that begins the lines, on one line, without comments; up to the first character that ends it."""
    code = " ".join(line.split("//")[0].strip() for line in lines)
    inner = re.match(r"(struct|enum)\b[^}]*\}", code)
    if inner:
        return " ".join(inner[0].split())
    end = min(code.index(mark) for mark in until if mark in code)
    return re.sub(r"\(\s+", "(", re.sub(r"\s+\)", ")", " ".join(code[: end + 1].split())))


def _bases(text: str) -> tuple[str, ...]:
    match = _BASES.search(text)
    return tuple(base.strip() for base in match[1].split(",")) if match else ()
