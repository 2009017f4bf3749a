"""Stories that a whole instance plays over HTTP, with real payments in the simulator: `make demo`.

One module a person; each writes the documents that person goes home with to a folder.
"""
