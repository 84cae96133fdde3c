"""How the order of work comes about: the rules in points, and the models of chances with what they are worth."""

import math
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise as LazyText
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import ageing, reach
from cases.models import Person, ScoreModel
from cases.priority import chances, rules
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from collections_app.staff.models import User
from compliance import words

BAR: Final = 120  # pixels of the whole
TONES: Final = {"draft": "plain", "in_force": "ok", "retired": "past"}
PARTS: Final[dict[str, LazyText]] = {
    "value": gettext_lazy("what may be won"),
    "urgency": gettext_lazy("what waiting costs"),
}
ATTRIBUTES: Final[dict[str, LazyText]] = {
    "language": gettext_lazy("language"),
    "place": gettext_lazy("place"),
    "vulnerability": gettext_lazy("vulnerability"),
}


@require_safe
@allowed("dashboards.view")
def show(request: HttpRequest) -> HttpResponse:
    """Show the rules and every model of the books that the reader may see."""
    found = rules.rules()
    models = ScoreModel.objects.filter(creditor__in=reach.creditors(request.user)).select_related(
        "creditor", "trained_by", "approved_by"
    )
    context = {
        "gain": [
            {"bucket": bucket, "percent": round(rate * 100, 1)}
            for bucket, rate in zip(ageing.DEFAULT.labels, found.gain, strict=True)
        ],
        "factors": [
            {"label": rules.LABELS[key], "part": PARTS[part], "factor": factor, "points": _signed(found.points[key])}
            for key, (part, factor) in sorted(found.factors.items(), key=lambda each: -each[1][1])
        ],
        "least": rules.LEAST_FACTOR,
        "most": rules.MOST_FACTOR,
        "models": [_line(model) for model in models.order_by("creditor__code", "-number")],
    }
    return render(request, "cases/priority.html", context)


@require_safe
@allowed("dashboards.view")
def model(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one model: what it was worth on what it had not seen, its weights, and groups beside each other."""
    found = _find(request, pk)
    evaluation = found.evaluation
    weights = sorted(found.document["features"], key=lambda each: -(max(each["weights"]) - min(each["weights"])))
    context = {
        "model": found,
        "line": _line(found),
        "ours": evaluation["ours"],
        "beside": evaluation["gradient_boosting"],
        "trained_on": evaluation["trained_on"],
        "bins": [
            {
                "rows": each["rows"],
                "said": each["said"] * 100,
                "happened": each["happened"] * 100,
                "bar": round(each["said"] * BAR),
                "other_bar": round(each["happened"] * BAR),
            }
            for each in evaluation["ours"]["calibration"]
        ],
        "groups": [
            {
                **each,
                "attribute": ATTRIBUTES.get(each["attribute"], each["attribute"]),
                "name": _group(each["attribute"], each["group"]),
                "few": each["said"] is None,
            }
            | {name: each[name] * 100 for name in ("said", "happened", "among_first") if each[name] is not None}
            for each in evaluation["fairness"]
        ],
        "weights": [_weights(each) for each in weights if max(each["weights"]) - min(each["weights"]) > 0],
        "may_decide": request.user.has_perm("cases.set_policy") and found.status != ScoreModel.Status.RETIRED,
        "is_own": found.trained_by_id == request.user.pk,
    }
    return render(request, "cases/priority_model.html", context)


@require_POST
@allowed("cases.set_policy")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a model in force, or take it back."""
    from cases.priority.model import using  # numpy is loaded only where a model is decided on

    found, at = _find(request, pk), clock.now()
    try:
        if request.POST.get("verdict") == "approve":
            today = clock.business_day(at, found.creditor.time_zone)
            why = request.POST.get("reason", "")
            assert isinstance(request.user, User)
            using.approve(model_id=found.pk, by=request.user, why=why, upto=today, at=at)
            messages.success(request, _("In force. It moves the order from the next close of day."))
        else:
            using.retire(model_id=found.pk, actor=Actor.of(request.user), at=at)
            messages.success(request, _("Taken back. From the next close of day the rules alone give the order."))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("cases:priority-model", found.pk)


def _signed(points: int) -> str:
    return f"{points:+d}".replace("-", "−")


def _find(request: HttpRequest, pk: int) -> ScoreModel:
    models = ScoreModel.objects.select_related("creditor", "trained_by", "approved_by")
    return get_object_or_404(models.filter(creditor__in=reach.creditors(request.user)), pk=pk)


def _line(found: ScoreModel) -> dict[str, Any]:
    return {
        "pk": found.pk,
        "creditor": found.creditor,
        "number": found.number,
        "status": found.get_status_display(),
        "tone": TONES[found.status],
        "trained_at": found.trained_at,
        "by": found.approved_by,
        "auc": found.evaluation["ours"]["auc"],
        "rows": found.evaluation["ours"]["rows"],
    }


def _group(attribute: str, code: str) -> str:
    """Return what a group is called: a language, a place as it is written, how far somebody is vulnerable."""
    if attribute == "vulnerability" and code in Person.Vulnerability.values:
        return str(Person.Vulnerability(code).label)
    if attribute == "language":
        try:
            return str(get_language_info(code)["name_translated"])
        except KeyError:
            return code
    return words.place(code) if attribute == "place" and code else code or "–"


def _weights(feature: dict[str, Any]) -> dict[str, Any]:
    cuts = [math.expm1(cut) if "log_" in feature["name"] else cut for cut in feature["cuts"]]  # logarithms of money
    edges = [None, *cuts, None]
    parts = [
        {"from": _edge(low), "upto": _edge(high), "points": _signed(round(weight * rules.SCALE))}
        for low, high, weight in zip(edges[:-1], edges[1:], feature["weights"], strict=True)
    ]
    return {"label": chances.FEATURES.get(feature["name"], feature["name"]), "parts": parts}


def _edge(cut: float | None) -> str | None:
    """Return where a part begins or ends: three digits that count, thousands apart; None where it has no end."""
    if cut is None:
        return None
    digits = 0 if abs(cut) >= 100 else 1 if abs(cut) >= 10 else 2 if abs(cut) >= 1 else 3
    text = f"{cut:,.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−") or "0"
