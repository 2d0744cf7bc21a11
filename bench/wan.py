#!/usr/bin/env python3
"""A long line between two network namespaces, for kernels without netem: delay, rate, a queue that overflows, loss.

usage (root): wan.py NEAR FAR --rtt-ms 50 --mbit 100 [--loss-percent 0.1]

Makes the namespaces NEAR (10.99.0.1) and FAR (10.99.0.2), joins them by two TUN devices through this process, prints "ready",
and takes them away again at SIGTERM or when standard input ends. The hosts' own TCP runs over it, with all it does on such a line.
"""
import argparse
import collections
import fcntl
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
ADDRESSES = ("10.99.0.1", "10.99.0.2")


def tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def ip(*args):
    subprocess.run(("ip", *args), check=True)


def build(namespaces):
    fds = []
    for index, namespace in enumerate(namespaces):
        device = f"wan{os.getpid() % 100000}{index}"
        ip("netns", "add", namespace)
        fds.append(tun(device))
        ip("link", "set", device, "netns", namespace)
        here = ("-n", namespace)
        ip(*here, "link", "set", "lo", "up")
        ip(*here, "addr", "add", f"{ADDRESSES[index]}/24", "dev", device)
        ip(*here, "link", "set", device, "up", "mtu", "1500", "txqueuelen", "1000")
    return fds


class Direction:
    """Packets one after the other at the line's rate, then under way for the delay; what the queue cannot hold is lost."""

    def __init__(self, source, target, delay, bytes_per_second, loss):
        self.source, self.target, self.delay, self.loss = source, target, delay, loss
        self.seconds_per_byte = 1 / bytes_per_second
        # As much as routers have: the line's own content, at least 50 ms of it.
        self.queue_seconds = max(0.05, 2 * delay)
        self.free_at = 0.0
        self.under_way = collections.deque()

    def take(self, now):
        for _ in range(64):
            try:
                packet = os.read(self.source, 2048)
            except BlockingIOError:
                return
            if self.loss and random.random() < self.loss:
                continue
            start = max(now, self.free_at)
            if start - now > self.queue_seconds:
                continue
            self.free_at = start + len(packet) * self.seconds_per_byte
            self.under_way.append((self.free_at + self.delay, packet))

    def deliver(self, now):
        while self.under_way and self.under_way[0][0] <= now:
            packet = self.under_way.popleft()[1]
            try:
                os.write(self.target, packet)
            except (BlockingIOError, OSError):
                pass  # The device's own queue is full: lost, as on any line.


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("namespaces", nargs=2, metavar=("NEAR", "FAR"))
    parser.add_argument("--rtt-ms", type=float, required=True)
    parser.add_argument("--mbit", type=float, required=True)
    parser.add_argument("--loss-percent", type=float, default=0)
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        run(build(options.namespaces), options)
    finally:
        for namespace in options.namespaces:
            subprocess.run(("ip", "netns", "del", namespace), check=False)


def run(fds, options):
    near, far = fds
    line = (options.rtt_ms / 2000, options.mbit * 125_000, options.loss_percent / 100)
    directions = {near: Direction(near, far, *line), far: Direction(far, near, *line)}
    print("ready", flush=True)
    while True:
        dues = [one.under_way[0][0] for one in directions.values() if one.under_way]
        wait = max(0.0, min(dues) - time.monotonic()) if dues else 1.0
        readable, _, _ = select.select([near, far, sys.stdin], [], [], wait)
        if sys.stdin in readable and not os.read(sys.stdin.fileno(), 1):
            return
        now = time.monotonic()
        for fd in (near, far):
            if fd in readable:
                directions[fd].take(now)
            directions[fd].deliver(now)


main()
