"""Where an attempt failed: events by class, the evidence funnel, the decisive step. No model judges anything here.

Theory of operation
    An :class:`~opsrange.diagnosis.case.Attempt` is read once (``reading``), every detector of ``classes`` looks at it, the
    funnel follows each required fact, and ``attribution`` names the primary event or abstains. ``replay`` adds what only
    copies of the world can say: until when the incident could still be repaired.

Belongs here: rules over recorded attempts, and readers of other people's transcripts. Does not: verdicts (``scoring``),
pages (``reports``), logs of Inspect (``tasks``), agents that fail on purpose.
"""
