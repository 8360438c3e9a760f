"""For every test in Python: how long an example takes is no property of the code, and no test hangs on it."""

from hypothesis import settings

settings.register_profile("kiln", deadline=None)
settings.load_profile("kiln")
