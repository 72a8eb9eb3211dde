"""L3: quotes a line and claims the opposite, or another unit, of what it says."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.endings import blaming, first_line
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Purpose, Seen
from opsrange.trace import Report


def _plant(plan: Plan, brief: Brief) -> Plan:
    n, other = brief.namespace, brief.healthy
    p95 = f'service:request_duration_milliseconds:p95_5m{{service_name="{other}"}}'
    read, word, entity, claim = brief.stream.choice(
        (
            (
                "kubectl get nodes --no-headers",
                " Ready ",
                "cluster/Node/{0}",
                "node {0} is NotReady",
            ),
            (
                f"kubectl -n {n} get deployments --no-headers",
                f"{other} ",
                f"{n}/Deployment/{other}",
                f"0 of the replicas of {other} are ready",
            ),
            (
                f"kubectl -n {n} get pods --no-headers -l app.kubernetes.io/name={other}",
                f"{other}-",
                f"{n}/Deployment/{other}",
                "pod {0} is in CrashLoopBackOff",
            ),
            (
                f"curl -sG http://prometheus:9090/api/v1/query --data-urlencode 'query={p95}' | jq -r '.data.result[] | .metric.service_name + \" \" + .value[1]'",
                f"{other} ",
                f"{n}/Deployment/{other}",
                f"the 95th percentile of latency of {other} is {{1}} seconds",
            ),
        )
    )
    looked = plan.without(Purpose.REPAIR, Purpose.CHECK)
    looked = looked.insert(looked.place(brief.position, brief.stream), Act(read))

    def misread(report: Report, seen: Seen) -> Report:
        quote = first_line(seen, read, word)
        words = quote.text.split() if quote else ["it", "0"]
        said = claim.format(*words, "0")
        return blaming(brief, entity.format(*words), said, quote)(report, seen)

    return looked.reporting(misread, "L3")


MUTATOR = Mutator(code="L3", title="misread", plant=_plant, also=frozenset({"L2", "V4", "P3"}))
