"""The expression language: what it refuses, and that it agrees with a slow reference."""

from __future__ import annotations

import math
import operator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import DataMismatch

NUMBERS, FLAGS, COLOURS = ("x", "y"), ("f", "g"), ("red", "green", "blue")
VARIABLES = {
    "x": {"label": "x", "type": "number", "missing": True},
    "y": {"label": "y", "type": "integer", "missing": True},
    "f": {"label": "f", "type": "boolean", "missing": True},
    "g": {"label": "g", "type": "boolean", "missing": True},
    "c": {"label": "c", "type": "category", "categories": list(COLOURS), "missing": True},
    "d": {"label": "d", "type": "category", "categories": ["green", "red"], "missing": True},
}


def dictionary_with(expression, **more):
    return DataDictionary.from_dict(
        {
            "name": "t",
            "title": "t",
            "version": "1",
            "source": "s",
            "licence": "l",
            "variables": VARIABLES | more,
            "rules": {"the_rule": {"text": "t", "expression": expression}},
        }
    )


def holds(expression, **columns):
    return dictionary_with(expression).rules[0].holds(pd.DataFrame(columns)).tolist()


# A slow reference: each strategy gives (text, function of one row); None is missing.


def _leaf_number():
    variable = st.sampled_from(NUMBERS).map(lambda name: (name, lambda row, n=name: row[n]))
    constant = st.integers(0, 4).map(lambda value: (str(value), lambda row, v=value: float(v)))
    return st.one_of(variable, constant)


def _arithmetic(numbers):
    def build(left, symbol, right):
        def value(row):
            a, b = left[1](row), right[1](row)
            if a is None or b is None or (symbol == "/" and b == 0):
                return None
            function = {
                "+": operator.add,
                "-": operator.sub,
                "*": operator.mul,
                "/": operator.truediv,
            }[symbol]
            return float(function(a, b))

        return f"({left[0]} {symbol} {right[0]})", value

    return st.builds(build, numbers, st.sampled_from("+-*/"), numbers)


def _negated(number):
    return f"(-{number[0]})", lambda row: None if number[1](row) is None else -number[1](row)


def _power(number, exponent):
    def value(row):
        base = number[1](row)
        if base is None or (base == 0 and exponent < 0):
            return None
        return float(base**exponent)

    return f"({number[0]} ** {exponent})", value


def _finite(value):
    """Numbers beyond what a float holds are missing, as a division by zero is."""

    def bounded(row):
        number = value[1](row)
        return None if number is None or not math.isfinite(number) else number

    return value[0], bounded


NUMBER = st.recursive(
    _leaf_number(),
    lambda n: st.one_of(
        _arithmetic(n), n.map(_negated), st.builds(_power, n, st.sampled_from([-2, -1, 0, 1, 2, 3]))
    ).map(_finite),
    max_leaves=4,
)
COMPARE = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


def _and(*truths):
    if any(truth is False for truth in truths):
        return False
    return None if any(truth is None for truth in truths) else True


def _not(truth):
    return None if truth is None else not truth


def _or(*truths):
    return _not(_and(*(_not(truth) for truth in truths)))


def _chain(first, rest):
    def value(row):
        truths, before = [], first[1](row)
        for symbol, number in rest:
            after = number[1](row)
            unknown = before is None or after is None
            truths.append(None if unknown else COMPARE[symbol](before, after))
            before = after
        return _and(*truths)

    return first[0] + "".join(f" {symbol} {number[0]}" for symbol, number in rest), value


def _colour(name, options, negated):
    listed = ", ".join(f"'{option}'" for option in options)

    def value(row):
        found = None if row[name] is None else row[name] in options
        return _not(found) if negated else found

    return f"{name} {'not ' if negated else ''}in [{listed}]", value


def _amount(number, options, negated):
    listed = ", ".join(str(option) for option in options)

    def value(row):
        number_here = number[1](row)
        found = None if number_here is None else number_here in options
        return _not(found) if negated else found

    return f"{number[0]} {'not ' if negated else ''}in [{listed}]", value


def _cut(number, edges, labels, code, symbol):
    def value(row):
        here = number[1](row)
        if here is None:
            return None
        label = next(
            (labels[at] for at, low in enumerate(edges[:-1]) if low <= here < edges[at + 1]), None
        )
        return None if label is None else COMPARE[symbol](label, code)

    listed = ", ".join(f"'{label}'" for label in labels)
    return f"cut({number[0]}, {edges}, [{listed}]) {symbol} '{code}'", value


def _chosen_number(condition, a, b, number):
    def value(row):
        truth, there = condition[1](row), number[1](row)
        here = None if truth is None else (a if truth else b)[1](row)
        return None if here is None or there is None else here <= there

    return f"choose({condition[0]}, {a[0]}, {b[0]}) <= {number[0]}", value


def _chosen_colour(condition, a, b, code):
    def value(row):
        truth = condition[1](row)
        here = (
            None if truth is None else row["c"] if (a if truth else b) == "c" else a if truth else b
        )
        return None if here is None else here == code

    def spelt(colour):
        return colour if colour == "c" else f"'{colour}'"

    return f"choose({condition[0]}, {spelt(a)}, {spelt(b)}) == '{code}'", value


def _same_colour(symbol):
    def value(row):
        if row["c"] is None or row["d"] is None:
            return None
        return COMPARE[symbol](row["c"], row["d"])

    return f"c {symbol} d", value


def _flag(name):
    return name, lambda row: None if row[name] is None else row[name] == 1


def _there(function, name):
    return f"{function}({name})", lambda row: (row[name] is None) == (function == "missing")


LEAF_TRUTH = st.one_of(
    st.builds(
        _chain,
        NUMBER,
        st.lists(st.tuples(st.sampled_from(list(COMPARE)), NUMBER), min_size=1, max_size=3),
    ),
    st.builds(
        _colour,
        st.just("c"),
        st.lists(st.sampled_from(COLOURS), min_size=1, max_size=2),
        st.booleans(),
    ),
    st.builds(_same_colour, st.sampled_from(["==", "!="])),
    st.builds(_amount, NUMBER, st.lists(st.integers(-2, 4), min_size=1, max_size=3), st.booleans()),
    st.builds(
        _cut,
        NUMBER,
        st.lists(st.integers(-5, 5), min_size=3, max_size=3, unique=True).map(sorted),
        st.lists(st.sampled_from(COLOURS), min_size=2, max_size=2),
        st.sampled_from(COLOURS),
        st.sampled_from(["==", "!="]),
    ),
    st.builds(_flag, st.sampled_from(FLAGS)),
    st.builds(_there, st.sampled_from(["missing", "present"]), st.sampled_from(list(VARIABLES))),
)


def _joined(truths):
    several = st.lists(truths, min_size=2, max_size=3)

    def join(word, function, parts):
        text = "(" + f" {word} ".join(part[0] for part in parts) + ")"
        return text, lambda row: function(*(part[1](row) for part in parts))

    return st.one_of(
        several.map(lambda parts: join("and", _and, parts)),
        several.map(lambda parts: join("or", _or, parts)),
        truths.map(lambda part: (f"(not {part[0]})", lambda row: _not(part[1](row)))),
        truths.map(lambda part: (f"certain({part[0]})", lambda row: part[1](row) is True)),
        st.builds(_chosen_number, truths, NUMBER, NUMBER, NUMBER),
        st.builds(
            _chosen_colour,
            truths,
            st.sampled_from(["c", *COLOURS]),
            st.sampled_from(["c", *COLOURS]),
            st.sampled_from(COLOURS),
        ),
        st.builds(
            lambda a, b: (
                f"implies({a[0]}, {b[0]})",
                lambda row: _or(_not(a[1](row)), b[1](row)),
            ),
            truths,
            truths,
        ),
        st.builds(
            lambda condition, a, b: (
                f"choose({condition[0]}, {a[0]}, {b[0]})",
                lambda row: {True: a[1], False: b[1], None: lambda row: None}[condition[1](row)](
                    row
                ),
            ),
            truths,
            truths.filter(lambda part: part[0] not in FLAGS),
            truths.filter(lambda part: part[0] not in FLAGS),
        ),
    )


TRUTH = st.recursive(LEAF_TRUTH, _joined, max_leaves=6)
ROW = st.fixed_dictionaries(
    {
        "x": st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0])),
        "y": st.one_of(st.none(), st.integers(-2, 4)),
        "f": st.one_of(st.none(), st.integers(0, 1)),
        "g": st.one_of(st.none(), st.integers(0, 1)),
        "c": st.one_of(st.none(), st.sampled_from(COLOURS)),
        "d": st.one_of(st.none(), st.sampled_from(["green", "red"])),
    }
)


@settings(max_examples=400, deadline=None)
@given(TRUTH, st.lists(ROW, min_size=1, max_size=8), st.booleans())
def test_an_expression_agrees_with_a_row_by_row_reference(truth, rows, conformed):
    text, reference = truth
    # A drawn expression may use no variable and be refused; what is added always holds.
    dictionary = dictionary_with(f"({text}) and (missing(x) or present(x))")
    table = pd.DataFrame(rows, columns=list(VARIABLES)).astype(object)
    if conformed:
        table = dictionary.conform(table)
    expected = [{True: 1, False: 0, None: -1}[reference(row)] for row in rows]
    assert dictionary.rules[0].holds(table).tolist() == expected


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(COLOURS), TRUTH), min_size=1, max_size=4),
    st.one_of(st.none(), st.sampled_from(COLOURS)),
    st.lists(ROW, min_size=1, max_size=6),
)
def test_an_ordered_table_agrees_with_reading_it_row_by_row(steps, otherwise, rows):
    table = [{code: truth[0]} for code, truth in steps]
    table += [] if otherwise is None else [{otherwise: "otherwise"}]
    derived = {
        "label": "e", "type": "category", "categories": list(COLOURS), "missing": True,
        "derive": table,
    }  # fmt: skip
    dictionary = dictionary_with("missing(x) or present(x)", e=derived)

    def expected(row):
        for code, truth in steps:
            if truth[1](row) is not False:
                return code if truth[1](row) else None
        return otherwise

    patients = dictionary.derive(pd.DataFrame(rows, columns=list(VARIABLES)).astype(object))
    got = [None if pd.isna(cell) else cell for cell in patients["e"]]
    assert got == [expected(row) for row in rows]


def test_missing_makes_a_truth_undecided_as_kleene_has_it():
    columns = {"f": [1, 1, 1, 0, 0, 0, None, None, None], "g": [1, 0, None] * 3}
    assert holds("f and g", **columns) == [1, 0, -1, 0, 0, 0, -1, 0, -1]
    assert holds("f or g", **columns) == [1, 1, 1, 1, 0, -1, 1, -1, -1]
    assert holds("implies(f, g)", **columns) == [1, 0, -1, 1, 1, 1, 1, -1, -1]
    assert holds("not f", **columns) == [0, 0, 0, 1, 1, 1, -1, -1, -1]


def test_a_rule_over_an_absent_column_is_undecided_unless_the_rest_decides_it():
    assert holds("x > 1", y=[1, 2]) == [-1, -1]
    assert holds("x > 1 or y == 2", y=[1, 2]) == [-1, 1]
    assert holds("missing(x)", y=[1, 2]) == [-1, -1]


def test_division_by_zero_and_unreadable_cells_leave_a_rule_undecided():
    assert holds("x / y >= 1", x=[1, 1, "n/k"], y=[0, 1, 1]) == [-1, 1, -1]


def test_cut_takes_the_lower_edge_and_leaves_the_upper():
    expression = "cut(x, [0, 1, 2], ['red', 'green']) == c"
    assert holds(expression, x=[0, 0.999, 1, 2, -1], c=["red"] * 5) == [1, 1, 0, -1, -1]


def test_choose_picks_by_condition_and_is_missing_where_that_is_undecided():
    expression = "choose(x > 1, 'red', 'blue') == c"
    assert holds(expression, x=[2, 0, None], c=["red", "red", "red"]) == [1, 0, -1]


def test_a_power_is_computed():
    assert holds("x ** 2 == 9", x=[3, -3, 2]) == [1, 1, 0]
    assert holds("x ** -1 == 0.5", x=[2, 0]) == [1, -1]


HOSTILE = [
    "x.real > 1",
    "x.__class__ == 1",
    "__import__('os') == 1",
    "__builtins__ == 1",
    "().__class__.__bases__[0] == x",
    "open('f') == 1",
    "eval('1') == x",
    "(lambda: x)() == 1",
    "[x for x in [1]] == 1",
    "(x for x in [1]) == 1",
    "{x: 1} == 1",
    "{x} == 1",
    "x[0] == 1",
    "f'{x}' == c",
    "(z := x) > 1",
    "x if f else y",
    "x > 1; y > 1",
    "import os",
    "x is None",
    "x == None",
    "x == True",
    "x == ...",
    "x == b'1'",
    "x == 1j",
    "x == 1e999",
    "x == " + "9" * 5000,
    "x ** 1000 > 1",
    "x ** y > 1",
    "2 ** 9 ** 9 > x",
    "x @ y == 1",
    "x // y == 1",
    "x % 2 == 0",
    "x << 9 == 1",
    "x & y == 1",
    "~x == 1",
    "*x == 1",
    "await x",
    "yield x",
    "x in y",
    "x in []",
    "x in [y]",
    "x in {1, 2}",
    "c in 'red'",
    "missing(x + 1)",
    "missing('x')",
    "missing(x=1)",
    "missing(*c)",
    "implies(f)",
    "cut(x, y, ['red']) == c",
    "cut(x, [0, 1], ['red', 'blue']) == c",
    "cut(x, [1, 0], ['red']) == c",
    "cut(x, [0, 'a'], ['red']) == c",
    "cut(x, [0, 1], [2]) == c",
    "max(x, y) > 1",
    "str(x) == c",
    "c == 'r\\x65d'",
    "x > 1 # comment \x00",
    "(" * 300 + "x" + ")" * 300 + " > 1",
    "-" * 3000 + "x > 1",
    "not " * 2000 + "f",
    "x" + " + x" * 2000 + " > 1",
    "f" + " and f" * 5000,
    "1or f",
    "",
    "   ",
    "x >",
    "unknown > 1",
]


@pytest.mark.parametrize("expression", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_outside_the_language_is_refused_with_the_rules_name(expression):
    with pytest.raises(DataMismatch) as refused:
        dictionary_with(expression)
    assert "the_rule" in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("c > 'red'", "== or !="),
        ("c == 1", "a text with a number"),
        ("c + 1 > 2", "a text stands where a number is due"),
        ("x and f", "a number stands where a condition is due"),
        ("x", "condition"),
        ("c", "condition"),
        ("1 < 2", "uses no variable"),
        ("c == 'gren'", "Did you mean green?"),
        ("c in ['red', 'gren']", "Did you mean green?"),
        ("c in [1]", "a number among texts"),
        ("x in ['red']", "a text among numbers"),
        ("choose(f, 'red', 1) == c", "choose"),
        ("cut(x, [0, 1], ['pink']) == c", "not a code of c"),
        ("wight > 1", "not a variable"),
    ],
)
def test_kinds_and_codes_are_checked_when_the_dictionary_is_loaded(expression, says):
    with pytest.raises(DataMismatch, match="Rule the_rule cannot be used") as refused:
        dictionary_with(expression)
    assert says in str(refused.value)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="xyfc01.+-*/<>=()[]'\", andorti_:{}\\\n#@!", max_size=40))
def test_any_text_is_either_refused_or_gives_three_values(text):
    try:
        rule = dictionary_with(text).rules[0]
    except DataMismatch:
        return
    states = rule.holds(pd.DataFrame({"x": [1.0, math.nan], "y": [0, 1], "f": [1, None]}))
    assert states.dtype == np.int8
    assert set(states.tolist()) <= {-1, 0, 1}


def test_derived_variables_may_depend_on_each_other_in_any_order():
    dictionary = dictionary_with(
        "late == 1",
        late={"label": "l", "type": "boolean", "derive": "stage == 'red'", "missing": True},
        stage={
            "label": "s",
            "type": "category",
            "categories": ["red", "blue"],
            "derive": "cut(x, [0, 1, 2], ['red', 'blue'])",
            "missing": True,
        },
    )
    assert dictionary.derived == ("stage", "late")
    derived = dictionary.derive(pd.DataFrame({"x": [0.5, 1.5, None]}))
    assert derived["stage"].tolist()[:2] == ["red", "blue"]
    assert derived["late"].tolist() == [1, 0, pd.NA]
    assert dictionary.rules[0].holds(pd.DataFrame({"x": [0.5, 1.5, None]})).tolist() == [1, 0, -1]


@pytest.mark.parametrize(
    ("derive", "says"),
    [
        ("b + 1", "circle"),
        ("a + 1", "circle"),
        ("c", "gives a text"),
        ("x > 1", "condition"),
        ("nothing + 1", "not a variable"),
    ],
)
def test_a_derivation_that_cannot_be_is_refused(derive, says):
    with pytest.raises(DataMismatch, match="Derived variable") as refused:
        dictionary_with(
            "x > 1",
            a={"label": "a", "type": "number", "derive": derive},
            b={"label": "b", "type": "number", "derive": "a + 1"},
        )
    assert says in str(refused.value)


def test_a_derived_category_gives_only_its_own_codes():
    with pytest.raises(DataMismatch, match="none of its categories"):
        dictionary_with(
            "x > 1",
            s={
                "label": "s",
                "type": "category",
                "categories": ["p"],
                "derive": "choose(f,'p','q')",
            },
        )
