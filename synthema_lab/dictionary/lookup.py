"""How is a thing looked up by its name, and never changed?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from synthema_lab.dictionary.spelling import did_you_mean
from synthema_lab.errors import ArgumentRefused

T = TypeVar("T")


class Lookup(Mapping[str, T], Generic[T]):
    """An ordered mapping that cannot be changed, with names completed by Tab.

    ``lookup["age_years"]`` and ``lookup.age_years`` are the same. A name that
    is also a method of mappings (``keys``, ``items``, ``values``, ``get``) is
    reached with brackets only.

    Examples
    --------
    >>> units = Lookup({"age_years": "a", "wbc_gl": "10*9/L"})
    >>> units.wbc_gl, units["age_years"], list(units)
    ('10*9/L', 'a', ['age_years', 'wbc_gl'])
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, T] | Iterable[tuple[str, T]] = ()) -> None:
        object.__setattr__(self, "_items", dict(items))

    def __getitem__(self, name: str) -> T:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __getattr__(self, name: str) -> T:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._items:
            return self._items[name]
        raise AttributeError(f"No {name!r} here. {did_you_mean(name, self._items)}")

    def __setattr__(self, name: str, value: object) -> None:
        raise ArgumentRefused(
            f"{name} cannot be set: a data dictionary does not change once loaded.",
            "A dictionary is changed in its YAML file.",
            "Edit the file and load it again with DataDictionary.load(path).",
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name for name in self._items if name.isidentifier())]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._items)

    def __reduce__(self) -> tuple[type[Lookup[T]], tuple[dict[str, T]]]:
        return type(self), (dict(self._items),)

    def __hash__(self) -> int:
        return hash(tuple(self._items))

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name}: {item!r}" for name, item in self._items.items()) + "}"
