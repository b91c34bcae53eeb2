"""What no golden program shows of `legacy/_keras_224/images.py`: pandas is not among the tests' packages."""

from nthgrad.legacy._keras_224 import images


def test_classes_are_numbered_in_their_order_as_words():
    filtered = images.sorted_classes(lambda self, frame, column, classes: (frame[column], classes))
    assert filtered(None, {"kind": [2, 1]}, "kind", ["zebra", "ape"]) == ([2, 1], ["ape", "zebra"])
