"""Archives of applications: what comes out is what went in, and nothing else ever comes out."""

import contextlib
import gzip
import io
import tarfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripieno.model import bundle as bundles
from ripieno.model.bundle import Bundle, BundledFile, BundleError
from ripieno.wire import archive

DOCUMENT = "name: é\n"


def packed(*entries: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> bytes:
    """An archive of any entries."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode=mode) as tar:  # type: ignore[call-overload]  # any mode
        for entry, content in entries:
            entry.size = entry.size or len(content)
            tar.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def file(name: str, content: bytes = b"x", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A plain file, or whatever the fields make of it."""
    entry = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(entry, field, value)
    return entry, content


YAML = file("application.yaml", DOCUMENT.encode())

paths = st.lists(
    st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=8),
    min_size=1,
    max_size=3,
).map("/".join)
files = st.builds(BundledFile, content=st.binary(max_size=2000), is_executable=st.booleans())


@given(
    document=st.text(st.characters(codec="utf-8", exclude_characters="\r\ufeff"), max_size=500),
    found=st.dictionaries(paths, files, max_size=5),
)
def test_what_is_packed_is_unpacked_as_it_was(document: str, found: dict[str, BundledFile]) -> None:
    found = {path: each for path, each in found.items() if "application.y" not in path}
    bundle = Bundle(document=document, files=found)
    assert archive.unpack(archive.pack(bundle)) == bundle
    assert archive.pack(bundle) == archive.pack(archive.unpack(archive.pack(bundle)))


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_archive_of_another_program_is_read(mode: str) -> None:
    folder = tarfile.TarInfo("./site")
    folder.type = tarfile.DIRTYPE
    read = archive.unpack(
        packed(
            file("./application.yml", DOCUMENT.encode()),
            (folder, b""),
            file("./site/index.html", mode=0o755),
            mode=mode,
        )
    )
    assert read.document == DOCUMENT
    assert read.files == {"site/index.html": BundledFile(content=b"x", is_executable=True)}


def test_everything_may_be_in_one_folder() -> None:
    read = archive.unpack(
        packed(file("brain-1.0.0/application.yaml", DOCUMENT.encode()), file("brain-1.0.0/a/b"))
    )
    assert list(read.files) == ["a/b"]


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../passwd",
        "a/../../passwd",
        "a/..",
        "a//b",
        "a/./b",
        "~/b",
        "a\\..\\b",
        "c:/b",
        "a\nb",
        "a*",
        "\u202eb",
        "x" * 400,
    ],
)
def test_path_that_could_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(BundleError, match="no path"):
        archive.unpack(packed(YAML, file(name)))


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE],
)
def test_what_is_no_plain_file_is_refused(kind: bytes) -> None:
    entry, _ = file("icon.svg", type=kind, linkname="/etc/passwd")
    with pytest.raises(BundleError, match="link or a device"):
        archive.unpack(packed(YAML, (entry, b"")))


def test_file_that_is_there_twice_is_refused() -> None:
    with pytest.raises(BundleError, match="twice"):
        archive.unpack(packed(YAML, file("a"), file("./a")))


def test_archive_without_document_is_refused() -> None:
    with pytest.raises(BundleError, match=r"no application\.yaml"):
        archive.unpack(packed(file("a"), file("b")))


def bomb() -> bytes:
    """Some kilobytes that become a hundred megabytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = bytes(2**20)
    return b"".join(packer.compress(piece) for _ in range(100)) + packer.flush()


def sparse() -> bytes:
    """Files that say that they are longer than the archive."""
    entries = []
    for number in range(10):
        entry, _ = file(f"hole-{number}")
        size = 15 * 2**20
        entry.pax_headers = {
            "GNU.sparse.major": "0",
            "GNU.sparse.minor": "1",
            "GNU.sparse.map": "0,0",
            "GNU.sparse.size": str(size),
        }
        entries.append((entry, b""))
    return packed(YAML, *entries)


def many() -> bytes:
    """More files than an application may have."""
    return packed(YAML, *(file(f"a-{number}") for number in range(bundles.MOST_FILES + 1)))


def large() -> bytes:
    """One file that is too large."""
    return packed(YAML, file("a", bytes(bundles.MOST_FILE_BYTES + 1)))


def several() -> bytes:
    """Files that are too large together."""
    return packed(YAML, *(file(f"a-{number}", bytes(13 * 2**20)) for number in range(4)))


@pytest.mark.parametrize("make", [bomb, sparse, many, large, several])
def test_what_is_too_much_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(BundleError, match=r"too large|at most"):
        archive.unpack(make())


GOOD = archive.pack(Bundle(document=DOCUMENT, files={"a": BundledFile(content=b"x" * 5000)}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x1f\x8b",
        b"PK\x03\x04",
        b"name: hello\n",
        gzip.compress(b"no tar file" * 100),
        GOOD[: len(GOOD) // 2],
        GOOD[:-4],
        packed(YAML, file("a", b"x" * 5000), mode="w")[:2000],
        packed(file("application.yaml", b"\xff\xfe")),
    ],
    ids=(
        *("nothing", "gzip-mark", "zip-mark", "text", "gzip-of-text", "half", "cut"),
        *("cut-tar", "no-text"),
    ),  # What is packed tells the time, and all workers have to know a test by the same name.
)
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError):
        archive.unpack(content)


@given(st.binary(max_size=3000))
def test_no_bytes_do_harm(content: bytes) -> None:
    for each in (content, gzip.compress(content), GOOD[:50] + content):
        with contextlib.suppress(BundleError):
            archive.unpack(each)


@given(st.integers(0, 4000), st.integers(0, 255))
def test_no_damage_does_harm(place: int, value: int) -> None:
    plain = bytearray(packed(YAML, file("a", b"y"), mode="w"))
    plain[place % len(plain)] = value
    with contextlib.suppress(BundleError):
        archive.unpack(bytes(plain))
