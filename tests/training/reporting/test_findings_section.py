from training.evaluation.findings import ShownMistake
from training.reporting.findings_section import mistakes
from training.tasks.parts import Mistake


def test_mistakes_stand_in_a_table_with_what_a_person_judges_them_by() -> None:
    found = ShownMistake(Mistake(3, "ham", "spam", 0.98765), {"text": "<b>call | now</b> *free*"})
    title, said, table = mistakes([found])
    assert title == "## Sure, and wrong"
    assert "some of these targets are wrong" in said
    head, _, row = table.splitlines()
    assert head == "| text | target | answer | probability |"
    assert row == r"| \<b\>call \| now\</b\> \*free\* | ham | spam | 0.9877 |"


def test_none_are_nothing() -> None:
    assert mistakes([]) == []
