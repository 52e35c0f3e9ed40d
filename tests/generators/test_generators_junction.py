"""A junction tree joins what it must, holds each clique, and passes each message once."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.errors import GateFailed
from synthema_lab.generators.belief import JunctionTree, forbidden
from synthema_lab.generators.graphical_model import GraphicalModel
from synthema_lab.generators.junction import junction_tree, largest_table


@st.composite
def drawn(draw):
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=8))
    variable = st.integers(0, len(sizes) - 1)
    some = st.lists(st.lists(variable, min_size=1, max_size=3, unique=True).map(tuple), max_size=8)
    return sizes, [*((i,) for i in range(len(sizes))), *draw(some)]


@settings(max_examples=200, deadline=None)
@given(drawn())
def test_every_clique_has_a_node_and_each_variable_is_in_neighbouring_ones(case):
    sizes, cliques = case
    nodes, around, order = junction_tree(sizes, cliques)
    graph = networkx.Graph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((one, other) for one in nodes for other in around[one])
    assert networkx.is_forest(graph)
    assert all(any(set(clique) <= set(node) for node in nodes) for clique in cliques)
    assert not any(set(node) < set(other) for node in nodes for other in nodes)
    for variable in range(len(sizes)):
        assert networkx.is_connected(graph.subgraph(n for n in nodes if variable in n))
    sent = set()
    for source, target in order:
        assert all((other, source) in sent for other in around[source] if other != target)
        sent.add((source, target))
    assert len(sent) == len(order) == 2 * graph.number_of_edges()
    cells = [np.prod([sizes[i] for i in node]) for node in nodes]
    assert largest_table(sizes, cliques) == max(cells)


@settings(max_examples=60, deadline=None)
@given(drawn(), st.integers(0, 2**32 - 1))
def test_beliefs_are_those_of_the_whole_table(case, seed):
    sizes, cliques = case
    rng = np.random.default_rng(seed)
    potentials = [
        (tuple(sorted(clique)), rng.normal(0, 2, [sizes[i] for i in sorted(clique)]))
        for clique in cliques
    ]
    whole = np.zeros(sizes)
    for clique, values in potentials:
        whole = whole + values.reshape([s if i in clique else 1 for i, s in enumerate(sizes)])
    total = np.exp(whole).sum()
    log_sum, marginal = JunctionTree(sizes, cliques).expected(potentials)
    assert log_sum == pytest.approx(np.log(total))
    for clique, _ in potentials:
        gone = tuple(i for i in range(len(sizes)) if i not in clique)
        assert marginal(clique) == pytest.approx(np.exp(whole).sum(axis=gone) / total)


def _chain(seed: int = 0) -> GraphicalModel:
    rng = np.random.default_rng(seed)
    cliques = ((0, 1), (1, 2), (3,))
    sizes = (3, 4, 2, 5)
    values = tuple(rng.normal(0, 1, [sizes[i] for i in clique]) for clique in cliques)
    return GraphicalModel(sizes, 100.0, cliques, values, (((0, 2), np.array([[0, 1], [2, 0]])),))


def test_a_large_cohort_has_the_models_shares_and_none_of_its_zeros():
    model, rows = _chain(), 200_000
    whole = np.zeros(model.sizes)
    for clique, values in zip(model.cliques, model.potentials, strict=True):
        whole = whole + values.reshape([s if i in clique else 1 for i, s in enumerate(model.sizes)])
    shares = np.exp(whole)
    shares[0, :, 1], shares[2, :, 0] = 0, 0
    shares /= shares.sum()
    codes = model.draw(rows, np.random.default_rng(1))
    found = np.zeros(model.sizes)
    np.add.at(found, tuple(codes.T), 1)
    assert found[shares == 0].sum() == 0
    # Rounded within groups: never worse than independent rows, within six deviations of them.
    assert (np.abs(found - rows * shares) <= 6 * np.sqrt(rows * shares) + 3).all()


def test_rows_come_in_no_order_and_the_same_seed_draws_them_again():
    model = _chain()
    codes = model.draw(4000, np.random.default_rng(2))
    assert np.array_equal(codes, model.draw(4000, np.random.default_rng(2)))
    halves = codes[:2000].mean(axis=0) - codes[2000:].mean(axis=0)
    assert (np.abs(halves) < 0.2).all()
    assert np.abs(np.corrcoef(np.arange(4000), codes[:, 3])[0, 1]) < 0.06


def test_rare_cells_are_drawn_as_often_as_they_should():
    """1 in 1,000 in a cohort of 100: rounding expected counts must not lose it."""
    model = GraphicalModel((2,), 100.0, ((0,),), (np.log([999.0, 1.0]),), ())
    found = sum(model.draw(100, np.random.default_rng(seed)).sum() for seed in range(2000))
    assert 150 < found < 250


def test_conditions_that_leave_nobody_are_refused():
    model = _chain().conditioned([((1,), np.arange(4)[:, None])])
    with pytest.raises(GateFailed, match="meets all that is asked for together"):
        model.draw(10, np.random.default_rng(0))
    assert model.conditioned(()).zeros == model.zeros
    only = _chain().conditioned([((3,), np.array([[0], [1], [2], [4]]))])
    assert set(only.draw(50, np.random.default_rng(0))[:, 3]) == {3}


def test_no_row_can_be_drawn():
    assert _chain().draw(0, np.random.default_rng(0)).shape == (0, 4)


def test_a_forbidden_cell_is_that_of_its_variables_in_any_order():
    clique, values = forbidden([2, 3], (1, 0), np.array([[2, 0]]))
    assert clique == (0, 1)
    assert np.isneginf(values[0, 2])
    assert np.isneginf(values).sum() == 1
