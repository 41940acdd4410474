"""Prints the messages of every exception that the jobs below a folder raise, as JSON: `[{"file", "message"}]`."""

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path

#: Shorter texts are parts of messages, or codes.
MIN_WORDS = 3


def text_of(node: ast.expr) -> str | None:
    """A literal, an f-string, or several joined by ``+``, as one text; ``…`` stands for what is put in."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = text_of(left), text_of(right)
            return None if parts == (None, None) else "".join("…" if part is None else part for part in parts)
    return None


def texts_in(node: ast.AST) -> Iterator[str]:
    text = text_of(node) if isinstance(node, ast.expr) else None
    if text is not None:
        yield text
        return
    for child in ast.iter_child_nodes(node):
        yield from texts_in(child)


def messages(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        raised = isinstance(node, ast.Raise) and node.exc is not None
        made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if raised or (made and node.func.id.endswith(("Error", "Refused"))):
            yield from texts_in(node.exc if raised else node)


def main(folder: str) -> None:
    root = Path(folder)
    found = [
        {"file": str(path.relative_to(root.parent)), "message": message}
        for path in sorted(root.rglob("*.py"))
        for message in dict.fromkeys(messages(path))
        if len(message.split()) >= MIN_WORDS
    ]
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
