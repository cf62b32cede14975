"""The datasets that are known by name: what they are, where they lie, where they come from.

Addresses and MD5s are torchvision's. The SHA-256s of packed files are those that TensorFlow
Datasets publishes; those of unpacked files, and the fingerprints, were computed from copies whose
packed files had the MD5s here.
"""

from collections.abc import Iterable, Mapping
from string import ascii_uppercase
from typing import Final

from mnist_tui.data.spec import FILES, DatasetSpec, IdxFiles, Source
from mnist_tui.run.classes import DIGITS


def _by_name(names: Iterable[str], *sums: str) -> dict[str, str]:
    return dict(zip(names, sums, strict=True))


MNIST: Final = DatasetSpec(
    name="mnist",
    title="MNIST",
    fingerprint="625c86df0a1319fc9ee83afae9b44174ea5c67d979d470d0a9945b3682b01ff3",
    files=IdxFiles(folder="MNIST"),
    source=Source(
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "http://yann.lecun.com/exdb/mnist/",
        ),
        resources=(
            ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
            ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
            ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
        ),
        sha256=_by_name(
            FILES,
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        packed_bytes=11_594_722,
    ),
)

SAMPLE: Final = DatasetSpec(name="sample", title="sample of MNIST")

FASHION: Final = DatasetSpec(
    name="fashion",
    title="Fashion-MNIST",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    is_handwriting=False,
    fingerprint="530d40d0536f4649454a41e127e266c6f209b22441b1d3db64eacd1a4d6a08f1",
    # Debian packs the same files anew, so that their MD5s are others.
    files=IdxFiles(folder="FashionMNIST", installed="/usr/share/datasets/fashion-mnist"),
    source=Source(
        mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
        resources=(
            ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
            ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
            ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
        ),
        sha256=_by_name(
            FILES,
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        packed_bytes=30_878_645,
    ),
    advice="on Debian and Ubuntu the package dataset-fashion-mnist has it",
)

KMNIST: Final = DatasetSpec(
    name="kmnist",
    title="Kuzushiji-MNIST",
    classes=(
        "お o",
        "き ki",
        "す su",
        "つ tsu",
        "な na",
        "は ha",
        "ま ma",
        "や ya",
        "れ re",
        "を wo",
    ),
    # Handwriting, but not in MNIST's form: it fills the whole image.
    is_handwriting=False,
    files=IdxFiles(folder="KMNIST"),
    source=Source(
        mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        resources=(
            ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
            ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
            ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
            ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
        ),
        sha256=_by_name(
            (f"{name}.gz" for name in FILES),
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        ),
        packed_bytes=21_240_888,
    ),
)

_QMNIST_NAMES: Final = (
    "qmnist-train-images-idx3-ubyte",
    "qmnist-train-labels-idx2-int",
    "qmnist-test-images-idx3-ubyte",
    "qmnist-test-labels-idx2-int",
)
QMNIST: Final = DatasetSpec(
    name="qmnist",
    title="QMNIST",
    files=IdxFiles(folder="QMNIST", names=_QMNIST_NAMES, label_columns=8),
    source=Source(
        mirrors=("https://raw.githubusercontent.com/facebookresearch/qmnist/master/",),
        resources=(
            ("qmnist-train-images-idx3-ubyte.gz", "ed72d4157d28c017586c42bc6afe6370"),
            ("qmnist-train-labels-idx2-int.gz", "0058f8dd561b90ffdd0f734c6a30e5e4"),
            ("qmnist-test-images-idx3-ubyte.gz", "1394631089c404de565df7b7aeaf9412"),
            ("qmnist-test-labels-idx2-int.gz", "5b5b05890a5e13444e108efe57b788aa"),
        ),
        files=_QMNIST_NAMES,
        packed_bytes=20_000_000,
    ),
)


def _emnist_names(split: str) -> tuple[str, str, str, str]:
    return (
        f"emnist-{split}-train-images-idx3-ubyte",
        f"emnist-{split}-train-labels-idx1-ubyte",
        f"emnist-{split}-test-images-idx3-ubyte",
        f"emnist-{split}-test-labels-idx1-ubyte",
    )


_EMNIST_SOURCE: Final = Source(
    mirrors=("https://biometrics.nist.gov/cs_links/EMNIST/",),
    resources=(("gzip.zip", "58c8d27c78d21e728a6bc7b3cc06412e"),),
    sha256={"gzip.zip": "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"},
    # One archive has all of them, so that the second of these sets needs no other download.
    files=tuple(
        name for split in ("digits", "letters", "balanced") for name in _emnist_names(split)
    ),
    packed_bytes=561_753_746,
    disk_bytes=1_600_000_000,
    max_bytes=3_000_000_000,
)


def _emnist(split: str, classes: tuple[str, ...], first_label: int = 0) -> DatasetSpec:
    return DatasetSpec(
        name=f"emnist-{split}",
        title=f"EMNIST {split}",
        classes=classes,
        files=IdxFiles(
            folder="EMNIST", names=_emnist_names(split), is_transposed=True, first_label=first_label
        ),
        source=_EMNIST_SOURCE,
    )


EMNIST_DIGITS: Final = _emnist("digits", DIGITS)
EMNIST_LETTERS: Final = _emnist("letters", tuple(ascii_uppercase), first_label=1)
# Small letters that look like the capital ones are in one class with them.
EMNIST_BALANCED: Final = _emnist("balanced", (*DIGITS, *ascii_uppercase, *"abdefghnqrt"))

SPECS: Final[Mapping[str, DatasetSpec]] = {
    spec.name: spec
    for spec in (
        MNIST,
        SAMPLE,
        FASHION,
        KMNIST,
        QMNIST,
        EMNIST_DIGITS,
        EMNIST_LETTERS,
        EMNIST_BALANCED,
    )
}
"""Each dataset by the name that TrainConfig and checkpoints use."""
