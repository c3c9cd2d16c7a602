"""What callgrind wrote: instructions by function, with everything it called."""

import re

from lib.machine import MachineError

_NAME = re.compile(r"c?fn=\((\d+)\)(?: (.*))?$")
_RECURSION = re.compile(r"'\d+$")


def inclusive(text):
    """Function name -> its own instructions and those of its calls. @text: a callgrind.out file that counts only Ir."""
    names, costs, current = {}, {}, None
    if "\nevents: Ir\n" not in text:
        raise MachineError("callgrind's output does not say 'events: Ir': is it complete, and of callgrind alone?")
    for line in text.splitlines():
        found = _NAME.match(line)
        if found:
            number, name = found.groups()
            if name is not None:
                names[number] = _RECURSION.sub("", name)
            if line.startswith("fn="):
                current = names[number]
        elif current is not None and line[:1] in "0123456789+-*" and line:
            # Position and cost; behind a calls= line it is the cost of the call.
            costs[current] = costs.get(current, 0) + int(line.split()[1])
    return costs
