"""The page server: an interpreter without the project, which answers for a generation that cannot."""

import os
import signal
import socket
import sys
from typing import NoReturn

from afresh.boot.application import Application
from afresh.boot.control import Control
from afresh.boot.server import serve
from afresh.channel import messages as msg
from afresh.channel.endpoint import app_endpoint
from afresh.errors import Disconnected
from afresh.serve.hosts import Names
from afresh.serve.log import plain


def main() -> NoReturn:
    """Read from the channel what to show, and show it."""
    signal.signal(signal.SIGINT, lambda *_: None)  # it reaches the whole group; the keeper ends everybody in order
    channel = socket.socket(fileno=int(os.environ.pop("AFRESH_CHANNEL")))
    channel.set_inheritable(False)
    endpoint = app_endpoint(channel)
    try:
        _, lifeline = endpoint.receive()
        offer, descriptors = endpoint.receive()
    except Disconnected:
        os._exit(0)
    control = Control(channel, lifeline=lifeline[0], first=False, given={})  # it is never forked
    if not isinstance(offer, msg.ServePage):
        os._exit(0)
    from afresh.pages.app import failure_application

    with socket.socket(fileno=os.dup(descriptors[0])) as listener:
        host, port = listener.getsockname()[:2]
    shown = failure_application(offer.failure, live=offer.live, dashboard=offer.dashboard)
    # The project's own logging is not there to ask.
    names = Names(lambda: offer.hosts, offer.is_behind_proxy)
    application = Application(shown, host, port, plain(sys.stderr), names=names, advice=offer.advice)
    control.give_back(offer, descriptors)
    serve(control, application)
