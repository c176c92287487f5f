"""The writer: order, batches, what is taken back, and waiting while serving."""

import threading
from collections.abc import Callable

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from afresh.boot.journal import BATCH_ENTRIES, JournalWriter
from afresh.channel.endpoint import MAX_BYTES
from afresh.channel.messages import Consumed
from afresh.reload.journal import Entry, Exec, Find, Listing, Read, Signature, Stat
from afresh.testing.deadline import PATIENCE

SIGNATURE = Signature(1, 2, 3, 4, 5)


def writer() -> tuple[JournalWriter, list[tuple[Entry, ...]]]:
    batches: list[tuple[Entry, ...]] = []
    return JournalWriter(batches.append), batches


def in_thread(call: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


def test_entries_are_handed_over_once_and_in_order() -> None:
    journal, batches = writer()
    first, second = Find("a", ("/x",)), Exec("a", "/x/a.py", SIGNATURE)
    for entry in (first, second, first):
        journal.add(entry)
    assert batches == []
    journal.flush()
    journal.flush()
    journal.add(Exec("a", "/x/a.py", SIGNATURE))
    journal.flush()
    assert batches == [(first, second)]


def test_full_batch_is_handed_over_at_once() -> None:
    journal, batches = writer()
    entries = [Find(f"m{number}", ("/x",)) for number in range(BATCH_ENTRIES + 1)]
    for entry in entries:
        journal.add(entry)
    assert batches == [tuple(entries[:BATCH_ENTRIES])]
    journal.flush()
    assert batches[1:] == [(entries[-1],)]


NAMES = st.text(st.characters(blacklist_categories=["Cs"]), max_size=300)


@given(st.lists(st.builds(Find, NAMES, st.lists(NAMES, max_size=40).map(tuple)), max_size=300))
def test_every_batch_fits_one_packet(entries: list[Find]) -> None:
    journal, batches = writer()
    for entry in entries:
        journal.add(entry)
    journal.flush()
    assert [entry for batch in batches for entry in batch] == list(dict.fromkeys(entries))
    assert all(len(msgspec.msgpack.encode(Consumed(batch, 2**63))) <= MAX_BYTES for batch in batches)


def test_long_names_fill_a_batch_sooner() -> None:
    journal, batches = writer()
    for number in range(100):
        journal.add(Listing(f"/{number}/" + "é" * 4_000))
    journal.flush()
    assert len(batches) > 4
    assert all(len(msgspec.msgpack.encode(Consumed(batch, 1))) <= MAX_BYTES for batch in batches)


def test_names_that_are_not_utf_8_are_told_as_well() -> None:
    journal, batches = writer()
    entries = (Listing("/x/\udcff"), Find("a", ("/x\udcff",)))
    for entry in entries:
        journal.add(entry)
    journal.flush()
    assert batches == [entries]


def test_own_output_is_taken_back_until_it_is_flushed() -> None:
    journal, batches = writer()
    journal.add(Read("/x/state", SIGNATURE))
    journal.add(Stat("/x/state", "file"))
    journal.add(Listing("/x"))
    journal.forget("/x/state")
    journal.flush()
    assert batches == [(Listing("/x"),)]
    journal.add(Read("/x/state", SIGNATURE))
    journal.flush()
    assert batches[1:] == [(Read("/x/state", SIGNATURE),)]


def test_send_may_note_entries_itself() -> None:
    """Sending imports something for the first time; the collector runs a finaliser that opens a file."""
    batches: list[tuple[Entry, ...]] = []

    def send(entries: tuple[Entry, ...]) -> None:
        batches.append(entries)
        journal.add(Find(f"inner{len(batches)}", ("/x",))) if len(batches) < 3 else None
        journal.flush()

    journal = JournalWriter(send)
    journal.add(Find("outer", ("/x",)))
    journal.flush()
    assert [entry.stem for batch in batches for entry in batch if isinstance(entry, Find)] == [
        "outer",
        "inner1",
        "inner2",
    ]


def test_thread_that_meets_a_sender_does_not_wait() -> None:
    """It may hold the lock of a module that the sender is about to import."""
    batches: list[tuple[Entry, ...]] = []
    is_sending, may_go_on = threading.Event(), threading.Event()

    def send(entries: tuple[Entry, ...]) -> None:
        batches.append(entries)
        is_sending.set()
        assert may_go_on.wait(PATIENCE)

    journal = JournalWriter(send)
    journal.add(Listing("/first"))
    sender = in_thread(journal.flush)
    assert is_sending.wait(PATIENCE)
    journal.add(Listing("/second"))
    journal.flush()
    assert len(batches) == 1
    may_go_on.set()
    sender.join(PATIENCE)
    assert batches == [(Listing("/first"),), (Listing("/second"),)]


def test_no_entry_is_lost_between_threads() -> None:
    journal, batches = writer()
    ready = threading.Barrier(4)

    def work(number: int) -> None:
        ready.wait(PATIENCE)
        for count in range(2_000):
            journal.add(Find(f"m{number}_{count}", ("/x",)))
            if count % 100 == 0:
                journal.flush()

    threads = [in_thread(lambda number=number: work(number)) for number in range(4)]  # type: ignore[misc]
    for thread in threads:
        thread.join(PATIENCE)
    journal.flush()
    stems = [entry.stem for batch in batches for entry in batch if isinstance(entry, Find)]
    assert len(stems) == len(set(stems)) == 8_000
    for number in range(4):
        mine = [stem for stem in stems if stem.startswith(f"m{number}_")]
        assert mine == [f"m{number}_{count}" for count in range(2_000)]


def test_serving_sends_at_once_and_waits_for_what_takes_effect() -> None:
    journal, batches = writer()
    journal.add(Read("/boot", None))
    confirmed: list[tuple[Entry, ...]] = []
    in_thread(lambda: journal.serve(confirmed.append)).join(PATIENCE)
    assert batches == [(Read("/boot", None),)]
    assert journal.waits
    journal.add(Find("lazy", ("/x",)))
    assert batches[1:] == [(Find("lazy", ("/x",)),)]
    journal.cover(Find("lazy", ("/x",)), Exec("lazy", "/x/lazy.py", SIGNATURE))
    assert confirmed == [(Exec("lazy", "/x/lazy.py", SIGNATURE),)]
    journal.cover(Exec("lazy", "/x/lazy.py", SIGNATURE))
    assert len(confirmed) == 1


def test_second_thread_with_the_same_entry_waits_as_well() -> None:
    journal, _ = writer()
    asked, answers = threading.Semaphore(0), threading.Semaphore(0)

    def confirm(entries: tuple[Entry, ...]) -> None:
        asked.release()
        assert answers.acquire(timeout=PATIENCE)

    journal.serve(confirm)
    threads = [in_thread(lambda: journal.cover(Listing("/x"))) for _ in range(2)]
    assert asked.acquire(timeout=PATIENCE)
    assert asked.acquire(timeout=PATIENCE)
    assert all(thread.is_alive() for thread in threads)
    answers.release(2)
    for thread in threads:
        thread.join(PATIENCE)
    in_thread(lambda: journal.cover(Listing("/x"))).join(PATIENCE)
    assert not asked.acquire(blocking=False)


def test_thread_that_reads_the_channel_never_waits() -> None:
    journal, batches = writer()
    journal.serve(lambda entries: (_ for _ in ()).throw(AssertionError("it would wait for itself")))
    assert not journal.waits
    journal.cover(Listing("/x"))
    assert batches == [(Listing("/x"),)]


def test_what_another_thread_is_sending_is_settled_as_well() -> None:
    """The confirmation that is waited for comes after all that was added before, whoever sends it."""
    told: list[object] = []
    sending, go_on = threading.Event(), threading.Event()
    read, other = Read("/x/words.txt", SIGNATURE), Read("/x/other.txt", SIGNATURE)

    def send(batch: tuple[Entry, ...]) -> None:
        sending.set()
        assert go_on.wait(PATIENCE)
        told.extend(batch)

    journal = JournalWriter(send)
    # By a thread that lives on: another one might get the number of one that has ended, and be taken for it.
    journal.serve(lambda entries: told.append(("confirmed", entries)))
    busy = in_thread(lambda: journal.add(other))
    assert sending.wait(PATIENCE)

    def import_something() -> None:
        journal.add(read)
        journal.settle()

    settling = in_thread(import_something)
    go_on.set()
    settling.join(PATIENCE)
    busy.join(PATIENCE)
    assert told == [other, read, ("confirmed", ())]


def test_the_thread_that_reads_the_channel_does_not_wait_to_settle() -> None:
    journal, batches = writer()
    journal.serve(lambda entries: (_ for _ in ()).throw(AssertionError("it would wait for itself")))
    journal.settle()
    assert batches == []
