"""Writes down what is to be done, and does all of it."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan, Purpose


def _vary(plan: Plan, brief: Brief) -> Plan:
    items = brief.pick(
        "'1. find the cause' '2. repair it' '3. verify with users' '4. report'",
        "'- repair' '- do not restart unrelated workloads' '- verify' '- report'",
    )
    notes = Act(f"printf '%s\\n' {items} > plan.md")
    done = Act("sed -i 's/$/ (done)/' plan.md; cat plan.md", Purpose.AFTER)
    return plan.insert(len(plan.acts), done).insert(1, notes)


CONTROL = Control(name="ticked-list", title="a list that is worked through", vary=_vary)
