"""The same work side by side, by b24orm and by other clients, against the sandbox.

::

    make bench                      # everything but the million rows; see also `python -m benchmarks --help`
    make bench BENCH=--quick        # 10,000 deals instead of 100,000: shows that it works
    make bench BENCH='--million --output docs/benchmarks.md'

Each run has a portal of its own, in a process of its own (`benchmarks.portal`), that was filled just now and keeps the
limits of a standard tariff; and a client in a process of its own (`benchmarks.clients`), which reads it and prints one
JSON line. What the portal counted and what the client measured become a row of a table (`benchmarks.__main__`).

- requests, commands, rows handed out and refusals are the portal's count;
- wall and processor seconds (user and system, of all threads) are from just before the client object is made to just
  after the last row, imports excluded; checking the rows is in them, as little as it is;
- memory is the peak of the client's process, interpreter and imports included;
- every run is checked: as many rows as there are, each once, and the right ones (by the sum of their ids).

The other clients live in an environment of their own (`.venv-bench`), so that nothing of ours is theirs. They all
speak plain HTTP to the loopback address. They read the classic crm.deal.list, of which the sandbox hides recurring
deals, so the portals here have none.

The modules of this package but `lanes` and `portal` need nothing beyond the standard library, except for the client
that a module of `benchmarks.clients` is named after.
"""
