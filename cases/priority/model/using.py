"""A model proposed, put in force by a second person, reckoned with, and taken back."""

import json
from datetime import date, datetime
from typing import Final

import numpy as np
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from django_fsm import TransitionNotAllowed

from cases.models import Case, Creditor, ScoreModel
from cases.priority import chances
from cases.priority.model import book, evaluation, sql, training
from cases.priority.rules import LEAST_FACTOR, MOST_FACTOR
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import USER, Actor
from collections_app.staff.models import User
from compliance import audit

AT_ONCE: Final = 5_000  # cases
TOLD: Final = 3


class ModelRefused(Refused):
    SENTENCES = {
        "own": _("Nobody puts in force what he trained himself."),
        "no-reason": _("Say why."),
        "not-waiting": _("This model does not wait for approval."),
        "worse-than-chance": _("On what it had not seen it ranks no better than chance; it cannot be put in force."),
    }


@transaction.atomic
def train(*, creditor: Creditor, upto: date, actor: Actor, at: datetime) -> ScoreModel:
    """Train on the history of a creditor's book to a day and store the result as a draft. Raises NotEnough."""
    learn, test = book.learned_from(creditor, upto=upto)
    training.check(learn.found, learn.came_right)
    if min(test.came_right.sum(), (~test.came_right).sum()) < training.LEAST_OF_EACH:
        raise training.NotEnough(f"{len(test)} rows of the newest month are too few, or too much alike, to measure on.")
    model = training.fit(learn.found, learn.came_right)
    said = model.chances(test.found)
    measured = {
        "trained_on": len(learn),
        "ours": evaluation.measures(test.came_right, said),
        "gradient_boosting": evaluation.measures(
            test.came_right, training.boosted(learn.found, learn.came_right, test.found)
        ),
        "fairness": evaluation.fairness(test.came_right, said, test.groups),
    }
    Creditor.objects.select_for_update(no_key=True).get(pk=creditor.pk)
    newest = ScoreModel.objects.filter(creditor=creditor).order_by("-number").values_list("number", flat=True).first()
    draft = ScoreModel.objects.create(
        creditor=creditor,
        number=(newest or 0) + 1,
        document=model.document,
        evaluation=measured,
        content_hash=model.content_hash,
        trained_at=at,
        trained_by_id=actor.id if actor.kind == USER else None,
    )
    audit.record("score_model.trained", subject=draft, actor=actor, at=at, content_hash=draft.content_hash)
    return draft


@transaction.atomic
def approve(*, model_id: int, by: User, why: str, upto: date, at: datetime) -> ScoreModel:
    """Put a model in force, retire the one before, and reckon with it at once. Raises ModelRefused."""
    creditor_id = ScoreModel.objects.values_list("creditor_id", flat=True).get(pk=model_id)
    Creditor.objects.select_for_update(no_key=True).get(pk=creditor_id)
    model = ScoreModel.objects.select_for_update(no_key=True).get(pk=model_id)
    if not why.strip():
        raise ModelRefused("no-reason")
    if model.trained_by_id == by.pk:
        raise ModelRefused("own")
    if model.evaluation["ours"]["auc_low"] <= 0.5:
        raise ModelRefused("worse-than-chance")
    actor = Actor.of(by)
    for other in ScoreModel.objects.select_for_update(no_key=True).filter(creditor_id=creditor_id, status="in_force"):
        _retire(other, actor=actor, at=at)
    try:
        model.approve(at=at, by=by, why=why.strip()[:300])
    except TransitionNotAllowed:
        raise ModelRefused("not-waiting") from None
    model.save(update_fields=["status", "approved_at", "approved_by", "why"])
    audit.record("score_model.approved", subject=model, actor=actor, at=at, why=model.why)
    reckon(model=model, upto=upto, at=at)
    return model


@transaction.atomic
def retire(*, model_id: int, actor: Actor, at: datetime) -> ScoreModel:
    """Take a model back: from the next close the rules alone give the order."""
    model = ScoreModel.objects.select_for_update(no_key=True).get(pk=model_id)
    _retire(model, actor=actor, at=at)
    return model


def _retire(model: ScoreModel, *, actor: Actor, at: datetime) -> None:
    was_in_force = model.status == ScoreModel.Status.IN_FORCE
    try:
        model.retire()
    except TransitionNotAllowed:
        raise ModelRefused("not-waiting") from None
    model.save(update_fields=["status"])
    if was_in_force:
        with connection.cursor() as cursor:
            cursor.execute(sql.FORGET, {"creditor": model.creditor_id})
    audit.record("score_model.retired", subject=model, actor=actor, at=at)


def reckon(*, model: ScoreModel, upto: date, at: datetime) -> int:
    """Say the chance of every unresolved case of the creditor anew, some thousand at once; return how many cases.

    A case has the chances of its accounts, weighted by what is owed on them. What the model may move is bounded: the
    factor on the expected value is chance / usual chance, between 0.5 and 2.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.FORGET_ENDED, {"creditor": model.creditor_id})
    cases = Case.objects.unresolved().filter(creditor_id=model.creditor_id).order_by("pk")
    done, last = 0, 0
    while True:
        chunk = list(cases.filter(pk__gt=last).values_list("pk", flat=True)[:AT_ONCE])
        if not chunk:
            return done
        last = chunk[-1]
        done += _reckon(model, chunk, upto=upto, at=at)


def _reckon(model: ScoreModel, chunk: list[int], *, upto: date, at: datetime) -> int:
    found, of_case, owed = book.now(model.creditor, upto=upto, cases=chunk)
    if not len(found):
        return 0
    said = training.chances(model.document, found)
    points = training.points_of(model.document, found)
    cases, place = np.unique(of_case, return_inverse=True)
    weight = np.maximum(owed, 0.01)
    total = np.bincount(place, weights=weight)
    chance = np.bincount(place, weights=weight * said) / total
    names = list(points)
    mean = np.column_stack([np.bincount(place, weights=weight * points[name]) / total for name in names])
    first = np.argsort(-np.abs(mean), axis=1)[:, :TOLD]
    factor = np.clip(chance / float(model.document["base_rate"]), LEAST_FACTOR, MOST_FACTOR)
    reasons = [
        json.dumps([[names[column], round(float(mean[row, column]), 3)] for column in columns])
        for row, columns in enumerate(first)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            sql.WRITE_CHANCES,
            {
                "model": model.pk,
                "at": at,
                "cases": [int(case) for case in cases],
                "chances": [round(float(each), 4) for each in chance],
                "factors": [round(float(each), 2) for each in factor],
                "reasons": reasons,
            },
        )
    return len(cases)


def reckon_waiting(*, at: datetime) -> dict[str, int]:
    """Reckon with the models whose book has changed since; return how many cases, by the creditor's code."""
    done = {}
    for model in chances.waiting():
        with transaction.atomic():
            today = clock.business_day(at, model.creditor.time_zone)
            done[model.creditor.code] = reckon(model=model, upto=today, at=at)
    return done
