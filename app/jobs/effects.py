"""What is intended is done at the platform, once: asked for, and looked up where nobody heard the answer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.connectors import CONNECTORS
from app.connectors.base import Access
from app.domain.apply import fetch_ref
from app.domain.effects import service as effects
from app.domain.effects.models import Effect
from app.domain.effects.rules import FIRST_LOOK, State, Step, intent_from, next_look, next_step
from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shops.rules import ShopFacts
from app.events import Done, EffectKind, Intent, Resource
from app.jobs.pull import access_to
from app.jobs.queue import LONGEST_LEASE, Queue, Work
from app.kernel.errors import Permanent, Transient, Uncertain
from app.kernel.faults import faultpoint
from app.kernel.runtime import Runtime

IN_DOUBT = (State.CALLING, State.UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An effect that is ours to do. `calls` were made so far, one that was just committed included; `waited` is the time since a
    call of unknown outcome, None where there is none."""

    effect_id: int
    kind: EffectKind
    intent: Intent
    access: Access
    calls: int
    waited: timedelta | None


def do_effect(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """One effect. That it is asked for is committed before the platform hears of it, the outcome after, and no transaction is open
    in between. One found as asked for was left by somebody who did not live to tell: it is looked up, never repeated blind."""
    claim = claims[0]
    task = _prepare(runtime, shop, claim)
    if task is None:
        return
    if task.waited is not None:
        found = _look(runtime, shop, task, task.waited)
        if found:
            _conclude(runtime, shop, task, found, claim)
            return
        with runtime.db.transaction(shop.id) as session:
            task = _begin(session, shop, task, claim)
    _call(runtime, shop, task, claim)


def _prepare(runtime: Runtime, shop: ShopFacts, claim: Claim) -> Task | None:
    """What is to be done about this effect; None when nothing is. `Fenced` when the work is somebody else's by now."""
    with runtime.db.transaction(shop.id) as session:
        effect = effects.load(session, int(claim.ref))
        if effect is None or not _is_to_do(session, effect):
            outbox.finish(session, shop.id, [claim])
            return None
        access = access_to(runtime, session, shop)
        if effect.state in IN_DOUBT:
            now = session.scalar(select(func.now()))
            waited = now - effect.called_at if now and effect.called_at else timedelta()
            effects.move(session, effect.id, [State.CALLING], State.UNCERTAIN, reason="no_answer_recorded")
            return _task(effect, access, effect.calls, waited)
        task = _begin(session, shop, _task(effect, access, effect.calls, None), claim)
        faultpoint("effect.before_calling")
        return task


def _is_to_do(session: Session, effect: Effect) -> bool:
    """A refused one is, when somebody took its parked work up again."""
    if effect.state == State.REFUSED:
        return effects.still_fits(session, effect)
    return effect.state == State.PLANNED or effect.state in IN_DOUBT


def _task(effect: Effect, access: Access, calls: int, waited: timedelta | None) -> Task:
    intent = intent_from(effect.key, effect.amount, effect.values)
    kind = EffectKind(effect.kind)
    return Task(effect_id=effect.id, kind=kind, intent=intent, access=access, calls=calls, waited=waited)


def _begin(session: Session, shop: ShopFacts, task: Task, claim: Claim) -> Task:
    """Write down that the platform is now asked."""
    outbox.hold(session, shop.id, [claim], LONGEST_LEASE)
    before = (State.PLANNED, State.REFUSED, State.UNCERTAIN)
    counted = {"calls": task.calls + 1, "called_at": func.now(), "reason": ""}
    if not effects.move(session, task.effect_id, before, State.CALLING, **counted):
        raise outbox.Fenced(task.effect_id)
    return replace(task, calls=task.calls + 1, waited=None)


def _look(runtime: Runtime, shop: ShopFacts, task: Task, waited: timedelta) -> Done | None:
    """What has been done. None when the platform has shown nothing of it for so long that it may be asked once more; `Transient`
    when it is too early to tell; `Permanent` when a person must look, which parks the work and leaves the effect uncertain."""
    step = next_step(task.kind, task.calls, waited)
    try:
        found = CONNECTORS[shop.platform].find(task.access, runtime.http, task.intent)
    except Uncertain:  # there is something that may be it
        found, step = None, Step.WAIT if step is Step.WAIT else Step.ASK
    faultpoint("effect.looked")
    if found is None and step is Step.WAIT:
        raise Transient("outcome_unknown", retry_after=next_look(task.kind, waited).total_seconds())
    if found is None and step is Step.ASK:
        raise Permanent("outcome_unknown", "Look in the store whether it was done; if not, do it there by hand.")
    return found


def _call(runtime: Runtime, shop: ShopFacts, task: Task, claim: Claim) -> None:
    """Ask the platform. What it refuses stays parked and shown: it may be the keys, and then connecting again takes it up."""
    faultpoint("effect.after_calling")
    try:
        done = CONNECTORS[shop.platform].write(task.access, runtime.http, task.intent)
    except Transient:
        _take_back(runtime, shop, task, claim)
        raise
    except Uncertain as doubt:
        _note(runtime, shop, task, claim, State.UNCERTAIN, reason=doubt.code)
        raise Transient("outcome_unknown", retry_after=FIRST_LOOK.total_seconds()) from doubt
    except Permanent as refusal:
        _note(runtime, shop, task, claim, State.REFUSED, reason=refusal.code)
        raise
    faultpoint("effect.after_call")
    _conclude(runtime, shop, task, done, claim)


def _take_back(runtime: Runtime, shop: ShopFacts, task: Task, claim: Claim) -> None:
    """Nothing was done this time. What an earlier call came to is as unknown as before."""
    before = State.PLANNED if task.calls == 1 else State.UNCERTAIN
    _note(runtime, shop, task, claim, before, calls=task.calls - 1)


def _note(runtime: Runtime, shop: ShopFacts, task: Task, claim: Claim, state: State, **values: object) -> None:
    """Only who still holds the work may say that nothing was done: an heir may be asking at this moment."""
    with runtime.db.transaction(shop.id) as session:
        outbox.hold(session, shop.id, [claim], LONGEST_LEASE)
        effects.move(session, task.effect_id, [State.CALLING], state, **values)


def _conclude(runtime: Runtime, shop: ShopFacts, task: Task, done: Done, claim: Claim) -> None:
    """It was done: that stays true for whoever waited so long that the lease was lost, and what is left of the work is the heir's.
    The order is read anew, so that our rows say it too."""
    with runtime.db.transaction(shop.id) as session:
        if effects.move(session, task.effect_id, IN_DOUBT, State.DONE, outcome=done.ref, reason=""):
            outbox.owe_once(session, shop.id, "fetch", [fetch_ref(Resource.ORDERS, task.intent.order_ref)])
        with suppress(outbox.Fenced):
            outbox.finish(session, shop.id, [claim])
        faultpoint("effect.before_outcome")
    faultpoint("effect.after_outcome")


WORK = Work(kind=effects.EFFECT, queue=Queue.WORLD, batch=1, run=do_effect, lease=LONGEST_LEASE)
