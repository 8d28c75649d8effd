"""Cascades out of files: the course's pair of CSV files, or Parquet."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet

from tweetoscope.errors import TweetoscopeError
from tweetoscope.sources import Whole


class BadFile(TweetoscopeError):
    """A file that cannot be replayed."""


def read(path: Path, index: Path | None = None) -> Iterator[Whole]:
    """The cascades of a Parquet file, or of a CSV file with its index, in the file's order.

    Raises: BadFile.
    """
    if path.suffix == ".parquet":
        yield from read_parquet(path)
    elif index is None:
        raise BadFile(f"{path} needs its index file, which says where each cascade begins and ends")
    else:
        yield from read_csv(path, index)


def read_parquet(path: Path) -> Iterator[Whole]:
    """Columns `cascade_id`, `t_seconds` and, if there, `magnitude`; rows of a cascade together."""
    try:
        table = pyarrow.parquet.read_table(path)
        names = np.asarray(table["cascade_id"])
        times_s = np.asarray(table["t_seconds"], np.float64)
    except (OSError, pyarrow.ArrowException, KeyError) as error:
        raise BadFile(f"{path} has no cascades: {error}") from error
    marks = np.full(len(times_s), math.nan)
    if "magnitude" in table.column_names:
        marks = np.asarray(table["magnitude"], np.float64)
    starts = np.flatnonzero(np.concatenate([[True], names[1:] != names[:-1]]))
    for start, end in zip(starts, [*starts[1:], len(names)], strict=True):
        order = np.argsort(times_s[start:end], kind="stable")
        yield Whole(
            text=str(names[start]),
            times_s=times_s[start:end][order] - times_s[start:end].min(),
            marks=marks[start:end][order],
        )


def read_csv(path: Path, index: Path) -> Iterator[Whole]:
    """Rows `time,magnitude[,msg]`, and of each cascade `start_ind,end_ind`, from 1, both in it."""
    rows = _rows(path)
    for start, end in _rows(index):
        part = rows[int(start) - 1 : int(end)]
        if not 0 < start <= end <= len(rows):
            raise BadFile(f"{index}: {path} has no rows {start:g} to {end:g}")
        times_s, marks = np.array(part).T
        yield Whole(text="", times_s=times_s - times_s[0], marks=marks)


def _rows(path: Path) -> list[tuple[float, float]]:
    """The first two columns, below a line of names."""
    rows = []
    try:
        with path.open(newline="") as file:
            for line, row in enumerate(csv.reader(file), start=1):
                if line > 1 and row:
                    rows.append((float(row[0]), float(row[1])))
    except (OSError, ValueError, IndexError) as error:
        raise BadFile(f"{path} cannot be replayed: {error}") from error
    return rows
