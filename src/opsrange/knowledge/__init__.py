"""The enterprise's documents as an agent meets them: found by search, lying in files, or handed over.

Belongs here: documents, their index, loading one's own, the arms of the experiment, the tools. Does not: which document
governs an incident (that is the answer key's), what the documents were worth (``scoring``).
"""
