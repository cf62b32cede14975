"""Importing a network from what the user names."""

import sys
import threading
from pathlib import Path

import pytest
import torch
from torch import nn

from mnist_tui.errors import UsageError
from mnist_tui.models.importing import ModelSpec, import_model
from mnist_tui.models.python_files import PythonFiles, importable
from tests.models.code import load, write

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))
"""


def refused(folder: Path, text: str, attribute: str = "Net") -> str:
    with pytest.raises(UsageError) as caught:
        load(folder, text, attribute).build(10)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import sys\nsys.exit(3)\n", "net.py:5: it ends the program as it is imported"),
        ("import argparse\nargparse.ArgumentParser().parse_args(['-x'])\n", "net.py:5: it ends"),
        ("x = 1 / 0\n", "net.py cannot be imported: "),
        ("x = 1 / 0\n", "net.py:4: ZeroDivisionError: division by zero"),
        ("def f(:\n", "net.py:4: SyntaxError: "),
        ("import nothing_like_it\n", "net.py:4: ModuleNotFoundError: No module named 'nothing_"),
        ("raise EOFError('Ran out of input')\n", "net.py:4: EOFError: Ran out of input"),
        ("answer = input()\n", "net.py:4: it asks for input as it is imported; put what it does"),
    ],
)
def test_what_goes_wrong_in_an_import_is_reported_with_the_users_own_line(
    text: str, said: str, tmp_path: Path
) -> None:
    assert said in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("attribute", "text", "said"),
    [
        ("Nett", NET, "net.py has no Nett; did you mean Net?"),
        ("Other", NET, "net.py has no Other; it has Net"),
        ("net", f"{NET}net = Net()\n", "net.py:net is a network that is made already"),
        ("size", "size = 3\n", "net.py:size is not a class or function, but of the type int"),
        ("make", "def make(): return {}\n", "net.py:make makes a dict, not a torch.nn.Module"),
        ("make", "def make(): return nn.Linear(a, 1)\n", "cannot be made: "),
        ("make", "def make(width, depth=2): ...\n", "net.py:make cannot be made without width"),
    ],
)
def test_a_name_that_makes_no_network_is_refused_with_what_would(
    attribute: str, text: str, said: str, tmp_path: Path
) -> None:
    assert said in refused(tmp_path, text, attribute)


def test_a_file_that_is_not_there_is_refused_with_one_that_is(tmp_path: Path) -> None:
    write(tmp_path, NET, "network.py")
    with pytest.raises(
        UsageError, match=r"there is no file .*netwrok.py; did you mean .*/network.py"
    ):
        import_model(ModelSpec.parse("netwrok.py:Net"), tmp_path)
    with pytest.raises(UsageError, match="there is no module nets, neither installed nor in"):
        import_model(ModelSpec.parse("nets.small:Net"), tmp_path)


def test_printing_and_working_at_import_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, f"{NET}print('epoch 1\\nepoch 2')\n")
    source, (notice,) = import_model(ModelSpec.parse("net.py:Net"), tmp_path)
    assert "net.py prints 'epoch 1' as it is imported; put what it does as a script below" in notice
    assert source.build(10).module.fc.out_features == 10
    assert capsys.readouterr().out == ""


@pytest.mark.slow  # it works for as long as is said
def test_seconds_of_work_at_import_are_said(tmp_path: Path) -> None:
    work = "import time\nbegan = time.thread_time()\nwhile time.thread_time() < began + 3.6: pass\n"
    write(tmp_path, f"{NET}{work}")
    source, (notice,) = import_model(ModelSpec.parse("net.py:Net"), tmp_path)
    assert "net.py works for 4 s as it is imported; put what it does as a script below" in notice
    assert source.build(10).module.fc.out_features == 10


def test_a_network_is_made_for_the_number_of_classes(tmp_path: Path) -> None:
    text = "def make(num_classes, width=3): return nn.Linear(width, num_classes)\n"
    assert load(tmp_path, text, "make").build(47).module.out_features == 47
    text = "class Net(nn.Linear):\n    def __init__(self): super().__init__(2, 10)\n"
    assert load(tmp_path, text).build(47).module.out_features == 10


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    write(tmp_path, "WIDTH = 3\n", "sizes.py")
    text = "from sizes import WIDTH\ndef make(): return nn.Linear(WIDTH, 10)\n"
    assert load(tmp_path, text, "make").build(10).module.in_features == 3
    write(tmp_path, "WIDTH = 5\n", "sizes.py")
    source = load(tmp_path, text, "make")
    assert source.build(10).module.in_features == 5
    assert set(source.files) == {"net.py", "sizes.py"}
    assert "sizes" not in sys.modules


def test_no_file_of_the_user_replaces_a_module_of_python_or_of_a_package(tmp_path: Path) -> None:
    for name in ("random", "json", "numpy", "colorsys"):
        write(tmp_path, "raise SystemExit('homework')\n", f"{name}.py")
    text = f"import random, json, numpy, colorsys\n{NET}"
    assert set(load(tmp_path, text).files) == {"net.py"}
    (tmp_path / "random.py").write_text(f"from torch import nn\n{NET}")
    source, _ = import_model(ModelSpec.parse("random.py:Net"), tmp_path)
    assert source.build(10).module.fc.in_features == 784
    assert hasattr(sys.modules["random"], "randrange")


def test_a_package_in_the_folder_is_imported_with_its_own_modules(tmp_path: Path) -> None:
    write(tmp_path, "from .parts import Part as Net\n", "mynets/__init__.py")
    write(tmp_path, f"{NET}\nclass Part(Net): pass\n", "mynets/parts.py")
    write(tmp_path, "from mynets import Net\ndef make(): return Net()\n", "mynets/deep/small.py")
    source, _ = import_model(ModelSpec.parse("mynets.deep.small:make"), tmp_path)
    assert set(source.files) == {"mynets/__init__.py", "mynets/parts.py", "mynets/deep/small.py"}
    assert type(source.build(10).module).__name__ == "Part"
    assert not [name for name in sys.modules if name.startswith("mynets")]


def test_an_installed_module_is_imported_as_it_is(tmp_path: Path) -> None:
    source, _ = import_model(ModelSpec.parse("mnist_tui.models.fast_net:FastNet"), tmp_path)
    assert source.build(26).module.fc2.out_features == 26
    assert "mnist_tui/models/fast_net.py" in source.files


def test_files_are_importable_for_the_thread_that_imports_alone(tmp_path: Path) -> None:
    write(tmp_path, "", "only_here.py")
    seen: list[str] = []

    def look() -> None:
        try:
            import only_here  # type: ignore[import-not-found]  # noqa: F401
        except ImportError as error:
            seen.append(str(error))

    with importable(PythonFiles(tmp_path)):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        import only_here  # noqa: F401
    assert seen == ["No module named 'only_here'"]


def test_lazy_layers_get_their_weights_from_the_seed(tmp_path: Path) -> None:
    text = "def make(): return nn.Sequential(nn.Flatten(), nn.LazyLinear(10))\n"
    source = load(tmp_path, text, "make")
    weights = []
    for _ in range(2):
        torch.manual_seed(3)
        module = source.build(10).module
        assert isinstance(module, nn.Sequential)
        weights.append(module.state_dict()["1.weight"])
    assert weights[0].shape == (10, 784)
    assert torch.equal(*weights)
