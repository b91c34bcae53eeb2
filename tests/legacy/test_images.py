"""What no golden program shows of `legacy/_keras_224/images.py`: pandas is not among the tests' packages."""

from nthgrad.legacy._keras_224 import images


def test_classes_are_numbered_as_words_sort():
    class Iterator:
        filtered = images.sorted_classes(lambda frame, column, classes: (frame[column], classes))

    assert Iterator().filtered({"kind": [2, 1]}, "kind", ["zebra", "ape"]) == ([2, 1], ["ape", "zebra"])
