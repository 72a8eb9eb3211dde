"""What every test of the suite lives under."""

from hypothesis import settings

settings.register_profile("opsrange", deadline=None)
"""No timing assertions: a busy machine is not a defect."""
settings.load_profile("opsrange")
