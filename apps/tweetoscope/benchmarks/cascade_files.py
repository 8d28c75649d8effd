"""Files of real cascades as the benchmark of accuracy reads them, whoever made them."""

from pathlib import Path

import numpy as np
import pyarrow
from pyarrow import csv, parquet

from tweetoscope.arrays import Integers, Reals
from tweetoscope.errors import TweetoscopeError
from tweetoscope.evaluation import Cascade
from tweetoscope.hawkes import DAY_S

LEAST_DIGITS = 16
"""A number of so many digits at the end of a name is that of a tweet, which says when it came."""


class BadFile(TweetoscopeError):
    """A file that no cascades can be read from."""


def cascades_in(file: Path) -> tuple[list[Cascade], bool]:
    """All cascades of a file, in the order of their beginnings, and whether these are known.

    Columns `cascade_id`, `t_seconds` and, if there, `magnitude`; Parquet, or CSV with a line of
    names. Rows may be in any order. Times count from a cascade's first tweet. A magnitude that is
    missing, below 0 or infinite is not known. Raises: BadFile.
    """
    table = _table(file)
    names, places = _names(file, table)
    times_s = _numbers(file, table, "t_seconds")
    marks = np.full(len(times_s), np.nan)
    if "magnitude" in table.column_names:
        marks = _numbers(file, table, "magnitude")
        marks = np.where(np.isfinite(marks) & (marks >= 0.0), marks, np.nan)
    wrong = np.flatnonzero(~np.isfinite(times_s) | (times_s < 0.0))
    if len(wrong):
        raise BadFile(
            f"{file}: cascade {names[places[wrong[0]]]} has a tweet at {times_s[wrong[0]]:g} s; "
            "t_seconds counts from the root, which comes first"
        )
    first_rows = np.full(len(names), len(places))
    np.minimum.at(first_rows, places, np.arange(len(places)))
    starts_s = _starts(file, names)
    is_known = starts_s is not None
    begins_s = first_rows.astype(np.float64) if starts_s is None else starts_s
    order = np.lexsort((times_s, places))
    ends = np.cumsum(np.bincount(places))
    found = []
    for at in np.lexsort((first_rows, begins_s)):
        rows = order[ends[at - 1] if at else 0 : ends[at]]
        found.append(
            Cascade(
                name=names[at],
                start_s=float(begins_s[at]),
                times_s=times_s[rows] - times_s[rows[0]],
                marks=marks[rows],
            )
        )
    return found, is_known


def _table(file: Path) -> pyarrow.Table:
    try:
        table = csv.read_csv(file) if file.suffix == ".csv" else parquet.read_table(file)
    except (OSError, pyarrow.ArrowException) as error:
        raise BadFile(f"{file} cannot be read: {error}") from error
    missing = [name for name in ("cascade_id", "t_seconds") if name not in table.column_names]
    if missing:
        raise BadFile(
            f"{file} has no column {' and no column '.join(missing)}; "
            f"its columns are {', '.join(table.column_names) or 'none'}"
        )
    if not len(table):
        raise BadFile(f"{file} has no tweets")
    return table


def _names(file: Path, table: pyarrow.Table) -> tuple[list[str], Integers]:
    """The cascades' names, and whose each row is."""
    column = table["cascade_id"]
    if column.null_count:
        raise BadFile(f"{file}: {column.null_count} tweets have no cascade_id")
    if not pyarrow.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    encoded = column.unify_dictionaries().combine_chunks()
    if isinstance(encoded, pyarrow.ChunkedArray):
        encoded = encoded.chunk(0)
    # A dictionary may hold names of which there are no rows.
    used, places = np.unique(encoded.indices.to_numpy(), return_inverse=True)
    known = encoded.dictionary.to_pylist()
    return [str(known[at]) for at in used], places.astype(np.int64)


def _numbers(file: Path, table: pyarrow.Table, name: str) -> Reals:
    try:
        column = table[name].cast(pyarrow.float64())
    except pyarrow.ArrowException as error:
        raise BadFile(f"{file}: {name} is not made of numbers: {error}") from error
    return np.array(column.to_numpy(), np.float64)


def _starts(file: Path, names: list[str]) -> Reals | None:
    """When each began, in seconds: told by a file beside it, or by tweets' numbers, or not."""
    beside = file.with_name(f"{file.stem}_meta.parquet")
    told: dict[str, float] = {}
    if beside.exists():
        table = parquet.read_table(beside)
        if {"cascade_id", "start_day"} <= set(table.column_names):
            pairs = zip(
                table["cascade_id"].to_pylist(), table["start_day"].to_pylist(), strict=True
            )
            told = {str(name): day * DAY_S for name, day in pairs if day is not None}
    found = [told.get(name, _start_by_number(name)) for name in names]
    known = [start_s for start_s in found if start_s is not None]
    return np.array(known) if len(known) == len(names) else None


def _start_by_number(name: str) -> float | None:
    number = name.rsplit("-", 1)[-1]
    if not number.isdecimal() or len(number) < LEAST_DIGITS:
        return None
    return (int(number) >> 22) / 1000.0
