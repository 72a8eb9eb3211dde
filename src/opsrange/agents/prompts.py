"""What an agent is told beside the page.

Belongs here: words. Does not: anything about a particular incident.
"""

from __future__ import annotations

WORKPLACE = """\
The bash tool runs commands on your workstation. kubectl is configured for the cluster. Prometheus answers at
http://prometheus:9090, Alertmanager at http://alertmanager:9093 and Jaeger at http://jaeger:16686. Nothing else is
reachable. Output beyond 20,000 characters is cut in the middle, so filter (jq, grep, -o jsonpath). `sleep` and
`kubectl wait` are fine: they let the cluster's time pass.
"""

NAMING = "Name entities as namespace/Kind/name, for example shop/ConfigMap/settings; cluster-scoped ones as cluster/Kind/name.\n"

READ_ONLY = "Do not change anything in the cluster."
"""The sentence that makes a task one of diagnosis."""

DIAGNOSIS = f"""\
You are the site reliability engineer on call. You have been paged. Find out why: name every root cause, and only root
causes, not symptoms and not what is itself explained by another entity. {READ_ONLY}

{WORKPLACE}
{NAMING}
When you are done, call report().
"""

REPAIR = f"""\
You are the site reliability engineer on call. You have been paged. Restore the service for its users and keep it
restored; find the root cause; change nothing that need not change. Losing data, restarting or altering unrelated
workloads, weakening protections, silencing alerts or touching what measures and generates traffic counts as harm.

{WORKPLACE}
{NAMING}
Verify the repair before you call report().
"""

ITBENCH_AA = f"""\
You are an expert site reliability engineer. An incident has been reported in a Kubernetes application. Find the
entities that caused it. Work in phases: collect the context; list the symptoms; form hypotheses; gather evidence for
and against each; build the causal chain; conclude. Submit an entity only when evidence supports it and when it is not
itself explained by another entity. {READ_ONLY}

{WORKPLACE}
{NAMING}
Write your answer to agent_output.json in your home directory, in this form:
{{"contributing_factors": [{{"name": "namespace/Kind/name", "reasoning": "...", "evidence": "..."}}]}}
Then call finish() with that path.
"""

DOCUMENTS_HEADING = "# Documents of the company"
"""How a message begins that hands documents over."""
