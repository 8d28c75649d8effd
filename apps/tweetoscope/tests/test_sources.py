import itertools
import json
import threading
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from apps.tweetoscope.tests.memory_broker import MemoryBroker
from tweetoscope import generator
from tweetoscope.broker import Topic, changelog
from tweetoscope.generator import Paced
from tweetoscope.metrics import Metrics
from tweetoscope.origins import origin
from tweetoscope.replay import BadFile, read
from tweetoscope.sources import Simulation, Spread, Whole, closing, spread

HOW = Spread(sources=3, at_once=2, origins_s=1e6, seed=7)


def some(count: int) -> list[Whole]:
    return list(itertools.islice(Simulation(horizon_s=3000.0).cascades(), count))


def test_times_grow_within_each_source_and_origins_differ() -> None:
    emitted = list(spread(some(12), HOW))
    sources = {each.source for each in emitted}
    firsts = []
    for source in sources:
        times_s = [each.tweet.time_s for each in emitted if each.source == source]
        assert times_s == sorted(times_s)
        firsts.append(times_s[0])
    assert len(sources) == 3
    assert max(firsts) - min(firsts) > 10_000.0


def test_each_cascade_is_whole_and_in_one_source() -> None:
    cascades = some(12)
    emitted = list(spread(cascades, HOW))
    for number, whole in enumerate(cascades, start=1):
        own = [each for each in emitted if each.tweet.cascade == f"tw{number}"]
        assert [each.tweet.mark for each in own] == list(whole.marks)
        assert [each.tweet.is_first for each in own] == [True] + [False] * (len(own) - 1)
        assert len({each.source for each in own}) == 1


def test_no_source_has_more_cascades_at_once_than_asked() -> None:
    emitted = list(spread(some(20), HOW))
    last = {each.tweet.cascade: number for number, each in enumerate(emitted)}
    going: dict[str, set[str]] = {}
    for number, each in enumerate(emitted):
        own = going.setdefault(each.source, set())
        own.add(each.tweet.cascade)
        assert len(own) <= HOW.at_once
        if last[each.tweet.cascade] == number:
            own.remove(each.tweet.cascade)


def test_the_end_of_a_replay_closes_all_sources() -> None:
    emitted = list(closing(spread(some(6), HOW), 500.0))
    ends = [each for each in emitted if each.tweet.text == "the end"]
    assert len(ends) == 3
    for end in ends:
        before = [each.tweet.time_s for each in emitted if each.source == end.source][-2]
        assert end.tweet.time_s >= before + 500.0


def test_the_csv_pair_of_the_course_is_read(tmp_path: Path) -> None:
    data, index = tmp_path / "data.csv", tmp_path / "index.csv"
    data.write_text("time,magnitude,msg\n5,100,x\n8,3,y\n8.5,4,z\n20,7,a\n21,8,b\n")
    index.write_text("start_ind,end_ind\n1,3\n4,5\n")
    first, second = read(data, index)
    assert (first.times_s.tolist(), first.marks.tolist()) == ([0.0, 3.0, 3.5], [100.0, 3.0, 4.0])
    assert second.times_s.tolist() == [0.0, 1.0]
    assert (first.text, second.text) == ("x", "a")


def test_columns_of_a_csv_file_go_by_their_names(tmp_path: Path) -> None:
    data, index = tmp_path / "data.csv", tmp_path / "index.csv"
    data.write_text("\ufeffmsg, Magnitude,user,time\nx,100,u,5\ny,,u,8\n", encoding="utf-8")
    index.write_text("name,end_ind,start_ind\na,2,1\n")
    [found] = read(data, index)
    assert (found.text, found.times_s.tolist()) == ("x", [0.0, 3.0])
    assert found.marks[0] == 100.0
    assert np.isnan(found.marks[1])
    data.write_text("time,magnitude,user\n5,100,u\n")
    index.write_text("start_ind,end_ind\n1,1\n")
    assert read(data, index)[0].text == ""
    data.write_text("magnitude,user,time\n100,u\n")
    with pytest.raises(BadFile, match="line 2: '100' is no time,magnitude"):
        read(data, index)


@pytest.mark.parametrize(
    ("data", "index", "says"),
    [
        (
            "time,followers",
            "start_ind,end_ind",
            r"data\.csv has no column magnitude, only time, ",
        ),
        ("t,magnitude", "start_ind,end_ind", r"data\.csv has no column time.*time,magnitude in"),
        (
            "time,magnitude",
            "start,end",
            r"index\.csv has no column start_ind, .*,end_ind in",
        ),
    ],
)
def test_a_column_that_a_csv_file_lacks_is_named(
    tmp_path: Path, data: str, index: str, says: str
) -> None:
    (tmp_path / "data.csv").write_text(f"{data}\n5,100\n")
    (tmp_path / "index.csv").write_text(f"{index}\n1,1\n")
    with pytest.raises(BadFile, match=says):
        read(tmp_path / "data.csv", tmp_path / "index.csv")


@pytest.mark.parametrize(
    ("rows", "where", "says"),
    [
        ("5,100\n", "1,2\n", "index.csv, line 2: .*data.csv has no rows 1 to 2; it has 1"),
        ("5,100\n", "0,1\n", "index.csv, line 2: .* no rows 0 to 1"),
        ("5,100\n", "one,1\n", "index.csv, line 2: 'one,1' is no start_ind,end_ind; give two"),
        ("5,100\n", "", "index.csv has no cascades"),
        ("5,1\n6,many\n", "1,2\n", "data.csv, line 3: '6,many' is no time,magnitude; give sec"),
        ("5\n", "1,1\n", "data.csv, line 2: '5' is no time"),
        ("nan,1\n", "1,1\n", "data.csv, line 2"),
        ("5,-1\n", "1,1\n", "data.csv, line 2"),
        ("5,1\n7,1\n6,1\n", "1,3\n", "data.csv, line 4: time 6 comes after 7 .*; sort"),
    ],
)
def test_a_csv_file_that_is_wrong_is_named(
    tmp_path: Path, rows: str, where: str, says: str
) -> None:
    data, index = tmp_path / "data.csv", tmp_path / "index.csv"
    data.write_text(f"time,magnitude\n{rows}")
    index.write_text(f"start_ind,end_ind\n{where}")
    with pytest.raises(BadFile, match=says):
        list(read(data, index))


def test_a_csv_file_without_names_or_index_is_refused(tmp_path: Path) -> None:
    data, index = tmp_path / "data.csv", tmp_path / "index.csv"
    data.write_text("5,100\n6,\n")
    with pytest.raises(BadFile, match="needs its index"):
        read(data)
    with pytest.raises(BadFile, match=r"no\.csv cannot be read"):
        read(data.parent / "no.csv", index)
    index.write_text("start_ind,end_ind\n1,1\n")
    with pytest.raises(BadFile, match="line 1: '5' is no name of a column; put a line time,mag"):
        read(data, index)


def parquet(path: Path, **columns: list[object]) -> Path:
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def test_a_parquet_file_is_read_in_the_order_of_times(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "x.parquet", cascade_id=["b", "b", "b", "a"], t_seconds=[5.0, 9.0, 7.5, 3.0]
    )
    first, second = read(path)
    assert (first.text, first.times_s.tolist()) == ("b", [0.0, 2.5, 4.0])
    assert (second.text, second.times_s.tolist()) == ("a", [0.0])
    assert np.isnan(first.marks).all()


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (
            {"cascade": [1], "t_seconds": [0.0]},
            "no column cascade_id, only cascade, t_s",
        ),
        ({"cascade_id": [1]}, "no column t_seconds"),
        ({"cascade_id": [1, 1], "t_seconds": [0.0, None]}, "row 2: t_seconds is no number; leave"),
        ({"cascade_id": [1], "t_seconds": ["x"]}, "column t_seconds has more than numbers"),
        (
            {"cascade_id": [1, 2, 1], "t_seconds": [0.0, 0.0, 1.0]},
            "row 3: cascade 1 goes on, after another one; sort the rows by cascade_id",
        ),
        (
            {"cascade_id": [1], "t_seconds": [0.0], "magnitude": [-1.0]},
            "row 1: magnitude is below 0",
        ),
        ({"cascade_id": [], "t_seconds": []}, "has no cascades"),
    ],
)
def test_a_parquet_file_that_is_wrong_is_named(
    tmp_path: Path, columns: dict[str, list[object]], says: str
) -> None:
    path = parquet(tmp_path / "x.parquet", **columns)
    with pytest.raises(BadFile, match=f"x.parquet.*{says}"):
        read(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"there is no file .*x\.parquet; name one"):
        read(tmp_path / "x.parquet")


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"no such thing")
    with pytest.raises(BadFile, match=r"x\.parquet cannot be read as Parquet"):
        read(path)


def test_times_grow_within_each_source_whatever_the_partitions() -> None:
    broker = MemoryBroker()
    broker.make([Topic(name="tweets", partitions=3), Topic(name=changelog("generator"))])
    emitted = list(spread(some(20), Spread(sources=7, at_once=2, origins_s=1e6)))
    feed = Paced(emitted=lambda: emitted, acceleration=1e9)
    generator.run(feed, broker, Metrics("generator"), threading.Event())
    where: dict[str, set[int]] = {}
    times: dict[str, list[float]] = {}
    for number in range(3):
        for entry in broker.partition("tweets", number):
            said = json.loads(entry.record.value or b"")
            where.setdefault(said["source"], set()).add(number)
            times.setdefault(said["source"], []).append(said["t"])
    assert len(where) == 7
    assert all(len(partitions) == 1 for partitions in where.values())
    assert set().union(*where.values()) == {0, 1, 2}
    assert all(each == sorted(each) for each in times.values())


def test_a_generator_goes_on_where_it_was() -> None:
    broker = MemoryBroker()
    broker.make([Topic(name="tweets"), Topic(name=changelog("generator"))])
    metrics, stop = Metrics("generator"), threading.Event()
    emitted = list(spread(some(8), HOW))
    half = len(emitted) // 2
    for there in (emitted[:half], emitted):
        feed = Paced(emitted=lambda there=there: there, acceleration=0.0)  # type: ignore[misc]
        generator.run(feed, broker, metrics, stop)
    records = [entry.record for entry in broker.partition("tweets", 0)]
    assert [json.loads(record.value or b"")["t"] for record in records] == [
        each.tweet.time_s for each in emitted
    ]
    assert [record.origin for record in records] == [
        origin("generator/0", number, 0) for number in range(len(emitted))
    ]


def test_a_generator_waits_for_the_time_to_come() -> None:
    broker = MemoryBroker()
    broker.make([Topic(name="tweets"), Topic(name=changelog("generator"))])
    whole = Whole(text="", times_s=np.array([0.0, 1e9]), marks=np.array([1.0, 1.0]))
    stop = threading.Event()
    emitted = list(spread([whole], Spread(sources=1, pause_s=0.0)))
    feed = Paced(emitted=lambda: emitted, acceleration=1.0)
    arguments = (feed, broker, Metrics("generator"), stop)
    thread = threading.Thread(target=generator.run, args=arguments)
    thread.start()
    with broker.changed:
        assert broker.changed.wait_for(lambda: broker.partition("tweets", 0), 60.0)
    stop.set()
    thread.join(60.0)
    assert len(broker.partition("tweets", 0)) == 1
