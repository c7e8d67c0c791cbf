"""The store keeps every result once, on SQLite and on PostgreSQL alike."""

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from trimtab.benchmark.database import file_url
from trimtab.benchmark.experiment import Experiment, Outcome
from trimtab.benchmark.history import History
from trimtab.benchmark.store import Claim, Store
from trimtab.exceptions import InputError

DONE = Outcome(
    "done",
    measures={"average_precision": 0.25, "fit_seconds": 1.5},
    per_class=[{"label": "no", "precision": 1.0, "recall": 0.5, "f1": 2 / 3}],
    threshold=0.125,
    scores=np.array([[0.9, 0.1], [0.2, 0.8]], dtype=np.float32),
)


def test_a_recorded_result_comes_back_as_it_was(store, experiments):
    """Measures, threshold and probabilities survive the database unchanged."""
    experiment = experiments()[0]
    store.record(experiment, DONE, "me", "{}")
    row = store.results([experiment]).iloc[0]
    assert row["average_precision"] == 0.25
    assert row["threshold"] == 0.125
    assert (row["status"], row["reason"]) == ("done", "")
    scores = store.scores([experiment.key])[experiment.key]
    np.testing.assert_array_equal(scores, DONE.scores)


def test_histories_come_back_and_are_forgotten_with_their_result(store, experiments):
    """An outcome without one has none; a key that is run again starts without."""
    with_one, without = experiments()[:2]
    series = {"drawn": np.array([[0.25, 0.75], [0.5, 0.5]])}
    history = History("draw", np.array([1, 2]), series, ["no", "yes"], {"kept": 2.0})
    store.record(with_one, replace(DONE, history=history), "me", "{}")
    store.record(without, DONE, "me", "{}")
    keys = [with_one.key, without.key]
    (found,) = store.histories(keys).values()
    assert found.to_json() == history.to_json()
    store.forget(keys)
    assert store.histories(keys) == {}


def test_a_store_from_before_there_were_histories_is_opened(tmp_path, experiments):
    """Its results are there, and new ones bring theirs."""
    url = file_url(tmp_path / "old.sqlite")
    experiment = experiments()[0]
    with Store(url) as store:
        store.record(experiment, DONE, "me", "{}")
    with sqlite3.connect(tmp_path / "old.sqlite") as connection:
        connection.execute("DROP TABLE trimtab_histories")
    with Store(url) as store:
        assert list(store.statuses([experiment.key]).values()) == ["done"]
        assert store.histories([experiment.key]) == {}


def test_a_result_deleted_by_hand_is_recorded_again(tmp_path, experiments):
    """What belonged to the old one does not stand in its way."""
    experiment = experiments()[0]
    with Store(file_url(tmp_path / "own.sqlite")) as store:
        store.record(experiment, DONE, "me", "{}")
        with sqlite3.connect(tmp_path / "own.sqlite") as connection:
            connection.execute("DELETE FROM trimtab_results")
        other = replace(DONE, scores=DONE.scores[::-1].copy())
        store.record(experiment, other, "me", "{}")
        assert list(store.statuses([experiment.key]).values()) == ["done"]
        scores = store.scores([experiment.key])[experiment.key]
        np.testing.assert_array_equal(scores, other.scores)


def test_results_come_in_the_order_asked_for(store, experiments):
    """The order of the answer is that of the question; the unknown have no row."""
    wanted = experiments()
    for experiment in (wanted[2], wanted[0]):
        store.record(experiment, DONE, "me", "{}")
    assert list(store.results(wanted)["fold"]) == [0, 2]
    assert list(store.results(wanted[::-1])["fold"]) == [2, 0]


def test_an_empty_store_gives_an_empty_table(store, experiments):
    """Asking before anything was run is no error."""
    assert store.results(experiments()).empty
    assert store.scores(["nothing"]) == {}


def test_a_key_is_stored_once(store, experiments):
    """A second result of the same experiment does not replace the first."""
    experiment = experiments()[0]
    store.record(experiment, DONE, "me", "{}")
    store.record(experiment, Outcome("error", "late"), "other", "{}")
    assert list(store.results([experiment])["status"]) == ["done"]


def test_only_one_of_many_claimers_gets_a_key(store, experiments):
    """Eight threads that claim the same keys at once share them without overlap."""
    keys = [experiment.key for experiment in experiments(n_repeats=5)]
    won: list[str] = []

    def claim(owner: str) -> None:
        won.extend(key for key in keys if store.claim(key, owner))

    threads = [threading.Thread(target=claim, args=(f"r{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted(keys)


def test_a_finished_key_cannot_be_claimed(store, experiments):
    """A result stands in the way of a claim, and leaves none behind."""
    experiment = experiments()[0]
    assert store.claim(experiment.key, "me")
    store.record(experiment, DONE, "me", "{}")
    assert store.claims([experiment.key]) == []
    assert not store.claim(experiment.key, "other")
    assert store.claims([experiment.key]) == []


def test_a_claim_that_has_beaten_is_not_released(store):
    """Taking over needs the claim to be as it was seen: the living keep theirs."""
    store.claim("k", "me")
    [seen] = store.claims(["k"])
    store.beat("me")
    store.release(seen)
    assert store.claims(["k"]) == [Claim("k", "me", 1)]
    store.release(Claim("k", "me", 1))
    assert store.claims(["k"]) == []


def test_forgotten_results_can_be_run_again(store, experiments):
    """Forgetting deletes the result with its probabilities, and no other."""
    first, second = experiments()[:2]
    for experiment in (first, second):
        store.record(experiment, DONE, "me", "{}")
    store.forget([first.key])
    assert store.statuses([first.key, second.key]) == {second.key: "done"}
    assert store.claim(first.key, "me")


def test_many_keys_are_asked_for_in_pieces(store):
    """More keys than a database takes as variables are no problem."""
    assert store.statuses(f"{i:032d}" for i in range(40_000)) == {}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "is not understood"),
        ("oracel://x", "is not understood"),
        ("sqlite://", "is in memory, where nothing lasts: name a file"),
        ("sqlite:///:memory:", "is in memory"),
        ("sqlite:///file::memory:?cache=shared&uri=true", "is in memory"),
        ("sqlite:////", "is a folder: name a file in it"),
        ("sqlite:////proc/no/such/store.sqlite", "is not understood|cannot be opened"),
        (
            "postgresql+psycopg://user:secret@127.0.0.1:1/db",
            r"user:\*\*\*@127.0.0.1:1/db cannot be opened",
        ),
    ],
)
def test_a_store_that_cannot_be_opened_says_so_in_a_line(url, message):
    """The error names the URL, without its password, and what to do."""
    with pytest.raises(InputError, match=message) as caught:
        Store(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_says_so(tmp_path: Path):
    """A file of something else is left alone."""
    path = tmp_path / "notes.sqlite"
    path.write_text("my notes, nothing else " * 100)
    with pytest.raises(InputError, match=r"is damaged, or no store .*restore it"):
        Store(f"sqlite:///{path}")
    assert path.read_text().startswith("my notes")


def _filled(path: Path, experiments: list[Experiment]) -> sa.URL:
    """Return the URL of a file with a result of each experiment."""
    url = file_url(path)
    with Store(url) as store:
        for experiment in experiments:
            store.record(experiment, DONE, "me", "{}")
    return url


@pytest.mark.parametrize(
    "reading",
    [
        lambda store, todo: store.results(todo),
        lambda store, todo: store.scores([todo[0].key]),
        lambda store, todo: store.histories([todo[0].key]),
        lambda store, todo: store.statuses([todo[0].key]),
        lambda store, todo: store.claim("a", "me"),
        lambda store, todo: store.trials.forget(["a"]) or store.results(todo),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, experiments, reading):
    """A disk that failed behind the first page: one line, with the way out."""
    path = tmp_path / "own.sqlite"
    todo = experiments()
    url = _filled(path, todo)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(np.random.default_rng(0).bytes(size - 4096))
    with pytest.raises(InputError, match=r"own\.sqlite is damaged, .*bench import"):
        reading(Store(url, must_exist=True), todo)


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every place be one that cannot be written, as nothing stops root."""
    monkeypatch.setattr("trimtab.benchmark.database.os.access", lambda *_: False)


def test_a_store_on_a_disk_that_cannot_be_written_is_read(
    tmp_path: Path, experiments, read_only
):
    """Nothing is written: no tables, no journal beside the file, no byte of it."""
    path = tmp_path / "what?x=1#%41" / "own.sqlite"
    todo = experiments()
    url = _filled(path, todo)
    before = path.read_bytes()
    with Store(url, must_exist=True) as store:
        assert len(store.results(todo)) == len(todo)
        with pytest.raises(InputError, match=r"used any more \(attempt to write"):
            store.forget([todo[0].key])
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["own.sqlite"]


def test_what_a_runner_has_just_written_is_read_too(
    tmp_path: Path, experiments, read_only
):
    """Where one is at work, its last results lie beside the file."""
    todo = experiments()
    url = _filled(tmp_path / "own.sqlite", [])
    with Store(url) as runner:
        runner.record(todo[0], DONE, "me", "{}")
        with Store(url, must_exist=True) as reader:
            assert len(reader.results(todo)) == 1


def test_a_file_without_results_that_cannot_be_written(tmp_path: Path, read_only):
    """It is told, and not by the database's own words."""
    with sqlite3.connect(tmp_path / "other.sqlite") as connection:
        connection.execute("CREATE TABLE mine (x)")
    with pytest.raises(InputError, match="has no results and cannot be written"):
        Store(file_url(tmp_path / "other.sqlite"), must_exist=True)


def test_a_file_is_no_server(tmp_path: Path, monkeypatch):
    """Where a file cannot be opened, there is no server to start."""
    path = tmp_path / "own.sqlite"
    place = path.absolute().as_uri() + "?mode=ro"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (x)")
    real = sqlite3.connect
    monkeypatch.setattr(
        "sqlite3.dbapi2.connect", lambda *_, **options: real(place, uri=True)
    )
    with pytest.raises(InputError, match=r"cannot be opened .* its folder one that"):
        Store(file_url(path))


def test_the_server_may_be_away_for_a_moment(store, experiments, monkeypatch):
    """An operation is repeated while the database cannot be reached."""
    from sqlalchemy.exc import OperationalError

    begin, calls = store._engine.begin, []

    def sometimes():
        calls.append(1)
        if len(calls) < 3:
            raise OperationalError(
                "BEGIN", {}, sqlite3.OperationalError("database is locked")
            )
        return begin()

    monkeypatch.setattr(store._engine, "begin", sometimes)
    assert store.claim("k", "me")
    assert len(calls) == 3


def test_many_can_open_an_empty_store_at_once(store_url):
    """Whoever comes second to the making of the tables waits for it."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(6)

    def open_it() -> None:
        barrier.wait()
        try:
            Store(store_url).close()
        except InputError as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_file_name_with_odd_characters_is_a_file_name(tmp_path: Path):
    """A question mark in a folder's name is no query of a URL."""
    path = tmp_path / "what?x=1#%41" / "store.sqlite"
    Store(file_url(path)).close()
    assert path.is_file()
