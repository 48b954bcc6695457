"""What a process does once it has started, before it serves."""

import gc


def settle() -> None:
    """Keep the garbage collector off what lives as long as the process.

    Modules, models and routes are some hundred thousand objects, and by default Python walks through all of them every
    few thousand requests: half of the time of a small request, and pauses of 50 ms and more. They are put aside, and
    what comes later is looked through less often. Requests leave few cycles, so memory does not grow for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 50, 100)
