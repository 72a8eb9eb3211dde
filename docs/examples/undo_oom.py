"""An agent in ten lines: undo the last release of whatever is being killed for its memory."""

import re

KILLED = """jq -r '.items[] | select(.status.containerStatuses[]?.lastState.terminated.reason == "OOMKilled")
            | .metadata.labels["app.kubernetes.io/name"]' | sort -u"""


def agent(page, run):
    kubectl = "kubectl -n " + re.search(r"namespace ([a-z0-9-]+)", page)[1]
    namespace = kubectl.split()[-1]
    killed = run(f"{kubectl} get pods -o json | {KILLED}").stdout.split()
    for name in killed:
        run(f"{kubectl} rollout undo deployment/{name}")
        run(f"{kubectl} rollout status deployment/{name} --timeout=180s")
    causes = [{"entity": f"{namespace}/Deployment/{name}"} for name in killed]
    return {"root_causes": causes, "healthy": bool(killed)}
