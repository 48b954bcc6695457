"""How events share a message: the client's cost per message is the limit of a broker, not the bytes."""

from collections.abc import Iterator, Sequence

from shared.bus.transport import Outgoing

MOST_EVENTS = 100
# Well below what brokers refuse (16 MB by default) and small enough to hold a few dozen in memory.
MOST_BYTES = 1_000_000

CONTENT_TYPE = "application/cloudevents-batch+json"

# An event is JSON without line breaks, so a comma before a line break never stands inside one: the batch is a valid
# JSON array and can be taken apart without parsing it, each event byte for byte as it was.
_SEPARATOR = b",\n"


def in_batches(events: Sequence[Outgoing]) -> Iterator[Sequence[Outgoing]]:
    """Cut into batches that one message may carry, in order. An event above `MOST_BYTES` travels alone."""
    start = size = 0
    for position, event in enumerate(events):
        if position > start and (position - start == MOST_EVENTS or size + len(event.body) > MOST_BYTES):
            yield events[start:position]
            start, size = position, 0
        size += len(event.body)
    if start < len(events):
        yield events[start:]


def pack(bodies: Sequence[bytes]) -> bytes:
    """A JSON array of events."""
    return b"[" + _SEPARATOR.join(bodies) + b"]"


def unpack(message: bytes) -> list[bytes]:
    """The events of a message. What is no batch comes back whole, for the reader to judge; an empty batch has none."""
    if not (message.startswith(b"[") and message.endswith(b"]")):
        return [message]
    inner = message[1:-1]
    return inner.split(_SEPARATOR) if inner.strip() else []
