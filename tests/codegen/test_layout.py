"""Source is laid out as ``ruff format`` would do it."""

from b24orm.codegen.layout import LINE_LENGTH, bracketed, docstring, from_import, quoted


def test_names_of_an_import_stand_in_the_order_of_isort() -> None:
    assert from_import("b24orm.model", ["column", "Model", "LIMIT", "Col"]) == [
        "from b24orm.model import LIMIT, Col, Model, column",
    ]


def test_an_import_that_is_too_long_takes_a_line_for_each_name() -> None:
    names = [f"Name{number}" for number in range(20)]
    lines = from_import("b24orm.model", names)
    assert lines[0] == "from b24orm.model import ("
    assert lines[1:-1] == [f"    {name}," for name in sorted(names)]
    assert lines[-1] == ")"


def test_brackets_break_only_when_the_line_is_full() -> None:
    room = LINE_LENGTH - len("x = []")
    assert bracketed("x = [", ["a" * room], "]") == [f"x = [{'a' * room}]"]
    assert bracketed("x = [", ["a" * (room + 1)], "]") == ["x = [", f"    {'a' * (room + 1)},", "]"]
    assert len(bracketed("x = [", ["a" * room], "]", depth=1)) == 3


def test_strings_and_docstrings_survive_quotes_at_their_end() -> None:
    assert quoted('say "it"') == '"say \\"it\\""'
    assert docstring('Called "it"') == ['"""Called "it\\""""']
    assert docstring("One.", "", "Two.") == ['"""One.', "", "Two.", '"""']
