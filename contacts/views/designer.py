"""The designer: a strategy as a tree, each node in a plain sentence with a small form; every change is kept at once."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.htmx import hx_trigger, is_htmx, vary_on_htmx
from collections_app.staff.access import allowed
from contacts.models import Step, StrategyVersion, Template
from contacts.models.template import Channel, Purpose
from contacts.strategy import drafting, editing, keys
from contacts.strategy.definition import DefinitionError
from contacts.strategy.editing import Document, Node
from contacts.views.designer_parts import Desk, Panel

SHAPES = ("add", "group", "drop", "raw", "lines", "shape")


@require_safe
@allowed("contacts.view_run")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a version as a tree with the node that the address names. A draft can be changed, others only be read."""
    desk = _desk(request, pk, request.GET.get("node", ""))
    return vary_on_htmx(render(request, "contacts/designer.html", desk.context()))


@require_safe
@allowed("contacts.view_run")
def node(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the panel of a node."""
    desk = _desk(request, pk, request.GET.get("node", ""))
    if not is_htmx(request):
        return redirect(desk.url(desk.node))
    answer = render(request, "contacts/designer_node.html", desk.context())
    answer["HX-Replace-Url"] = desk.url(desk.node)
    return answer


@require_POST
@allowed("contacts.configure")
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the draft: save a form, add, copy, move or remove a node, take back or do again."""
    desk = _desk(request, pk, request.POST.get("node", ""), settle=False)
    act = request.POST.get("act", "save")
    try:
        if act in ("undo", "redo"):
            return _turn(desk, act)
        if act.partition(":")[0] in ("save", *SHAPES):
            return _save(desk, act)
        return _act(desk, act)
    except editing.NotThere:
        return _refused(desk, _("It is not there any more: somebody has removed or renamed it."))
    except Refused as refused:
        if refused.code == "stale" and act.partition(":")[0] in ("save", *SHAPES):
            return _keep(desk, str(refused))
        return _refused(desk, str(refused))


def _keep(desk: Desk, sentence: str) -> HttpResponse:
    """Show the draft as it is now, with what was typed still in the form; saving again puts it over this one node."""
    data = desk.request.POST
    assert isinstance(data, QueryDict)
    panel = desk.posted(data)
    panel.form.add_error(None, sentence)
    panel.had_errors = True
    return _answer(desk, panel, has_changed=True)


def _desk(request: HttpRequest, pk: int, node: str, *, settle: bool = True) -> Desk:
    version = get_object_or_404(StrategyVersion.objects.select_related("strategy"), pk=pk)
    desk = Desk(request, version, Node.read(node[:100]))
    if settle:
        desk.settle()
    return desk


def _turn(desk: Desk, act: str) -> HttpResponse:
    verb = drafting.undo if act == "undo" else drafting.redo
    verb(
        version_id=desk.version.pk,
        was=desk.request.POST.get("was", ""),
        actor=Actor.of(desk.request.user),
        at=clock.now(),
    )
    return _answer(_desk(desk.request, desk.version.pk, str(desk.node)), focus="tree")


def _save(desk: Desk, act: str) -> HttpResponse:
    """Save the form of a node. What is wrong is shown beside its field, and what was typed stays."""
    data = desk.request.POST
    assert isinstance(data, QueryDict)
    panel = desk.posted(data)
    panel.reshape(act)
    saved, is_unbound = desk.node, False
    is_wrong = not panel.form.is_valid() or (panel.words is not None and panel.words.twice())
    if act != "save" and panel.is_incomplete:
        is_wrong = True  # a line still lacks its value: nothing is saved until it has one
    if not is_wrong:
        before = editing.get(desk.document, desk.node)
        values = panel.form.values()
        is_unbound = _loses_its_day(before, values)
        values |= {"from_dpd": None} if is_unbound else {}
        values["translations"] = panel.form.translations(before.get("translations", {}))
        names = ("condition", "stop")
        values |= {name: each.condition() or None for name, each in zip(names, panel.builders, strict=False)}
        if desk.node.kind == "step":
            values["key"] = _key_of(desk, before, values)
        edited, saved = _changed(desk, panel, values)
        try:
            _store(desk, edited, what="changed", about=_called(editing.get(edited, saved)))
        except DefinitionError as error:
            is_wrong = True
            _blame(desk, edited, saved, panel, error)
        else:
            if desk.node.kind == "strategy":
                desk.version.creditors.set(panel.form.cleaned_data["creditors"])
    line = _new_line(panel, act)
    if is_wrong:
        panel.had_errors = True
        return _answer(desk, panel, focus=line)
    after = _desk(desk.request, desk.version.pk, str(saved))
    is_quiet = act == "save" and not panel.had_errors and not is_unbound  # the form stays: somebody goes on typing
    if act == "save":
        answer = _answer(after, is_quiet=is_quiet, has_changed=True)
        is_renamed = is_quiet and saved.step != desk.node.step
        return hx_trigger(answer, "keyfollowed", {"key": saved.step}) if is_renamed else answer
    panel.had_errors = False
    return _answer(after, panel if after.node == desk.node else None, focus=line, has_changed=True)


def _changed(desk: Desk, panel: Panel, values: dict[str, Any]) -> tuple[Document, Node]:
    """Return the document with what the form says; named sets and conditions that were renamed are followed."""
    if panel.words is None:
        return editing.change(desk.document, desk.node, values)
    texts = editing.call_words(values["translations"] or {}, get_language() or "", panel.words.called())
    said = {**values, **panel.words.values(), "translations": texts}
    edited, node = editing.change(desk.document, desk.node, said)
    named, sets = panel.words.renamed()
    return editing.rename_words(edited, named=named, sets=sets), node


def _key_of(desk: Desk, before: Document, values: dict[str, Any]) -> str:
    """Return the key of a step: one that was given and counts for nothing yet follows its kind and its day."""
    siblings = editing.steps_of(editing.get(desk.document, desk.node.parent))
    taken = [step["key"] for step in siblings if step["key"] != desk.node.step]
    return keys.following(before, values, taken, desk.version)


def _loses_its_day(before: Document, values: dict[str, Any]) -> bool:
    """Whether a step that was due by a day past due now follows something else: the day was not meant as a floor."""
    was_by_day = bool(before.get("kind")) and not before.get("after") and not before.get("on")
    is_moved = bool(values.get("after") or values.get("on"))
    return was_by_day and is_moved and values.get("from_dpd") == before.get("from_dpd")


def _new_line(panel: Panel, act: str) -> str:
    """Return the id of the field in which a line that was just added begins; "" where none was."""
    verb, _colon, where = act.partition(":")
    if verb not in ("add", "group"):
        return ""
    if verb == "add" and where == "sets" and panel.words:
        return f"{panel.words.sets[-1].id}-name"
    if verb == "add" and where == "named" and panel.words:
        return f"{panel.words.named[-1].id}-name"
    rows = next((builder.rows for builder in panel.all_builders if builder.prefix == where.partition("-")[0]), [])
    within = next((row.rows for row in rows if row.id == where), rows)
    if not within:
        return ""
    last = within[-1]
    return f"{last.rows[0].id if last.is_group else last.id}-fact"


def _blame(desk: Desk, edited: Document, saved: Node, panel: Panel, error: DefinitionError) -> None:
    """Put every problem beside the field or the line that it is about."""
    own = editing.path_of(edited, saved)
    for path, message in error.problems:
        rest = path.removeprefix(own).lstrip(".")
        word, _dot, _rest = rest.partition(".")
        word = word.partition("[")[0]
        builders = dict(zip(("condition", "stop"), panel.builders, strict=False))
        if own and path.startswith(own) and word in builders:
            builders[word].blame(rest.removeprefix(word).lstrip("."), message)
        elif panel.words is not None and panel.words.blame(path, message):
            continue
        elif path.startswith(own):
            panel.form.blame(rest, message)
        else:
            panel.form.add_error(None, f"{path}: {message}")


def _act(desk: Desk, act: str) -> HttpResponse:
    """Add, copy, move or remove a node."""
    verbs: dict[str, Any] = {
        "add-segment": lambda: editing.add_segment(desk.document, {"name": _("New segment")}, after=desk.node),
        "add-step": lambda: editing.add_step(desk.document, desk.node, _new_step(desk)),
        "duplicate": lambda: editing.duplicate(desk.document, desk.node),
        "remove": lambda: editing.remove(desk.document, desk.node),
        "up": lambda: editing.move(desk.document, desk.node, -1),
        "down": lambda: editing.move(desk.document, desk.node, 1),
    }
    whats = {"add-segment": "added", "add-step": "added", "duplicate": "copied", "remove": "removed"}
    if act not in verbs:
        return _refused(desk, _("This is not understood."))
    if act == "add-step" and desk.node.kind == "strategy":  # the last segment is the one that takes everybody
        desk.node = Node(editing.segments_of(desk.document)[-1]["key"])
    edited, new = verbs[act]()
    about = _called(editing.get(desk.document, desk.node) if act == "remove" else editing.get(edited, new))
    try:
        _store(desk, edited, what=whats.get(act, "moved"), about=about)
    except DefinitionError as error:
        path, message = error.problems[0]
        where, _rest = editing.node_at(edited, path)
        return _refused(desk, _("Not done. %(node)s: %(message)s") % {"node": str(where), "message": message})
    after = _desk(desk.request, desk.version.pk, str(new))
    return _answer(after, focus="form" if act.startswith("add") else "tree", has_changed=True)


def _new_step(desk: Desk) -> dict[str, Any]:
    """Return a step to begin with: a message some days after the step above, where there is a template.

    The mildest that is not there yet: a text message that asks for money, in the order in which they were written.
    """
    steps = editing.steps_of(editing.get(desk.document, Node(desk.node.segment)))
    above = next((step for step in steps if step["key"] == desk.node.step), steps[-1] if steps else None)
    days = [(step.get("from_dpd") or 0) for step in ([above] if above else [])]
    texts = Template.objects.filter(channel=Channel.SMS, purpose=Purpose.COLLECTION).order_by("pk")
    there = {step["template"] for step in steps if step.get("template")}
    template = texts.exclude(code__in=there).first() or texts.first() or Template.objects.order_by("pk").first()
    new: dict[str, Any] = {"from_dpd": days[0] + 3 if days else 1, "severity": above.get("severity", 1) if above else 1}
    kind = {"kind": Step.Kind.MESSAGE.value, "template": template.code} if template else {"kind": Step.Kind.CALL.value}
    return {**kind, **new, "key": keys.of_step(kind | new)}


def _store(desk: Desk, edited: Document, *, what: str, about: str) -> None:
    drafting.save(
        version_id=desk.version.pk,
        document=edited,
        was=desk.request.POST.get("was", ""),
        what=what,
        about=about,
        actor=Actor.of(desk.request.user),
        at=clock.now(),
    )


def _called(table: Document) -> str:
    return str(table.get("name") or table.get("key") or "")


def _answer(
    desk: Desk, panel: Panel | None = None, *, focus: str = "", is_quiet: bool = False, has_changed: bool = False
) -> HttpResponse:
    """Answer with the panel and, beside it, the tree and what can be undone; quietly where that is all.

    focus: where the reader goes on: "tree", "form", or the id of a field.
    """
    request = desk.request
    if not is_htmx(request):
        if panel is None:
            return redirect(desk.url(desk.node))
        status = 422 if panel.had_errors else 200  # without a script a new line is on the page before it is stored
        return render(request, "contacts/designer.html", desk.context(panel), status=status)
    answer = render(request, "contacts/designer_answer.html", desk.context(panel) | {"is_quiet": is_quiet})
    if is_quiet:
        answer["HX-Reswap"] = "none"
    answer["HX-Replace-Url"] = desk.url(desk.node)
    if has_changed or focus == "tree":
        hx_trigger(answer, "drafted")
    if focus:
        hx_trigger(answer, "focusdesigner", {"on": focus})
    return answer


def _refused(desk: Desk, sentence: str) -> HttpResponse:
    """Say why nothing was done, and show the draft as it is."""
    desk.settle()
    if not is_htmx(desk.request):
        messages.error(desk.request, sentence)
        return redirect(desk.url(desk.node))
    answer = render(desk.request, "contacts/designer_answer.html", desk.context() | {"refused": sentence})
    return hx_trigger(hx_trigger(answer, "toast", {"text": sentence, "tone": "stop"}), "drafted")
