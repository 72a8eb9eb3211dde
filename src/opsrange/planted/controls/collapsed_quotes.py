"""Quotes true lines with their white space collapsed."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Plan, Seen
from opsrange.trace import Quote, Report


def _vary(plan: Plan, brief: Brief) -> Plan:
    def collapse(report: Report, seen: Seen) -> Report:
        causes = [
            cause.model_copy(update={"evidence": [_collapsed(each) for each in cause.evidence]})
            for cause in report.root_causes
        ]
        return report.model_copy(update={"root_causes": causes})

    return plan.reporting(collapse)


def _collapsed(quote: Quote) -> Quote:
    return Quote(step=quote.step, text=" ".join(quote.text.split()))


CONTROL = Control(name="collapsed-quotes", title="quotes with other white space", vary=_vary)
