"""The server: serving threads answer, the main thread obeys the keeper."""

import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

from afresh import native
from afresh.boot.application import Application
from afresh.boot.control import Control
from afresh.boot.ending import end
from afresh.boot.error import error_page, refused_host
from afresh.boot.live import LivePages
from afresh.boot.prompts import Prompts
from afresh.boot.receivers import Receivers
from afresh.boot.witness import ChannelWitness
from afresh.channel import messages as msg
from afresh.channel.places import DASHBOARD_NAME
from afresh.handover.convoy import Convoy, unpack
from afresh.handover.parcel import Parcel
from afresh.serve.config import Config
from afresh.serve.hosts import HostPolicy
from afresh.serve.log import in_form
from afresh.serve.server import Server
from afresh.watch.gate import ServerGate, Verdict, Word


def serve(control: Control, application: Application) -> NoReturn:
    """Wait for the listening socket, serve until replaced or stopped, end the process."""
    _ServerProcess(control, application).run()


class _ServerProcess:
    """The pieces of a server process. Its methods run on the main thread unless they say otherwise."""

    def __init__(self, control: Control, application: Application) -> None:
        self._control = control
        self._application = application
        self._sending = threading.Lock()  # serving threads and the main thread both move the convoy
        self._convoy = Convoy(control.send)
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._is_drained = False
        self._abort: threading.Timer | None = None
        self._server: Server | None = None
        view_of = application.view_of
        self._witness = None if view_of is None else ChannelWitness(control, view_of)
        self._live: LivePages | None = None
        self._receivers = Receivers(control, application.file_changed)
        self._prompts = Prompts(lambda stands: control.send(msg.DebuggerHeld(stands)))

    def run(self) -> NoReturn:
        while True:
            if self._is_drained and self._convoy.is_empty:
                self._tell_all()
                self._control.send(msg.Drained())
                end(0, self._control.send)
            if self._control.wait(self._wake):
                self._obey(*self._control.receive())
            else:
                os.eventfd_read(self._wake)

    def _obey(self, message: msg.ToApp, descriptors: list[int]) -> None:
        match message:
            case msg.Serve():
                self._begin(message, descriptors, live=message.live, log=message.log)
            case msg.ServePage():
                self._begin(message, descriptors, log=message.log)
            case msg.Covered(ticket):
                self._control.covered(ticket)
            case msg.Parcels():
                for parcel in unpack(message, descriptors):
                    self._serving.adopt(parcel)
                self._control.send(msg.ParcelsTaken(len(message.heads)))
            case msg.ParcelsTaken(count):
                with self._sending:
                    self._convoy.acknowledge(count)
            case msg.Decided(number):
                if self._live is not None:
                    self._live.number = number
                self._serving.recheck()
            case msg.Drain(streams):
                self._drain(streams)
            case msg.FileChanged():
                self._receivers.put(message)
            case msg.RunChecks():
                run = partial(self._control.run_checks, self._application)
                threading.Thread(target=run, name="afresh-checks", daemon=True).start()
            case msg.Inquire():
                from afresh.boot.inquiry import answer

                answer(self._control, self._application, message)
            case msg.Stop():
                self._tell_all()
                end(0)
            case _:
                pass

    def _tell_all(self) -> None:
        if self._witness is not None:
            self._witness.tell_all()

    @property
    def _serving(self) -> Server:
        assert self._server is not None, "the keeper sends the listening socket first"
        return self._server

    def _begin(
        self,
        order: msg.Serve | msg.ServePage,
        descriptors: list[int],
        *,
        live: msg.Live | None = None,
        log: str = "plain",
    ) -> None:
        listener = socket.socket(fileno=descriptors[0])
        word = Word(descriptors[-1])
        os.close(descriptors[-1])
        kind = _RousingGate if _may_be_sent_scripts() else ServerGate
        gate = kind(word, order.generation, descriptors[1] if order.events else None)
        if isinstance(gate, _RousingGate):
            gate.rouse = partial(os.eventfd_write, self._wake, 1)
        application = self._application
        config = Config(threads=application.threads, server_name=application.host, server_port=application.port)
        files = application.files.prefix if application.files is not None else ""
        self._live = None if live is None else LivePages(live, self._control.send, order.dashboard, files)
        self._server = Server(
            application.wsgi,
            config=config.limited(order.limits),
            gate=gate,
            hand_over=self._hand_over,
            log=in_form(log, application.log, application.count_queries),
            hosts=HostPolicy(
                bound=application.host,
                refusal=partial(refused_host, advice=application.advice),
                keeper=DASHBOARD_NAME,
                names=application.names,
            ),
            files=application.files,
            on_drained=self._drained,
            on_thread_end=application.on_thread_end,
            witness=self._witness,
            rewriter=None if self._live is None else self._live.rewriter,
            error_page=partial(error_page, self._application.roots, order.dashboard),
        )
        application.observe_requests()
        self._server.start()
        self._server.listen(listener)
        self._prompts.watch()
        self._control.send(msg.Serving())

    def _hand_over(self, parcels: Sequence[Parcel]) -> None:
        """On a serving thread: send connections to the keeper."""
        with self._sending:
            self._convoy.send(parcels)

    def _drain(self, streams: float) -> None:
        if self._server is None:
            end(0)
        if not self._server.in_flight():
            self._prompts.leave()
        self._server.drain()
        self._abort = threading.Timer(streams, self._server.abort_streams)
        self._abort.daemon = True
        self._abort.start()

    def _drained(self) -> None:
        """On a serving thread: nothing is left; the main thread ends the process when all parcels have arrived."""
        self._is_drained = True
        os.eventfd_write(self._wake, 1)


def _may_be_sent_scripts() -> bool:
    """Whether `sys.remote_exec`, and so `python -m pdb -p`, can send this process a script (PEP 768, since 3.14)."""
    is_enabled: Callable[[], bool] = getattr(sys, "is_remote_debug_enabled", bool)
    return is_enabled()


class _RousingGate(ServerGate):
    """A gate that rouses the main thread with requests, at most every tenth of a second.

    That thread alone runs scripts that are sent from outside, as soon as it runs at all. Nothing tells it that one has
    come, and a clock that wakes it for nothing would wake an idle machine.
    """

    rouse: Callable[[], object]
    _roused = 0.0

    def look(self) -> Verdict:
        """As of any gate."""
        now = native.monotonic()
        if now - self._roused > 0.1:
            self._roused = now
            self.rouse()
        return super().look()
