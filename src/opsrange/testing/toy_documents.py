"""The documents of the toy worlds: one governs, one is what it superseded, one resembles them, one is about something else.

Belongs here: what a world answers to ``documents``. Does not: any real incident.
"""

from __future__ import annotations

from opsrange.knowledge.document import Document, Kind
from opsrange.types import Json

GOVERNING = Document(
    id="RB-0107",
    title="Rolling back the cart",
    kind=Kind.RUNBOOK,
    owner="team-checkout",
    date="2026-03-02",
    body="""\
# Rolling back the cart
Carts are sticky: the drain key must be set first, or open carts are lost.
1. kubectl annotate deployment/cart -n shop drain-key=amber-7
2. Wait for error code CART-4711 to stop.
3. kubectl rollout undo deployment/cart -n shop
""",
)
SUPERSEDED = Document(
    id="RB-0031",
    title="Rolling back the cart",
    kind=Kind.RUNBOOK,
    owner="team-checkout",
    date="2024-09-14",
    body="""\
# Rolling back the cart
No drain is needed: the cart keeps nothing.
1. kubectl delete pods -n shop -l app=cart
""",
)
DECOY = Document(
    id="RB-0112",
    title="Rolling back the catalogue",
    kind=Kind.RUNBOOK,
    owner="team-catalogue",
    date="2026-02-11",
    body="""\
# Rolling back the catalogue
The catalogue has no drain key; roll it back at once.
""",
)
UNRELATED = Document(
    id="CHAT-88",
    title="Lunch on Thursday",
    kind=Kind.CHAT,
    owner="team-office",
    date="2026-03-01",
    body="The restaurant by the station is closed; we meet at the canteen at noon.\n",
)
ALL = (UNRELATED, SUPERSEDED, GOVERNING, DECOY)
DRAIN_KEY = "amber-7"
"""What only the governing document says."""
_ARMS = {
    "none": (),
    "golden": (GOVERNING,),
    "golden_decoys": (DECOY, GOVERNING),
    "stale": (UNRELATED, SUPERSEDED, DECOY),
}


def documents(arm: str) -> list[Json]:
    """What the world answers for an arm."""
    return [document.model_dump(mode="json") for document in _ARMS.get(arm, ALL)]


def facts_in(text: str) -> list[str]:
    """The one fact of the toy incident that documents hold."""
    return ["drain-key"] if DRAIN_KEY in text else []
