"""Creates classes that replace a class of tf_keras, also in `isinstance` and `issubclass`."""

from abc import ABCMeta
from collections.abc import Mapping
from typing import Any

from nthgrad.legacy._runtime.dialect import MARK, class_method_of_tf_keras_115, tf_keras_115


def twin(base: Any, body: Mapping[str, Any], name: str | None = None, metaclass: type | None = None) -> Any:
    """Creates a subclass of `base` that counts every instance and subclass of `base` as its own.

    Args:
        base: a class of tf_keras.
        body: the attributes that differ. `super()` does not work in them; call `base.method(self)`.
        name: its name, by default that of `base`.
        metaclass: a subclass of the type of `base`, by default that type.
    """

    class Meta(metaclass or type(base)):
        def __instancecheck__(cls, instance: Any) -> bool:  # noqa: N805 a metaclass
            return isinstance(instance, base) if cls is made else super().__instancecheck__(instance)

        def __subclasscheck__(cls, subclass: type) -> bool:  # noqa: N805
            return derived(subclass) if cls is made else super().__subclasscheck__(subclass)

    def derived(subclass: type) -> bool:
        # An ABCMeta asks its subclasses in turn, hence the twin, hence without end.
        check: Any = (type if type(base) is ABCMeta else type(base)).__subclasscheck__
        return check(base, subclass)

    # With its own module name, tf_keras would take this for a program's layer and convert its `call` with AutoGraph.
    made: Any = None
    made = Meta(name or base.__name__, (base,), {"__module__": base.__module__, "__doc__": base.__doc__, **body})
    return made


def class_of_tf_keras_115(base: type, *, itself: bool = False) -> type:
    """Creates a twin whose objects are marked as tf.keras 1.15's.

    Args:
        base: the class of tf_keras.
        itself: creates objects of `base`: for classes that tf_keras compares, and whose bases it swaps.
    """

    class Marking(type(base)):
        def __new__(mcls, name: str, bases: tuple[type, ...], body: dict[str, Any], **kwargs: Any) -> Any:
            if itself and made:  # subclasses derive from `base` directly
                bases, body = tuple(base if each is made else each for each in bases), {**body, MARK: True}
            return super().__new__(mcls, name, bases, body, **kwargs)

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            with tf_keras_115():
                if not (itself and cls is made):
                    return super().__call__(*args, **kwargs)
                return base(*args, **kwargs)

    body: dict[str, Any] = {MARK: True}
    if hasattr(base, "from_config"):  # creates the layers of a model, the cell of a layer
        body["from_config"] = class_method_of_tf_keras_115(getattr(base, "from_config"))  # noqa: B009
    made: Any = None
    made = twin(base, body, metaclass=Marking)
    return made
