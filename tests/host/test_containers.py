"""TensorDict, TensorList, TrackerParams: what the rest of the code relies on."""

from __future__ import annotations

import pickle

import pytest
import torch
from pytracking import TensorDict, TensorList
from pytracking.utils import TrackerParams


def test_a_tensor_method_reaches_the_tensors_and_leaves_the_rest():
    batch = TensorDict(images=torch.arange(4), name="bear")
    cast = batch.to(torch.float32)
    assert isinstance(cast, TensorDict)
    assert cast["images"].dtype == torch.float32
    assert cast["name"] == "bear"
    assert list(cast) == ["images", "name"]
    assert batch["images"].dtype == torch.int64


def test_apply_makes_a_new_dict():
    doubled = TensorDict(a=torch.ones(2), b=torch.zeros(2)).apply(lambda value: value + 1)
    assert [value.tolist() for value in doubled.values()] == [[2, 2], [1, 1]]


@pytest.mark.parametrize("container", [TensorDict(a=torch.ones(1)), TensorList([torch.ones(1)])])
def test_unknown_and_reserved_names_are_refused(container):
    """torch asks for `__torch_function__`; a container that has it is taken for a tensor."""
    with pytest.raises(AttributeError):
        container.no_tensor_method  # noqa: B018 - the look-up is the test
    assert not hasattr(container, "__torch_function__")


def test_gradients_with_respect_to_a_list():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (gradient,) = torch.autograd.grad((x * x).sum(), TensorList([x]))
    assert gradient.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param(lambda a, b: a + b, [[11.0], [22.0]], id="list + list"),
        pytest.param(lambda a, b: 1 + a, [[2.0], [3.0]], id="number + list"),
        pytest.param(lambda a, b: b - a, [[9.0], [18.0]], id="list - list"),
        pytest.param(lambda a, b: 3 - a, [[2.0], [1.0]], id="number - list"),
        pytest.param(lambda a, b: a * 2, [[2.0], [4.0]], id="list * number"),
        pytest.param(lambda a, b: b / a, [[10.0], [10.0]], id="list / list"),
        pytest.param(lambda a, b: 2 / a, [[2.0], [1.0]], id="number / list"),
        pytest.param(lambda a, b: -a, [[-1.0], [-2.0]], id="minus"),
        pytest.param(lambda a, b: a.concat(b)[2:], [[10.0], [20.0]], id="concat and slice"),
        pytest.param(lambda a, b: b[[1, 0]], [[20.0], [10.0]], id="list of indices"),
        pytest.param(lambda a, b: a.apply(lambda e: e + 5), [[6.0], [7.0]], id="apply"),
        pytest.param(lambda a, b: a.mul(3), [[3.0], [6.0]], id="tensor method"),
    ],
)
def test_list_arithmetic_is_element_wise(result, expected):
    a, b = (
        TensorList([torch.tensor([1.0]), torch.tensor([2.0])]),
        TensorList([torch.tensor([10.0]), torch.tensor([20.0])]),
    )
    found = result(a, b)
    assert isinstance(found, TensorList)
    assert [element.tolist() for element in found] == expected


def test_in_place_arithmetic_changes_the_elements():
    a = TensorList([torch.ones(1), torch.ones(1)])
    first = a[0]
    a += TensorList([torch.ones(1), torch.zeros(1)])
    assert isinstance(a, TensorList)
    assert first.item() == 2
    assert a[1].item() == 1


def test_containers_survive_pickling():
    """Loader workers send batches by pickle."""
    batch = pickle.loads(pickle.dumps(TensorDict(x=TensorList([torch.ones(1)]))))
    assert isinstance(batch, TensorDict)
    assert isinstance(batch["x"], TensorList)
    assert batch["x"][0].item() == 1


def test_params():
    params = TrackerParams()
    params.sigma = 2
    assert params.get("sigma") == 2
    assert params.get("tau", 5) == 5
    assert params.has("sigma")
    assert not params.has("tau")
    with pytest.raises(AttributeError):
        params.get("tau")
