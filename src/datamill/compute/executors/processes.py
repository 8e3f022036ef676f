"""Processes on this machine: started afresh, never running the caller's ``__main__``, replaced when they die."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import types
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from typing import Any, Self

from datamill.compute.executors import WorkerGoneError, cpu_count
from datamill.compute.resources import Ledger, Resources

SECONDS_TO_STOP = 10.0
"""How long an interrupted worker may take to store what it has finished."""

GRANTED = b"granted "
"""Begins the answer to a worker that asked for resources, before the names of its GPUs."""

_start_lock = threading.Lock()


@dataclass(slots=True, eq=False)
class _Worker:
    """A process, the pipe to it, where it says which key it is at, and the future it works for."""

    process: Any
    pipe: Pipe
    position: Any
    future: Future[Any] | None = None
    need: Resources | None = None


class Processes:
    """A pool of processes.

    Unlike those of the standard library its workers are no daemons, so that they may start processes themselves; they
    do not import the caller's main module; and one that dies fails only the task it was at, and is replaced.

    Args:
        workers: How many at the most; None: as many as there are processors.
        start_method: ``spawn`` (default), ``forkserver`` or ``fork``.

    Fields:
        on_part: Called, from another thread, with a future and what its worker has done of it so far.

    Example:
        >>> with Processes(2) as pool:
        ...     pool.submit(sum, [1, 2]).result()
        3
    """

    in_process = False
    seconds = 5.0

    def __init__(self, workers: int | None = None, start_method: str | None = None) -> None:
        self.on_part: Callable[[Future[Any], Any], None] | None = None
        self.workers = workers or cpu_count()
        self._context: Any = multiprocessing.get_context(start_method or "spawn")
        self._tasks: deque[tuple[Future[Any], bytes]] = deque()
        self._living: list[_Worker] = []
        self._lock = threading.Lock()
        self._closing = False
        self._ledger = Ledger(None)
        self._waiting: deque[_Worker] = deque()
        self._wake_reader, self._wake_writer = self._context.Pipe(duplex=False)
        self._manager = threading.Thread(target=self._manage, name="datamill-processes", daemon=True)
        self._manager.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that live."""
        with self._lock:
            return [worker.process.pid for worker in self._living]

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Start a call in a worker; function and arguments are pickled."""
        future: Future[Any] = Future()
        task = pickle.dumps((function, arguments), protocol=5)
        with self._lock:
            if self._closing:
                raise RuntimeError("The pool of processes is shut down.")
            self._tasks.append((future, task))
        self._wake()
        return future

    def limit(self, capacity: Resources | None) -> None:
        """Let the workers together hold no more than this from now on; call it while nothing runs."""
        self._ledger = Ledger(capacity)

    def interrupt(self) -> None:
        """Make the workers stop early; what they are at returns what it has done so far."""
        with self._lock:
            for worker in self._living:
                if worker.future is not None:
                    with suppress(ProcessLookupError, AttributeError):
                        os.kill(worker.process.pid, signal.SIGTERM)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers once they have done what was submitted, or, if asked to, without it."""
        with self._lock:
            self._closing = True
            waiting = list(self._tasks) if cancel_futures else []
            for item in waiting:
                self._tasks.remove(item)
        for future, _ in waiting:
            future.cancel()
        self._wake()
        if wait:
            self._manager.join()

    # the thread that manages the workers -------------------------------------------------------------------------

    def _wake(self) -> None:
        with suppress(OSError):
            self._wake_writer.send_bytes(b"!")

    def _manage(self) -> None:
        try:
            while self._dispatch():
                sources = [self._wake_reader]
                for worker in self._living:
                    sources += [worker.pipe, worker.process.sentinel]
                ready = set(wait(sources))
                if self._wake_reader in ready:
                    self._wake_reader.recv_bytes()
                for worker in list(self._living):
                    if worker.pipe in ready or worker.process.sentinel in ready:
                        self._attend(worker)
        finally:
            self._end_all()

    def _dispatch(self) -> bool:
        """Give waiting tasks to idle or new workers; return False once all is done and the pool is closing."""
        while True:
            with self._lock:
                idle = [worker for worker in self._living if worker.future is None]
                room = len(self._living) < self.workers
                if not self._tasks or not (idle or room):
                    busy = len(idle) < len(self._living)
                    return not self._closing or bool(self._tasks) or busy
                future, task = self._tasks.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            worker = idle[0] if idle else self._start()
            worker.future = future
            worker.position.value = -1
            with suppress(OSError):  # it died meanwhile; its sentinel tells
                worker.pipe.send_bytes(task)

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        position = self._context.RawValue("q", -1)
        process = self._context.Process(
            target=_serve, args=(theirs, position), name="datamill-worker", daemon=False
        )
        with _without_main():
            process.start()
        theirs.close()
        worker = _Worker(process, ours, position)
        with self._lock:
            self._living.append(worker)
        return worker

    def _attend(self, worker: _Worker) -> None:
        """Take what a worker says, or notice that it is gone."""
        try:
            message = worker.pipe.recv() if worker.pipe.poll() else None
        except (EOFError, OSError):
            message = None
        future = worker.future
        if message is None:
            if not worker.process.is_alive():
                self._bury(worker)
            return
        kind, value = message
        assert future is not None
        if kind == "part":
            if self.on_part is not None:
                self.on_part(future, value)
            return
        self._give_back(worker)
        if kind == "need":
            if value is not None:
                worker.need = value
                self._waiting.append(worker)
                self._grant()
            return
        worker.future = None
        future.set_result(value) if kind == "result" else future.set_exception(value)

    def _give_back(self, worker: _Worker) -> None:
        if worker in self._waiting:
            self._waiting.remove(worker)
        self._ledger.give_back(worker.process.pid)
        self._grant()

    def _grant(self) -> None:
        """Give workers that wait what they need, in the order in which they asked."""
        while self._waiting:
            worker = self._waiting[0]
            assert worker.need is not None
            devices = self._ledger.take(worker.process.pid, worker.need)
            if devices is None:
                return
            self._waiting.popleft()
            with suppress(OSError):  # it died meanwhile; its sentinel tells
                worker.pipe.send_bytes(GRANTED + ",".join(devices).encode())

    def _bury(self, worker: _Worker) -> None:
        self._give_back(worker)
        worker.process.join()
        worker.pipe.close()
        with self._lock:
            self._living.remove(worker)
        if worker.future is not None:
            position = int(worker.position.value)
            how = _how_it_ended(worker.process.exitcode)
            message = f"Worker process {worker.process.pid} {how}."
            worker.future.set_exception(WorkerGoneError(message, position if position >= 0 else None))

    def _end_all(self) -> None:
        for worker in self._living:
            with suppress(OSError):
                worker.pipe.send_bytes(b"")
        for worker in self._living:
            worker.process.join(SECONDS_TO_STOP)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()
        self._living.clear()


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"ended with exit code {code}"


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the main module while a process starts: multiprocessing would import it again in the child."""
    with _start_lock:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _serve(pipe: Pipe, position: Any) -> None:
    """Run tasks until told to end; what a worker process does."""
    from datamill.compute.batch import tracker
    from datamill.compute.interrupts import sigterm_as_exit

    signal.signal(signal.SIGINT, _leave_it_to_the_parent)

    tracker.set(_PipeTracker(pipe, position))
    with suppress(EOFError, OSError, SystemExit), sigterm_as_exit():
        while task := pipe.recv_bytes():
            if not task.startswith(GRANTED):  # for a task that was interrupted before
                pipe.send(_run(task))


class _PipeTracker:
    """Tells the parent through shared memory and the pipe."""

    def __init__(self, pipe: Pipe, position: Any) -> None:
        self._pipe = pipe
        self._position = position

    def at(self, position: int) -> None:
        self._position.value = position

    def need(self, resources: Any) -> None:
        self._pipe.send(("need", resources))
        if resources is None:
            return
        devices = self._pipe.recv_bytes().removeprefix(GRANTED).decode()
        if devices:
            os.environ["CUDA_VISIBLE_DEVICES"] = devices

    def done(self, part: Any) -> None:
        try:
            self._pipe.send(("part", part))
        except OSError as error:
            raise SystemExit("The parent process is gone.") from error


def _leave_it_to_the_parent(number: int, frame: object) -> None:
    """Ctrl-C reaches all processes of a terminal; the parent decides what it means."""


def _run(task: bytes) -> tuple[str, Any]:
    from datamill.compute.batch import portable

    try:
        function, arguments = pickle.loads(task)
        return "result", function(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever a task raises is the answer
        return "error", portable(error)
