"""What tests of an integration need: a pytest plugin with a sandbox of its own for each test.

pytest loads the plugin by the entry point of the package; it calls the sandbox and the portal, nothing calls it.
Nothing heavy may be imported before a test asks for a fixture, since every run of pytest pays for it.
"""

__all__: list[str] = []
