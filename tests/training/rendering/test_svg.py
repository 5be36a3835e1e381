from training.rendering import pictures as plots
from training.rendering.svg import inline


def test_two_pictures_on_a_page_share_no_name_and_say_what_they_are() -> None:
    drawn = plots.learning_curves([1.0, 0.5], [1.1, 0.7], 2).svg
    one, other = inline(drawn, "first curves"), inline(drawn, "second")
    assert one.startswith("<svg")
    assert 'role="img" aria-label="first curves"' in one
    assert 'id="first-curves-axes_1"' in one
    assert "url(#first-curves-" in one
    assert "first-curves" not in other
    assert "metadata" not in one
    assert "<style" not in one


def test_ink_is_the_colour_of_the_page_and_text_stays_text() -> None:
    drawn = plots.learning_curves([1.0, 0.5], [1.1, 0.7], 2).svg
    assert "currentColor" in drawn.decode()
    assert plots.INK not in drawn.decode()
    assert ">validation</text>" in drawn.decode()


def test_the_same_picture_is_the_same_file() -> None:
    assert plots.learning_curves([1.0], [1.1], 1) == plots.learning_curves([1.0], [1.1], 1)
