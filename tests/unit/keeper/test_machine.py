"""The machine: sequences of events in, effects out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afresh.channel.messages import Failure
from afresh.keeper import machine as m

BROKEN = Failure("error", "NameError: name 'x' is not defined")
CHECKS = Failure("checks", "System check identified some issues.")


def started() -> tuple[m.Machine, list[m.Effect]]:
    machine = m.Machine()
    return machine, machine.start(adopted=False)


def serving() -> m.Machine:
    """Generation 1: boot 1 is a checkpoint, server 2 answers."""
    machine, _ = started()
    machine.step(m.BootReady(1, forks=True, checks=False))
    machine.step(m.Serving(2))
    return machine


def forked(parent: int, handle: int, generation: int) -> list[m.Effect]:
    """What brings up a server."""
    return [m.ForkFrom(parent, handle, m.Role.SERVER), m.GoOn(handle, parent), m.Serve(handle, generation)]


def kinds(effects: list[m.Effect]) -> list[type]:
    return [type(effect) for effect in effects]


def test_the_first_boot_is_started() -> None:
    _, effects = started()
    assert effects == [m.Spawn(1, m.Role.BOOT, 1), m.ArmBound(1)]


def test_an_adopted_first_boot_is_not_started_again() -> None:
    assert m.Machine().start(adopted=True) == [m.ArmBound(1)]


def test_a_ready_boot_forks_a_server() -> None:
    machine, _ = started()
    effects = machine.step(m.BootReady(1, forks=True, checks=False))
    assert effects == [m.ForkFrom(1, 2, m.Role.SERVER), m.GoOn(2, 1), m.Serve(2, 1)]


def test_a_boot_that_cannot_fork_serves_by_itself() -> None:
    machine, _ = started()
    assert machine.step(m.BootReady(1, forks=False, checks=True)) == [m.Serve(1, 1)]
    assert machine.step(m.Serving(1)) == [m.Route(1), m.Answering(1, "start", False), m.ArmChecks(1)]
    assert machine.step(m.ChecksDue(1)) == [m.RunChecks(1)]


def test_what_was_ready_before_a_boot_that_cannot_fork_has_other_code() -> None:
    machine = serving()
    machine.step(m.Edited("apps.py"))
    machine.step(m.BootReady(3, forks=False, checks=True))
    machine.step(m.Serving(3))
    assert machine.step(m.ChecksDue(2)) == [m.RunChecks(3)]
    assert m.Spawn(4, m.Role.BOOT, 2) in machine.step(m.Ended(3, -11))


def test_checks_run_in_a_fork_of_their_own_once_the_server_answers() -> None:
    machine, _ = started()
    machine.step(m.BootReady(1, forks=True, checks=True))
    assert machine.step(m.Serving(2))[-1] == m.ArmChecks(1)
    assert machine.step(m.ChecksDue(1)) == [m.ForkFrom(1, 3, m.Role.CHECKS), m.GoOn(3, 1)]
    assert machine.step(m.ChecksDue(1)) == []


def test_an_edit_drains_the_server_and_starts_a_boot() -> None:
    machine = serving()
    effects = machine.step(m.Edited("views.py"))
    assert effects == [m.Route(None), m.Spawn(3, m.Role.BOOT, 2), m.Drain(2), m.ArmBound(2)]


def test_the_old_checkpoint_stays_until_its_successor_is_ready_and_its_last_server_gone() -> None:
    machine = serving()
    machine.step(m.Edited("views.py"))
    assert machine.step(m.Ended(2, 0)) == []
    # To end it is work: not before whoever waits has the answer.
    assert m.Stop(1) not in machine.step(m.BootReady(3, forks=True, checks=False))
    assert machine.step(m.Serving(4))[-1] == m.Stop(1)
    machine = serving()
    machine.step(m.Edited("views.py"))
    machine.step(m.BootReady(3, forks=True, checks=False))
    assert m.Stop(1) not in machine.step(m.Serving(4))
    assert machine.step(m.Ended(2, 0)) == [m.Stop(1)]


def test_a_boot_leaves_checkpoints_behind() -> None:
    machine, _ = started()
    assert machine.step(m.Stood(1)) == [m.KeepCheckpoint(2, 1)]
    assert machine.step(m.Stood(1)) == [m.KeepCheckpoint(3, 1)]
    assert (machine.records[1].parent, machine.records[3].parent) == (3, 2)
    effects = machine.step(m.BootReady(1, forks=True, checks=False))
    assert effects == [m.ForkFrom(1, 4, m.Role.SERVER), m.GoOn(4, 1), m.Serve(4, 1)]


def resumable() -> m.Machine:
    """Checkpoint 2 stands in the middle, 1 is ready, server 3 answers."""
    machine, _ = started()
    machine.step(m.Stood(1))
    machine.step(m.BootReady(1, forks=True, checks=False))
    machine.step(m.Serving(3))
    return machine


def test_an_edit_goes_on_from_the_ready_checkpoint() -> None:
    effects = resumable().step(m.Edited("views.py:detail", at=1))
    begun = [m.ForkFrom(1, 4, m.Role.SERVER), m.GoOn(4, 1), m.Serve(4, 2)]
    assert effects == [m.Route(None), *begun, m.Drain(3), m.ArmBound(2)]


def test_an_edit_takes_the_standby_that_was_forked_ahead() -> None:
    machine = resumable()
    assert machine.step(m.StandbyDue(1)) == [m.ForkFrom(1, 4, m.Role.SERVER)]
    assert machine.step(m.StandbyDue(1)) == []
    effects = machine.step(m.Edited("views.py:detail", at=1))
    assert effects == [m.Route(None), m.GoOn(4, 1), m.Serve(4, 2), m.Drain(3), m.ArmBound(2)]
    machine.step(m.Serving(4))
    assert machine.step(m.StandbyDue(1)) == []
    assert machine.step(m.StandbyDue(2)) == [m.ForkFrom(1, 5, m.Role.SERVER)]


def test_a_standby_ends_with_what_it_was_forked_from() -> None:
    machine = resumable()
    machine.step(m.StandbyDue(1))
    assert machine.step(m.StandbyOutdated()) == [m.Kill(4, m.Force.KILL)]
    assert machine.step(m.StandbyDue(1)) == [m.ForkFrom(1, 5, m.Role.SERVER)]
    # Until its successor is there, what it was forked from may be gone on from.
    assert m.Kill(5, m.Force.KILL) not in machine.step(m.Edited("models.py", at=2))
    assert m.Kill(5, m.Force.KILL) not in machine.step(m.BootReady(6, forks=True, checks=False))
    assert m.Kill(5, m.Force.KILL) in machine.step(m.Serving(7))


def test_a_standby_ends_with_its_checkpoint() -> None:
    machine = resumable()
    machine.step(m.StandbyDue(1))
    assert machine.step(m.Ended(1, -9)) == [m.Kill(4, m.Force.KILL)]


def test_a_standby_ends_with_the_rest() -> None:
    machine = resumable()
    machine.step(m.StandbyDue(1))
    assert m.Stop(4) in machine.step(m.StopAsked())


def test_a_standby_that_is_killed_is_nothing_to_tell_of() -> None:
    machine = resumable()
    machine.step(m.StandbyDue(1))
    assert machine.step(m.Ended(4, -9)) == []


def test_an_edit_goes_on_in_the_middle_of_a_boot() -> None:
    machine = resumable()
    effects = machine.step(m.Edited("views.py", at=2))
    assert effects == [m.Route(None), m.ForkFrom(2, 4, m.Role.BOOT), m.GoOn(4, 2), m.Drain(3), m.ArmBound(2)]
    machine.step(m.Ended(3, 0))
    effects = machine.step(m.BootReady(4, forks=True, checks=False))
    assert effects == [m.ForkFrom(4, 5, m.Role.SERVER), m.GoOn(5, 4), m.Serve(5, 2)]
    assert machine.step(m.Serving(5))[-1] == m.Stop(1)
    assert machine.step(m.Ended(1, 0)) == []
    assert machine.records[2].stage is m.Stage.CHECKPOINT


def quickly_resumed(*, checks: bool = False) -> m.Machine:
    """As `resumable`, and then an edit in the middle, of which boot 4 was so quickly ready that it answers itself."""
    machine = resumable()
    machine.step(m.Edited("views.py", at=2))
    assert machine.step(m.BootReady(4, forks=True, checks=checks, is_quick=True)) == [m.Serve(4, 2)]
    assert machine.step(m.Serving(4)) == [m.Route(4), m.Answering(2, "views.py", False), m.ArmChecks(2)]
    return machine


def test_a_boot_that_was_quickly_there_answers_and_a_second_one_stays() -> None:
    machine = quickly_resumed(checks=True)
    assert machine.step(m.ChecksDue(2)) == [m.ForkFrom(2, 5, m.Role.BOOT), m.GoOn(5, 2)]
    assert machine.step(m.ChecksDue(2)) == []
    assert machine.step(m.BootReady(5, forks=True, checks=True)) == [
        m.ForkFrom(5, 6, m.Role.CHECKS),
        m.GoOn(6, 5),
    ]
    assert machine.step(m.Edited("views.py:detail", at=5))[:2] == [m.Route(None), m.ForkFrom(5, 7, m.Role.SERVER)]


def test_the_ready_checkpoint_before_a_quick_boot_ends() -> None:
    machine = quickly_resumed()
    assert m.Stop(1) in machine.step(m.Ended(3, 0))


def test_an_edit_ends_the_second_one() -> None:
    machine = quickly_resumed()
    machine.step(m.ChecksDue(2))
    effects = machine.step(m.Edited("views.py", at=2))
    assert m.Kill(5, m.Force.KILL) in effects
    assert m.ForkFrom(2, 6, m.Role.BOOT) in effects
    assert machine.step(m.BootReady(5, forks=True, checks=False)) == []


def test_a_second_one_that_does_not_come_changes_nothing() -> None:
    for event in (m.Ended(5, -9), m.Refused(5, 1), m.BootReady(5, forks=False, checks=False)):
        machine = quickly_resumed()
        machine.step(m.ChecksDue(2))
        machine.step(event)
        machine.step(m.Ended(5, 0))
        assert (machine.server, machine.failure, machine.ready) == (4, None, None)
        assert m.ForkFrom(2, 6, m.Role.BOOT) in machine.step(m.Edited("views.py", at=2))


def test_a_killed_server_that_was_no_fork_is_replaced_the_way_it_came() -> None:
    machine = quickly_resumed()
    assert machine.step(m.Ended(4, -9)) == [
        m.Route(None),
        m.ShowReplaced(-9),
        m.ForkFrom(2, 5, m.Role.BOOT),
        m.GoOn(5, 2),
        m.ArmBound(2),
    ]
    assert machine.step(m.BootReady(5, forks=True, checks=False, is_quick=True)) == [m.Serve(5, 2)]
    machine = quickly_resumed()
    machine.step(m.ChecksDue(2))
    machine.step(m.BootReady(5, forks=True, checks=False))
    assert machine.step(m.Ended(4, -9)) == [m.Route(None), m.ShowReplaced(-9), *forked(5, 6, 2), m.ArmBound(2)]


def test_a_first_boot_is_never_gone_through_twice() -> None:
    machine, _ = started()
    assert machine.step(m.BootReady(1, forks=True, checks=False, is_quick=True)) == forked(1, 2, 1)


def test_the_place_of_the_last_edit_has_a_standby_of_its_own() -> None:
    machine = quickly_resumed()
    assert machine.step(m.StandbyDue(2)) == [m.ForkFrom(2, 5, m.Role.BOOT)]
    machine.step(m.ChecksDue(2))
    machine.step(m.BootReady(6, forks=True, checks=False))
    assert machine.step(m.StandbyDue(2)) == [m.ForkFrom(6, 7, m.Role.SERVER)]
    # An edit elsewhere leaves it where it is; one in that place takes it.
    assert m.Kill(5, m.Force.KILL) not in machine.step(m.Edited("views.py:detail", at=6))
    machine.step(m.Serving(7))
    assert machine.step(m.Edited("views.py", at=2))[:2] == [m.Route(None), m.GoOn(5, 2)]
    assert machine.step(m.BootReady(5, forks=True, checks=False, is_quick=True))[0] == m.Serve(5, 4)


def test_where_the_last_edit_has_left_a_checkpoint_a_standby_waits() -> None:
    machine = resumable()
    assert machine.step(m.StandbyDue(1, place=99)) == [m.ForkFrom(1, 4, m.Role.SERVER)]
    assert machine.step(m.StandbyDue(1, place=2)) == [m.ForkFrom(2, 5, m.Role.BOOT)]
    assert m.GoOn(5, 2) in machine.step(m.Edited("views.py", at=2))


def test_what_mends_a_failure_has_a_standby() -> None:
    machine = resumable()
    machine.step(m.Edited("views.py", at=2))
    machine.step(m.Failed(2, BROKEN))
    machine.step(m.Ended(4, 1, explained=True))
    assert machine.step(m.StandbyDue(2)) == [], "the page comes first"
    machine.step(m.Serving(5))
    begun = [m.ForkFrom(1, 6, m.Role.SERVER), m.ForkFrom(2, 7, m.Role.BOOT)]
    assert machine.step(m.StandbyDue(2)) == begun
    assert m.GoOn(7, 2) in machine.step(m.Edited("views.py", at=2))


def test_a_standby_in_the_middle_is_not_kept_for_edits_of_functions() -> None:
    machine = resumable()
    machine.step(m.StandbyDue(1, place=2))
    machine.step(m.Edited("views.py:detail", at=1))
    machine.step(m.Serving(4))
    assert machine.step(m.StandbyDue(2, place=2)) == [m.Kill(5, m.Force.KILL), m.ForkFrom(1, 6, m.Role.SERVER)]


def test_an_edit_from_a_checkpoint_that_is_gone_starts_afresh() -> None:
    machine = resumable()
    machine.step(m.Ended(2, -9))
    assert m.Spawn(4, m.Role.BOOT, 2) in machine.step(m.Edited("views.py", at=2))


def test_checkpoints_of_boots_that_failed_do_not_pile_up() -> None:
    machine = resumable()
    for _ in range(3):
        effects = machine.step(m.Edited("models.py", at=2))
        boot = next(effect.handle for effect in effects if isinstance(effect, m.ForkFrom))
        machine.step(m.Stood(boot))
        machine.step(m.Failed(machine.generation, BROKEN))
        machine.step(m.Ended(boot, 1, explained=True))
    standing = [record.handle for record in machine.records.values() if record.stage is m.Stage.CHECKPOINT]
    assert standing == [1, 2, max(standing)]


def test_all_checkpoints_end_one_after_the_other() -> None:
    machine = resumable()
    machine.step(m.StopAsked())
    assert m.Stop(1) in machine.step(m.Ended(3, 0))
    assert machine.step(m.Ended(1, 0)) == [m.Stop(2)]
    assert machine.step(m.Ended(2, 0)) == [m.Finish(0)]


def test_checks_run_for_each_generation_of_one_checkpoint() -> None:
    machine, _ = started()
    machine.step(m.BootReady(1, forks=True, checks=True))
    machine.step(m.Serving(2))
    assert m.ForkFrom(1, 3, m.Role.CHECKS) in machine.step(m.ChecksDue(1))
    machine.step(m.Edited("views.py:detail", at=1))
    assert machine.step(m.Serving(4))[-1] == m.ArmChecks(2)
    assert m.ForkFrom(1, 5, m.Role.CHECKS) in machine.step(m.ChecksDue(2))


def test_an_edit_during_a_boot_ends_that_boot_and_starts_one_other() -> None:
    machine = serving()
    machine.step(m.Edited("views.py"))
    effects = machine.step(m.Edited("models.py"))
    assert m.Kill(3, m.Force.KILL) in effects
    assert [effect for effect in effects if isinstance(effect, m.Spawn)] == [m.Spawn(4, m.Role.BOOT, 3)]
    assert machine.step(m.BootReady(3, forks=True, checks=False)) == []


def test_an_edit_does_not_kill_a_server_that_may_hold_connections_already() -> None:
    machine, _ = started()
    machine.step(m.BootReady(1, forks=True, checks=False))
    effects = machine.step(m.Edited("views.py"))
    assert m.Drain(2) in effects
    assert m.Kill not in kinds(effects)
    assert machine.step(m.Serving(2)) == []


def test_an_edit_cancels_running_checks() -> None:
    machine, _ = started()
    machine.step(m.BootReady(1, forks=True, checks=True))
    machine.step(m.Serving(2))
    machine.step(m.ChecksDue(1))
    assert m.Kill(3, m.Force.KILL) in machine.step(m.Edited("views.py"))


def test_checks_that_an_edit_has_overtaken_do_not_start() -> None:
    machine, _ = started()
    machine.step(m.BootReady(1, forks=True, checks=True))
    machine.step(m.Serving(2))
    machine.step(m.Edited("views.py"))
    assert machine.step(m.ChecksDue(1)) == []


def test_a_failed_boot_is_answered_by_a_page_server() -> None:
    machine, _ = started()
    effects = machine.step(m.Failed(1, BROKEN))
    assert effects == [m.ShowFailure(BROKEN, 1), m.Spawn(2, m.Role.PAGE, 1, BROKEN)]
    assert machine.step(m.Ended(1, 1)) == []
    assert machine.step(m.Serving(2)) == [m.Route(2), m.Answering(1, "start", True)]


def test_a_boot_that_said_why_it_ends_is_not_a_second_failure() -> None:
    """Its failure may be in doubt while an edit is settled; its end must not bring it up in other words."""
    machine, _ = started()
    assert machine.step(m.Ended(1, 1, explained=True)) == []
    assert kinds(machine.step(m.Failed(1, BROKEN))) == [m.ShowFailure, m.Spawn]


def test_an_edit_after_a_failure_starts_again() -> None:
    machine, _ = started()
    machine.step(m.Failed(1, BROKEN))
    machine.step(m.Ended(1, 1))
    machine.step(m.Serving(2))
    effects = machine.step(m.Edited("views.py"))
    assert m.Drain(2) in effects
    assert m.Spawn(3, m.Role.BOOT, 2) in effects


def test_a_failure_of_an_older_generation_is_ignored() -> None:
    machine = serving()
    machine.step(m.Edited("views.py"))
    assert machine.step(m.Failed(1, CHECKS)) == []


def test_failed_checks_turn_the_generation_into_a_page_that_no_good_answer_follows() -> None:
    machine, _ = started()
    machine.step(m.BootReady(1, forks=True, checks=True))
    machine.step(m.Serving(2))
    machine.step(m.ChecksDue(1))
    page = m.Spawn(4, m.Role.PAGE, 1, CHECKS)
    assert machine.step(m.Failed(1, CHECKS)) == [m.ShowFailure(CHECKS, 1), m.Route(None), m.Drain(2), page]
    assert machine.step(m.Serving(4))[0] == m.Route(4)


def test_a_boot_that_dies_is_a_failure_like_any_other() -> None:
    machine, _ = started()
    effects = machine.step(m.Ended(1, -11))
    assert kinds(effects) == [m.ShowFailure, m.Spawn]
    assert machine.failure is not None
    assert "signal 11" in machine.failure.title


def test_a_refusal_at_the_first_start_ends_everything_with_its_status() -> None:
    machine, _ = started()
    effects = machine.step(m.Refused(1, 2)) + machine.step(m.Ended(1, 2))
    assert effects[-1] == m.Finish(2)


def test_a_refusal_later_is_shown() -> None:
    machine = serving()
    machine.step(m.Edited("settings.py"))
    assert kinds(machine.step(m.Refused(3, 0))) == [m.ShowFailure, m.Spawn]


def test_a_killed_server_is_replaced_from_its_checkpoint() -> None:
    machine = serving()
    effects = machine.step(m.Ended(2, -9))
    assert effects == [m.Route(None), m.ShowReplaced(-9), *forked(1, 3, 1), m.ArmBound(1)]


def test_a_killed_server_without_checkpoint_is_replaced_by_a_boot() -> None:
    machine = serving()
    machine.step(m.Ended(1, -9))
    assert machine.step(m.Ended(2, -9))[-2:] == [m.Spawn(3, m.Role.BOOT, 1), m.ArmBound(1)]


def test_a_server_that_ends_as_soon_as_it_serves_is_not_replaced_for_ever() -> None:
    machine = serving()
    effects = machine.step(m.Ended(2, 3, lasted=False))
    assert kinds(effects) == [m.Route, m.ShowReplaced, m.ForkFrom, m.GoOn, m.Serve, m.ArmBound], (
        "a request may have ended the first one"
    )
    [successor] = [effect.handle for effect in effects if isinstance(effect, m.Serve)]
    machine.step(m.Serving(successor))
    effects = machine.step(m.Ended(successor, 3, lasted=False))
    assert kinds(effects) == [m.Route, m.ShowFailure, m.Spawn]


def test_a_slow_boot_is_answered_by_a_waiting_page_until_it_is_ready() -> None:
    machine, _ = started()
    effects = machine.step(m.TooSlow(1, 30.0))
    assert kinds(effects) == [m.Spawn]
    machine.step(m.Serving(2))
    machine.step(m.BootReady(1, forks=True, checks=False))
    assert machine.step(m.Serving(3))[:2] == [m.Route(3), m.Drain(2)]


def test_a_waiting_page_that_comes_too_late_is_drained() -> None:
    machine, _ = started()
    machine.step(m.TooSlow(1, 30.0))
    machine.step(m.BootReady(1, forks=True, checks=False))
    machine.step(m.Serving(3))
    assert machine.step(m.Serving(2)) == [m.Drain(2)]
    assert machine.server == 3


def test_a_bound_that_passed_means_nothing_to_a_later_generation() -> None:
    machine = serving()
    machine.step(m.Edited("views.py"))
    assert machine.step(m.TooSlow(1, 30.0)) == []


def foreign() -> m.Machine:
    """Generation 1: boot 1 has a server of its own, which answers."""
    machine, _ = started()
    assert machine.step(m.Claims(1)) == [m.Yield(1)]
    assert machine.step(m.ServesByItself(1)) == [m.Answering(1, "start", False)]
    return machine


def test_a_foreign_server_is_gone_before_its_successor_starts() -> None:
    machine = foreign()
    effects = machine.step(m.Edited("views.py"))
    assert m.Kill(1, m.Force.TERMINATE) in effects
    assert m.Spawn not in kinds(effects)
    assert machine.step(m.Ended(1, 0)) == [m.Spawn(2, m.Role.BOOT, 2)]


def test_a_claim_waits_for_all_who_hold_the_listening_socket() -> None:
    """The project's command was exchanged for one with a server of its own while ours has requests to finish."""
    machine = serving()
    machine.step(m.Edited("settings.py"))
    assert machine.step(m.Claims(3)) == []
    assert machine.step(m.Ended(1, 0)) == []
    assert machine.step(m.Ended(2, 0)) == [m.Yield(3)]
    assert machine.step(m.ServesByItself(3)) == [m.Answering(2, "settings.py", False)]


def test_a_claim_ends_the_waiting_page_first() -> None:
    machine, _ = started()
    machine.step(m.TooSlow(1, 30.0))
    machine.step(m.Serving(2))
    assert machine.step(m.Claims(1)) == [m.Route(None), m.Drain(2)]
    assert machine.step(m.Ended(2, 0)) == [m.Yield(1)]


def test_a_claim_follows_a_page_that_shows_a_failure() -> None:
    machine = foreign()
    machine.step(m.Edited("views.py"))
    machine.step(m.Ended(1, 0))
    machine.step(m.Failed(2, BROKEN))
    machine.step(m.Ended(2, 1, explained=True))
    machine.step(m.Serving(3))
    assert m.Drain(3) in machine.step(m.Edited("views.py"))
    assert machine.step(m.Claims(4)) == []
    assert machine.step(m.Ended(3, 0)) == [m.Yield(4)]


def test_who_only_tried_the_port_is_served_by_us() -> None:
    machine, _ = started()
    machine.step(m.Claims(1))
    machine.step(m.Binds(1))
    assert machine.step(m.BootReady(1, forks=True, checks=False)) == forked(1, 2, 1)
    assert m.Answering(1, "start", False) in machine.step(m.Serving(2))


def test_the_claim_of_an_older_generation_is_not_heard() -> None:
    machine, _ = started()
    machine.step(m.Edited("views.py"))
    assert machine.step(m.Claims(1)) == []
    assert machine.step(m.ServesByItself(1)) == []


def test_whoever_goes_a_way_a_second_time_does_not_take_the_port() -> None:
    machine = quickly_resumed()
    machine.step(m.ChecksDue(2))
    assert machine.step(m.Claims(5)) == [m.Kill(5, m.Force.KILL)]
    assert machine.server == 4


def test_a_foreign_server_that_ends_is_answered_for() -> None:
    machine = foreign()
    effects = machine.step(m.Ended(1, -11))
    assert effects[0] == m.ShowFailure(Failure("exit", "The project's own server was ended by signal 11."), 1)
    assert kinds(effects[1:]) == [m.Spawn]


# ---- what only one process can have ---------------------------------------------------------------------------------

HELD = Failure("error", "BlockingIOError: [Errno 11] Resource temporarily unavailable")
# How a start can end on something that is held.
FAILURES_ON_WHAT_IS_HELD = (
    m.Failed(2, HELD, is_held=True),
    m.Ended(3, 1),
    m.Refused(3, 1),
)


def edited(machine: m.Machine) -> m.Machine:
    """Server 2 drains, checkpoint 1 stays, boot 3 starts."""
    machine.step(m.Edited("views.py"))
    return machine


def held() -> m.Machine:
    """As `edited`, and the start has failed on what an older process may hold."""
    machine = edited(serving())
    machine.step(m.Failed(2, HELD, is_held=True))
    machine.step(m.Ended(3, 1, explained=True))
    return machine


@pytest.mark.parametrize("event", FAILURES_ON_WHAT_IS_HELD)
def test_what_an_older_process_may_hold_is_no_failure_to_show(event: m.Event) -> None:
    machine = edited(serving())
    effects = machine.step(event)
    assert [kind for kind in kinds(effects) if kind in (m.ShowHeld, m.ShowFailure)] == [m.ShowHeld]
    effects += machine.step(m.Ended(3, 1, explained=True))
    # First the server, then the checkpoint that it came from, whose exit handlers may remove what it needs.
    assert m.Spawn not in kinds(effects)
    assert machine.step(m.Ended(2, 0)) == [m.Stop(1)]
    assert machine.step(m.Ended(1, 0)) == [m.Spawn(4, m.Role.BOOT, 2)]


@pytest.mark.parametrize("event", [m.Failed(2, BROKEN), m.Ended(3, -11), m.Refused(3, 0)])
def test_any_other_failure_is_shown_at_once(event: m.Event) -> None:
    assert kinds(edited(serving()).step(event)) == [m.ShowFailure, m.Spawn]


def test_what_fails_with_no_older_process_there_is_shown() -> None:
    machine, _ = started()
    assert kinds(machine.step(m.Failed(1, HELD, is_held=True))) == [m.ShowFailure, m.Spawn]


def test_what_fails_a_second_time_is_shown_and_proves_nothing() -> None:
    machine = held()
    machine.step(m.Ended(2, 0))
    machine.step(m.Ended(1, 0))
    assert kinds(machine.step(m.Failed(2, HELD, is_held=True))) == [m.ShowFailure, m.Spawn]
    machine.step(m.Ended(4, 1, explained=True))
    machine.step(m.Serving(5))
    assert not machine.is_exclusive
    assert m.Spawn(6, m.Role.BOOT, 3) in machine.step(m.Edited("views.py"))


def test_an_edit_while_the_old_end_is_what_starts_when_they_are_gone() -> None:
    machine = held()
    effects = machine.step(m.Edited("models.py"))
    assert m.Spawn not in kinds(effects)
    machine.step(m.Ended(2, 0))
    assert machine.step(m.Ended(1, 0)) == [m.Spawn(4, m.Role.BOOT, 3)]


def test_an_old_process_that_does_not_end_is_killed() -> None:
    machine = held()
    assert machine.step(m.DrainOverdue(2)) == [m.Kill(2, m.Force.KILL)]
    machine.step(m.Ended(2, -9))
    assert machine.step(m.DrainOverdue(1)) == [m.Kill(1, m.Force.KILL)]
    assert machine.step(m.Ended(1, -9)) == [m.Spawn(4, m.Role.BOOT, 2)]


def test_a_failed_start_that_hangs_in_its_exit_handlers_is_killed() -> None:
    machine = edited(serving())
    machine.step(m.Failed(2, HELD, is_held=True))
    machine.step(m.Ended(2, 0))
    machine.step(m.Ended(1, 0))
    assert machine.step(m.DrainOverdue(3)) == [m.Kill(3, m.Force.KILL)]
    assert machine.step(m.Ended(3, -9)) == [m.Spawn(4, m.Role.BOOT, 2)]


def test_a_waiting_page_answers_while_the_old_end() -> None:
    machine = held()
    [page] = machine.step(m.TooSlow(2, 30.0))
    assert isinstance(page, m.Spawn)
    assert page.failure is not None
    assert "end of the previous server" in page.failure.title
    machine.step(m.Serving(page.handle))
    machine.step(m.Ended(2, 0))
    [boot] = machine.step(m.Ended(1, 0))
    assert boot == m.Spawn(5, m.Role.BOOT, 2)
    machine.step(m.BootReady(5, forks=True, checks=False))
    assert machine.step(m.Serving(6))[:2] == [m.Route(6), m.Drain(page.handle)]


def test_the_end_that_is_asked_for_while_the_old_end_starts_nothing() -> None:
    machine = held()
    machine.step(m.StopAsked())
    effects = machine.step(m.Ended(2, 0)) + machine.step(m.Ended(1, 0))
    assert effects == [m.Stop(1), m.Finish(0)]


def exclusive() -> m.Machine:
    """Generation 2 came up when it was alone: boot 4 is a checkpoint, and server 5 answers."""
    machine = held()
    machine.step(m.Ended(2, 0))
    machine.step(m.Ended(1, 0))
    machine.step(m.BootReady(4, forks=True, checks=False))
    machine.step(m.Serving(5))
    assert machine.is_exclusive
    return machine


def test_from_then_on_the_old_end_before_the_new_begin() -> None:
    machine = exclusive()
    assert machine.step(m.Edited("views.py")) == [m.Route(None), m.Drain(5), m.ArmBound(3)]
    assert machine.step(m.Ended(5, 0)) == [m.Stop(4)]
    assert machine.step(m.Ended(4, 0)) == [m.Spawn(6, m.Role.BOOT, 3)]


def test_what_the_end_of_an_older_process_has_undone_is_made_again_when_it_is_alone() -> None:
    machine = serving()
    assert machine.step(m.Edited("run.pid", is_again=True)) == [m.Route(None), m.Drain(2), m.ArmBound(2)]
    assert machine.step(m.Ended(2, 0)) == [m.Stop(1)]
    assert machine.step(m.Ended(1, 0)) == [m.Spawn(3, m.Role.BOOT, 2)]
    machine.step(m.BootReady(3, forks=True, checks=False))
    assert m.FoundExclusive() in machine.step(m.Serving(4))


def test_what_is_gone_on_from_stays() -> None:
    machine = exclusive()
    assert machine.step(m.Edited("views.py:detail", at=4)) == [m.Route(None), m.Drain(5), m.ArmBound(3)]
    assert machine.step(m.Ended(5, 0)) == forked(4, 6, 3)


def test_what_is_gone_on_from_ends_after_all() -> None:
    machine = exclusive()
    machine.step(m.Edited("views.py:detail", at=4))
    assert machine.step(m.Ended(4, -9)) == []
    assert machine.step(m.Ended(5, 0)) == [m.Spawn(6, m.Role.BOOT, 3)]


def test_an_edit_takes_the_way_of_another_that_still_waits() -> None:
    machine = exclusive()
    machine.step(m.Edited("views.py:detail", at=4))
    assert m.Spawn not in kinds(machine.step(m.Edited("settings.py")))
    assert machine.step(m.Ended(5, 0)) == [m.Stop(4)]
    # It is ending: nothing can be gone on from there any more.
    machine.step(m.Edited("views.py:detail", at=4))
    assert machine.step(m.Ended(4, 0)) == [m.Spawn(6, m.Role.BOOT, 5)]


def test_nothing_is_repeated_beside_a_server_that_has_what_only_one_can_have() -> None:
    machine, _ = started()
    machine.is_exclusive = True
    machine.step(m.Stood(1))
    machine.step(m.BootReady(1, forks=True, checks=True))
    machine.step(m.Serving(3))
    machine.step(m.Edited("views.py", at=2))
    machine.step(m.Ended(3, 0))
    assert m.ForkFrom(2, 4, m.Role.BOOT) in machine.step(m.Ended(1, 0))
    assert machine.step(m.BootReady(4, forks=True, checks=True, is_quick=True)) == forked(4, 5, 2)


def test_a_start_that_waits_for_a_lock_gets_it_from_the_old() -> None:
    machine = edited(serving())
    assert machine.step(m.Stuck(2)) == [m.ShowHeld(2, None)]
    assert machine.step(m.Stuck(2)) == []
    assert machine.step(m.Ended(2, 0)) == [m.Stop(1)]
    machine.step(m.Ended(1, 0))
    machine.step(m.BootReady(3, forks=True, checks=False))
    machine.step(m.Serving(4))
    assert machine.is_exclusive


def test_a_start_that_asks_again_and_again_gets_it_when_it_is_slow() -> None:
    machine = edited(serving())
    machine.step(m.Ended(2, 0))
    assert m.Stop(1) in machine.step(m.TooSlow(2, 30.0))


def test_a_lock_that_nobody_of_ours_has_is_waited_for() -> None:
    machine, _ = started()
    assert machine.step(m.Stuck(1)) == []


def test_failures_that_alternate_leave_no_processes_behind() -> None:
    machine = resumable()
    for number in range(6):
        effects = machine.step(m.Edited("models.py", at=2 if 2 in machine.records else None))
        for record in list(machine.records.values()):
            if record.stage in (m.Stage.DRAINING, m.Stage.ENDING) and record.generation != machine.generation:
                effects += machine.step(m.Ended(record.handle, 0))
        boot = next((e.handle for e in effects if isinstance(e, m.ForkFrom | m.Spawn) and e.role is m.Role.BOOT), None)
        assert boot is not None
        failure, is_held = ((BROKEN, False), (HELD, True))[number % 2]
        effects = machine.step(m.Failed(machine.generation, failure, is_held))
        effects += machine.step(m.Ended(boot, 1, explained=True))
        for _ in range(3):
            for effect in list(effects):
                if isinstance(effect, m.Stop | m.Kill):
                    effects += machine.step(m.Ended(effect.handle, 0))
        again = machine.starting
        if again is not None:
            machine.step(m.Failed(machine.generation, failure, is_held))
            machine.step(m.Ended(again, 1, explained=True))
        page = next(
            r.handle for r in machine.records.values() if r.role is m.Role.PAGE and r.generation == machine.generation
        )
        machine.step(m.Serving(page))
        assert machine.failure is not None
    assert len(machine.records) <= 3, machine


def test_a_draining_server_that_takes_too_long_is_killed() -> None:
    machine = serving()
    machine.step(m.Edited("views.py"))
    assert machine.step(m.DrainOverdue(2)) == [m.Kill(2, m.Force.KILL)]
    machine.step(m.Ended(2, -9))
    assert machine.step(m.DrainOverdue(2)) == []


def test_the_end_stops_the_server_then_its_checkpoint_then_finishes() -> None:
    machine = serving()
    assert machine.step(m.StopAsked()) == [m.ArmStop(), m.Stop(2)]
    assert machine.step(m.Ended(2, 0)) == [m.Route(None), m.Stop(1)]
    assert machine.step(m.Ended(1, 0)) == [m.Finish(0)]


def test_asking_twice_for_the_end_kills() -> None:
    machine = serving()
    machine.step(m.StopAsked())
    assert set(machine.step(m.StopAsked())) == {m.Kill(1, m.Force.KILL), m.Kill(2, m.Force.KILL)}


def test_the_end_is_reached_even_if_a_process_does_not_end() -> None:
    machine = serving()
    machine.step(m.StopAsked())
    assert machine.step(m.StopOverdue()) == [m.Kill(1, m.Force.KILL), m.Kill(2, m.Force.KILL), m.Finish(0)]


def test_a_boot_that_is_not_ready_is_terminated_at_the_end() -> None:
    machine, _ = started()
    assert machine.step(m.StopAsked()) == [m.ArmStop(), m.Kill(1, m.Force.TERMINATE)]


def test_a_twin_is_started_once_and_outlives_edits() -> None:
    machine = serving()
    assert machine.step(m.TwinWanted()) == [m.Spawn(3, m.Role.TWIN, 1)]
    assert machine.step(m.TwinWanted()) == []
    effects = machine.step(m.Edited("views.py"))
    assert not [effect for effect in effects if getattr(effect, "handle", None) == 3]
    assert m.Kill(3, m.Force.TERMINATE) in machine.step(m.StopAsked())


handles = st.integers(min_value=1, max_value=8)
events = st.one_of(
    st.builds(m.Edited, st.just("views.py")),
    st.builds(m.BootReady, handles, st.booleans(), st.booleans()),
    st.builds(m.Claims, handles),
    st.builds(m.Binds, handles),
    st.builds(m.ServesByItself, handles),
    st.builds(m.Serving, handles),
    st.builds(m.Failed, handles, st.sampled_from([BROKEN, CHECKS]), st.booleans()),
    st.builds(m.Stuck, st.integers(1, 4)),
    st.builds(m.Refused, handles, st.integers(0, 3)),
    st.builds(m.Ended, handles, st.integers(-11, 3), st.booleans(), st.booleans()),
    st.builds(m.TooSlow, st.integers(1, 4), st.just(30.0)),
    st.builds(m.DrainOverdue, handles),
    st.builds(m.ChecksDue, st.integers(1, 4)),
    st.just(m.TwinWanted()),
)


@given(st.lists(events, max_size=40), st.booleans())
def test_in_any_order_nobody_old_answers_and_the_end_is_reached(order: list[m.Event], is_exclusive: bool) -> None:
    machine, effects = started()
    machine.is_exclusive = is_exclusive
    for event in order:
        new = machine.step(event)
        effects += new
        if machine.is_exclusive and m.Spawn in kinds(new):
            projects = [record for record in machine.records.values() if record.role not in (m.Role.PAGE, m.Role.TWIN)]
            began = [effect.handle for effect in new if isinstance(effect, m.Spawn) and effect.role is m.Role.BOOT]
            assert not began or [record.handle for record in projects] == began
        if machine.server is not None:
            assert machine.records[machine.server].generation == machine.generation
        boots = [
            record
            for record in machine.records.values()
            if record.role is m.Role.BOOT
            and record.generation == machine.generation
            and record.stage is not m.Stage.ENDING
        ]
        assert len(boots) <= 1
    effects += machine.step(m.StopAsked())
    for handle in list(machine.records):
        effects += machine.step(m.Ended(handle, 0))
    assert m.Finish in kinds(effects)
    assert machine.records == {}


def test_the_application_is_what_may_have_answered_with_the_present_code() -> None:
    """That it serves is known later than it does: what it has read since then counts from the first moment."""
    machine, _ = started()
    events: list[tuple[m.Event, int | None]] = [
        (m.BootReady(1, forks=True, checks=False), 2),
        (m.Serving(2), 2),
        (m.Edited("views.py", 1), 3),
        (m.Failed(2, CHECKS), None),
        (m.Edited("apps.py"), None),
        (m.TooSlow(3, 30.0), None),
    ]
    seen = []
    for event, _ in events:
        machine.step(event)
        seen.append(machine.application)
    assert seen == [application for _, application in events]
