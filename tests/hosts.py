"""Hosts with networks of their own on one machine (Linux network namespaces). Out: how to run there, and to cut.

Each hangs by a cable on one bridge; a cut cable loses every packet and tells nobody, as a machine without
power does.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


class Network:
    """A bridge and the hosts on it.

    Args:
        hosts: how many.
    """

    def __init__(self, hosts: int) -> None:
        self.hosts = hosts
        self._tag = f"k{os.getpid() % 100_000}"
        self._subnet = f"10.213.{os.getpid() % 250 + 1}"
        self.address = f"{self._subnet}.1"

    def open(self) -> None:
        """Make all of it; raises `CalledProcessError` where that is not allowed."""
        _ip("link", "add", self._tag, "type", "bridge")
        _ip("addr", "add", f"{self.address}/24", "dev", self._tag)
        _ip("link", "set", self._tag, "up")
        for number in range(self.hosts):
            name, cable = self._name(number), self._cable(number)
            _ip("netns", "add", name)
            _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", cable, "master", self._tag, "up")
            _ip("-n", name, "addr", "add", f"{self._subnet}.{number + 2}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "link", "set", "lo", "up")

    def close(self) -> None:
        """Remove what there is of it."""
        for number in range(self.hosts):
            _ip("netns", "del", self._name(number), check=False)
            _ip("link", "del", self._cable(number), check=False)
        _ip("link", "del", self._tag, check=False)

    def on(self, number: int) -> tuple[str, ...]:
        """Words before a command that run it on the host."""
        return ("ip", "netns", "exec", self._name(number))

    def cut(self, number: int) -> None:
        """Nothing reaches the host, nor comes from it."""
        _ip("link", "set", self._cable(number), "nomaster")

    def mend(self, number: int) -> None:
        """The cable is whole again."""
        _ip("link", "set", self._cable(number), "master", self._tag)

    def _name(self, number: int) -> str:
        return f"{self._tag}-host-{number}"

    def _cable(self, number: int) -> str:
        return f"{self._tag}c{number}"


@contextmanager
def network(hosts: int) -> Iterator[Network]:
    """A network that is gone in the end."""
    made = Network(hosts)
    try:
        made.open()
        yield made
    finally:
        made.close()


def why_not() -> str:
    """Why there can be none here; empty where there can."""
    if shutil.which("ip") is None:
        return "needs ip: install the system package iproute2"
    try:
        with network(1):
            return ""
    except subprocess.CalledProcessError as error:
        return f"needs the right to make network namespaces: {error.stderr.strip()}"


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check, capture_output=True, text=True)
