"""REST 3.0 of the sandbox, behind ``/rest/api/``: methods of its own over the rows that the classic methods have, too.

Called by the front; calls the store, the desk and the meters. Facts: api-reference/rest-v3.md of the vendor's
documentation and the pages of the methods; where these are silent or contradict each other, the module says so.
"""
