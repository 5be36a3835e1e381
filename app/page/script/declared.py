"""Where the names of a module are declared: each with the stretch of tokens in which it is seen.

    const { age: a, b = 1 } = row;    a, b: until the block ends
    (row) => row.age                  row: until the function ends

A name of a loop's head counts as one of the block around the loop. What could declare in another way is refused.
"""

from collections.abc import Collection, Iterator

from app.page.script.tokens import CLOSES, Tokens

KEYWORDS = frozenset({
    "async", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do",
    "else", "export", "extends", "false", "finally", "for", "function", "if", "import", "in", "instanceof", "let",
    "new", "null", "return", "super", "switch", "this", "throw", "true", "try", "typeof", "undefined", "var", "void",
    "while", "with", "yield",
})  # fmt: skip
DECLARE = {"const", "let", "function", "class"}
REFUSED = {"var", "switch", "with", "eval", "arguments"}
CLASS_HEAD = 4  # tokens before its brace, at most: `A extends B {`

Region = tuple[int, int]  # from one token to another; the module's begins before all


def declared(path: str, tokens: Tokens) -> dict[str, set[Region]]:
    """Return, for each name, where it is declared; raises `ValueError` with what is not known here."""
    return _Declared(path, tokens).find()


class _Declared:
    def __init__(self, path: str, tokens: Tokens) -> None:
        self.path, self.tokens, self.texts, self.kinds = path, tokens, tokens.texts, tokens.kinds
        self._regions: dict[str, set[Region]] = {}

    def find(self) -> dict[str, set[Region]]:
        """Return, for each name, the stretches of tokens in which it is declared."""
        for at, text in enumerate(self.texts):
            if text in DECLARE and self.tokens.at(at + 1) != ":":  # nor is it a key
                if text in ("const", "let"):
                    self._put(self._declarators(at + 1), *self._around(at))
                else:
                    self._put(self._own_name(at), *self._around(at))
            elif text in REFUSED and self.kinds[at] == "word":
                raise self._wrong(at)
            elif text == "(":
                self._parameters(at)
            elif text == "=>" and self.kinds[at - 1] == "word":
                self._put([at - 1], at - 1, self._end_of_arrow(at))
        return self._regions

    def _put(self, places: list[int], start: int, end: int) -> None:
        for at in places:
            self._regions.setdefault(self.texts[at], set()).add((start, end))

    def _around(self, at: int) -> Region:
        """Return the block around a declaration; that of a loop counts to the block around the loop."""
        opening = self.tokens.within[at]
        if opening >= 0 and self.texts[opening] == "(":
            opening = self.tokens.within[opening]
        return (opening, self.tokens.partner[opening]) if opening >= 0 else (-1, len(self.texts))

    def _own_name(self, at: int) -> list[int]:
        if self.texts[at] == "class" and "{" not in self.texts[at + 1 : at + 1 + CLASS_HEAD]:
            raise self._wrong(at)
        name = at + 2 if self.tokens.at(at + 1) == "*" else at + 1
        return [name] if self.tokens.at(name) not in ("(", "{", "extends") else []

    def _parameters(self, opening: int) -> None:
        closing = self.tokens.partner[opening]
        behind = self.tokens.at(closing + 1)
        if behind == "=>":
            self._put(list(self._bound(opening + 1, closing)), opening, self._end_of_arrow(closing + 1))
        elif behind == "{" and not self.tokens.is_head(opening):
            self._put(list(self._bound(opening + 1, closing)), opening, self.tokens.partner[closing + 1])

    def _end_of_arrow(self, arrow: int) -> int:
        if self.texts[arrow + 1] == "{":
            return self.tokens.partner[arrow + 1]
        return self._past_value(arrow + 1, {",", ";"})

    def _past_value(self, at: int, ends: Collection[str]) -> int:
        """Return where an expression ends: at one of these, or at what closes the bracket around it."""
        texts, partner = self.texts, self.tokens.partner
        while at < len(texts) and texts[at] not in ends and texts[at][0] not in CLOSES:
            at = self._past(at) if at in partner else at + 1
        return at

    def _past(self, at: int) -> int:
        """Return the token behind this one, or behind what it opens."""
        while self.tokens.opens(at):
            at = self.tokens.partner[at]
        return at + 1

    def _declarators(self, at: int) -> list[int]:
        found: list[int] = []
        while True:
            end = self._past(at)
            found += self._bound(at, end)
            if self.tokens.at(end) == "=":
                end = self._past_value(end + 1, {",", ";"})
            if self.tokens.at(end) != ",":
                return found
            at = end + 1

    def _bound(self, at: int, end: int) -> Iterator[int]:
        """Yield where names stand that a list of patterns binds: `a, { b: c, d = 1, ...e }, [f]`."""
        while at < end:
            if self.texts[at] in (",", "..."):
                at += 1
                continue
            after = self._past(at)
            if self.tokens.at(after) == ":":  # of an object: what is behind it is bound
                at = after + 1
                continue
            if self.texts[at] in "{[":
                yield from self._bound(at + 1, after - 1)
            elif self.kinds[at] == "word" and self.texts[at] not in KEYWORDS:
                yield at
            else:
                raise self._wrong(at)
            at = self._past_value(after + 1, {","}) if self.tokens.at(after) == "=" else after

    def _wrong(self, at: int) -> ValueError:
        found = " ".join(self.texts[at : at + 5])
        return ValueError(f"{self.path}: expected names to be declared in the usual ways. Received: `{found[:60]}`.")
