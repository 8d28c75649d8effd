"""Cascades out of files: the course's pair of CSV files, or Parquet.

A file is looked through before anything of it is written; what is wrong is said with its place.
"""

import csv
import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow
import pyarrow.parquet

from tweetoscope.arrays import Reals
from tweetoscope.errors import TweetoscopeError
from tweetoscope.sources import Whole


class BadFile(TweetoscopeError):
    """A file that cannot be replayed."""


class Row(NamedTuple):
    """A tweet as a CSV file has it."""

    line: int
    time_s: float
    mark: float
    text: str


def read(path: Path, index: Path | None = None) -> list[Whole]:
    """The cascades of a Parquet file, or of a CSV file with its index, in the file's order.

    Raises: BadFile.
    """
    if path.suffix == ".parquet":
        found = list(read_parquet(path))
    elif index is None:
        raise BadFile(
            f"{path} needs its index file, which says where each cascade begins and ends; give "
            "--index, or a file whose name ends with .parquet"
        )
    else:
        found = list(read_csv(path, index))
    if not found:
        raise BadFile(f"{index or path} has no cascades; give a file with one at least")
    return found


def read_parquet(path: Path) -> Iterator[Whole]:
    """Columns `cascade_id`, `t_seconds` and, if there, `magnitude`; rows of a cascade together."""
    try:
        table = pyarrow.parquet.read_table(path)
    except FileNotFoundError as error:
        raise BadFile(f"there is no file {path}; name one that this machine has") from error
    except (OSError, pyarrow.ArrowException) as error:
        raise BadFile(f"{path} cannot be read as Parquet: {error}") from error
    if "cascade_id" not in table.column_names:
        raise _no_column(path, table, "cascade_id")
    names = np.asarray(table["cascade_id"])
    times_s = _column(path, table, "t_seconds")
    marks = np.full(len(names), math.nan)
    if "magnitude" in table.column_names:
        marks = _column(path, table, "magnitude")
    _check_rows(path, ~np.isfinite(times_s), "t_seconds is no number; leave such rows out")
    _check_rows(path, marks < 0.0, "magnitude is below 0; leave it empty where it is not known")
    is_start = np.concatenate([[True], names[1:] != names[:-1]])[: len(names)]
    starts = np.flatnonzero(is_start)
    _, firsts = np.unique(names[starts].astype(str), return_index=True)
    again = np.setdiff1d(np.arange(len(starts)), firsts)
    if len(again):
        at = starts[again[0]]
        raise BadFile(
            f"{path}, row {at + 1}: cascade {names[at]} goes on, after another one; sort the rows "
            "by cascade_id"
        )
    for start, end in itertools.pairwise([*starts, len(names)]):
        order = np.argsort(times_s[start:end], kind="stable")
        yield Whole(
            text=str(names[start]),
            times_s=times_s[start:end][order] - times_s[start:end].min(),
            marks=marks[start:end][order],
        )


def read_csv(path: Path, index: Path) -> Iterator[Whole]:
    """Rows `time,magnitude[,msg]`, and of each cascade `start_ind,end_ind`, from 1, both in it.

    Columns go by their names, in whatever order; others are passed over.
    """
    rows = [_row(path, line, said) for line, said in _lines(path, ("time", "magnitude"), ("msg",))]
    for line, said in _lines(index, ("start_ind", "end_ind")):
        try:
            start, end = int(float(said[0])), int(float(said[1]))
        except (ValueError, IndexError, OverflowError) as error:
            raise BadFile(
                f"{index}, line {line}: {','.join(said)[:60]!r} is no start_ind,end_ind; give two "
                "numbers, as in 1,17"
            ) from error
        if not 0 < start <= end <= len(rows):
            raise BadFile(
                f"{index}, line {line}: {path} has no rows {start} to {end}; it has {len(rows)}, "
                "which count from 1 below the names of the columns"
            )
        part = rows[start - 1 : end]
        for before, after in itertools.pairwise(part):
            if after.time_s < before.time_s:
                raise BadFile(
                    f"{path}, line {after.line}: time {after.time_s:g} comes after "
                    f"{before.time_s:g} in the same cascade; sort its lines by time"
                )
        times_s = np.array([row.time_s for row in part])
        yield Whole(
            text=part[0].text,
            times_s=times_s - times_s[0],
            marks=np.array([row.mark for row in part]),
        )


def _lines(
    path: Path, wanted: Sequence[str], more: Sequence[str] = ()
) -> list[tuple[int, list[str]]]:
    """What the columns `wanted`, and `more` if they are there, have in lines that are not empty.

    Each with the number of its line.
    """
    try:
        # Spreadsheets begin a file with a mark of its encoding.
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [(line, said) for line, said in enumerate(csv.reader(file), start=1) if said]
    except (OSError, ValueError, csv.Error) as error:
        raise BadFile(f"{path} cannot be read: {error}") from error
    if not lines:
        return []
    line, header = lines[0]
    if _is_number(header[0]):
        raise BadFile(
            f"{path}, line {line}: {header[0]!r} is no name of a column; put a line "
            f"{','.join(wanted)} first"
        )
    names = [name.strip().lower() for name in header]
    for name in wanted:
        if name not in names:
            raise BadFile(
                f"{path} has no column {name}, only {', '.join(header)[:60]}; name the columns "
                f"{','.join(wanted)} in its first line"
            )
    places = [names.index(name) for name in (*wanted, *more) if name in names]
    if places == list(range(len(names))):
        return lines[1:]
    last = max(places)
    # One that is too short is left as it is, and refused.
    return [
        (line, [said[place] for place in places] if len(said) > last else said[:1])
        for line, said in lines[1:]
    ]


def _row(path: Path, line: int, said: list[str]) -> Row:
    try:
        time_s, mark = float(said[0]), float(said[1] or math.nan)
    except (ValueError, IndexError):
        time_s = mark = math.inf
    if not math.isfinite(time_s) or math.isinf(mark) or mark < 0.0:
        raise BadFile(
            f"{path}, line {line}: {','.join(said)[:60]!r} is no time,magnitude; give seconds and "
            "followers, as in 17.5,1200, or 17.5, where these are not known"
        )
    return Row(line, time_s, mark, said[2] if len(said) > 2 else "")


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _column(path: Path, table: pyarrow.Table, name: str) -> Reals:
    if name not in table.column_names:
        raise _no_column(path, table, name)
    try:
        return np.asarray(table[name].cast(pyarrow.float64()), np.float64)
    except pyarrow.ArrowException as error:
        raise BadFile(f"{path}: the column {name} has more than numbers: {error}") from error


def _no_column(path: Path, table: pyarrow.Table, name: str) -> BadFile:
    return BadFile(
        f"{path} has no column {name}, only {', '.join(table.column_names) or 'none'}; name the "
        "columns cascade_id, t_seconds and, if there is one, magnitude"
    )


def _check_rows(path: Path, wrong: np.ndarray, reason: str) -> None:
    if wrong.any():
        raise BadFile(f"{path}, row {int(np.argmax(wrong)) + 1}: {reason}")
