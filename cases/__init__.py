"""The registry's hard cases as a command, through the HTTP API of a running instance.

`make registry-cases` starts an instance of its own with real web processes, a worker and the simulator,
asks it for what registries fail at, and prints a line a case: what was asked for, and what came.

    instance   everything `make run` starts, in a temporary folder; `make demo` plays on it too
    people     whoever calls: a person through the API, an operator at the console
    ground     what every case stands on: the instance, two operators, free units of a sample forest
    units      shares of one block, splits, races for the last units
    holding    pledges, and forest that is lost
    land       outlines that another project has
    proof      what a stranger is given, as it is and with one byte changed

Nothing here is part of the application, and the application knows nothing of it.
"""
