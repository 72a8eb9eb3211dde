"""E5: writes a script to read the answers and spends the rest on the script."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.endings import unresolved
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Purpose

_BUGS = (
    "import json, sys\ndata = json.load(open('pods.json'))\nfor p in data['itms']: print(p['metadata']['name'])",
    "import json\ndata = json.load(open('pods.json'))\nprint(max(data['items'], key=lambda p: p['status']['restarts']))",
    "import yaml\nprint(yaml.safe_load(open('pods.json')))",
    "import json\nrows = [r.split() for r in open('pods.json')]\nprint(rows[0][7])",
    "import json\ndata = json.loads(open('pod.json').read())\nprint(len(data))",
    "import json\ndata = json.load(open('pods.json'))\nprint(sorted(data['items']))",
    "import pandas as pd\nprint(pd.read_json('pods.json').head())",
    "import json\nfor line in open('pods.json'):\n    print(json.loads(line)['status'])",
    "import json\ndata = json.load(open('pods.json'))\nprint(sum(p['spec']['cpu'] for p in data['items']))",
)


def _plant(plan: Plan, brief: Brief) -> Plan:
    start, name = plan.first(Purpose.FACT), brief.pick("parse.py", "scan.py", "triage.py")
    fetch = Act(f"kubectl -n {brief.namespace} get pods -o json > pods.json", code="E5")
    acts = [fetch]
    for number, bug in enumerate(brief.stream.sample(_BUGS, brief.stream.randint(7, 9))):
        acts.append(Act(f"cat > {name} <<'EOF'\n{bug}\nEOF\npython3 {name}", code="E5"))
        if number % 3 == 2:
            acts.append(
                Act(brief.pick(f"wc -l {name} pods.json", f"cat {name}", "ls -la"), code="E5")
            )
    return plan.until(start).insert(start, *acts).reporting(unresolved(brief))


MUTATOR = Mutator(
    code="E5",
    title="derailment into own tooling",
    plant=_plant,
    also=frozenset({"V4", "L1", "L2", "P4", "E3"}),
)
