"""View-models from logs, templates, charts: what people read.

Belongs here: presentation. Does not: verdicts (scoring), terminal tables (cli).
"""
