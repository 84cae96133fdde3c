"""What the designer shows of a draft: the tree, the node that is looked at with its form, and what can be undone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.db.models import Prefetch
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contacts import forms_conditions, forms_named
from contacts.forms_conditions import Builder
from contacts.forms_named import Words
from contacts.forms_strategy import NodeForm, SegmentForm, StepForm, StrategyForm, choices_of_steps
from contacts.models import DraftEdit, Segment, Step, StrategyVersion
from contacts.strategy import drafting, editing, naming, sentences
from contacts.strategy.editing import Document, Node

ICONS: Final = {
    "sms": "device-mobile", "email": "mail", "letter": "file-text", "chat": "brand-wechat", "voice_notice": "message",
    "call": "phone", "visit": "home", "assign": "users", "hold": "hand-stop", "review": "eye", "legal": "scale",
    "agency": "briefcase", "plan_offer": "heart-handshake", "message": "message",
}  # fmt: skip
CONDITION, STOP = "c", "z"


@dataclass(slots=True)
class Panel:
    """The node that is looked at: its form and its conditions, with what was posted where something was wrong."""

    form: NodeForm
    builders: list[Builder]
    had_errors: bool = False
    words: Words | None = None

    @property
    def is_incomplete(self) -> bool:
        """Whether a line still lacks its value."""
        own = self.words.is_incomplete if self.words else False
        return own or any(builder.is_incomplete for builder in self.builders)

    @property
    def all_builders(self) -> list[Builder]:
        """Its conditions and those that the strategy names."""
        return [*self.builders, *(row.builder for row in (self.words.named if self.words else ()))]

    def reshape(self, act: str) -> None:
        """Add or drop a line, a group, a set or a condition."""
        self.builders = [forms_conditions.reshape(builder, act) for builder in self.builders]
        if self.words is not None:
            self.words = forms_named.reshape(self.words, act)


@dataclass
class Desk:
    """One look at a version: who looks, at which node."""

    request: HttpRequest
    version: StrategyVersion
    node: Node

    @cached_property
    def document(self) -> Document:
        """The document that the rows of the version stand for."""
        return drafting.document_of(self.version)

    @cached_property
    def token(self) -> str:
        """What says that it is this document."""
        return drafting.token_of(self.document)

    @cached_property
    def called(self) -> dict[str, str]:
        """What its named sets and conditions are called in the reader's language."""
        return naming.called(self.version.strategy)

    @property
    def may_edit(self) -> bool:
        """Whether this is a draft that the reader may change."""
        is_draft = self.version.status == StrategyVersion.Status.DRAFT
        return is_draft and self.request.user.has_perm("contacts.configure")

    @cached_property
    def segments(self) -> list[Segment]:
        """The rows of the version."""
        steps = Step.objects.select_related("template").order_by("position", "pk")
        rows = self.version.segments.order_by("position", "pk").prefetch_related(Prefetch("steps", queryset=steps))
        return list(rows)

    def settle(self) -> None:
        """Look at the strategy where the node is not there any more."""
        try:
            editing.get(self.document, self.node)
        except editing.NotThere:
            self.node = Node()

    def url(self, node: Node) -> str:
        """Return the address of the page at a node."""
        base = reverse("contacts:strategy-edit", args=[self.version.pk])
        return f"{base}?{urlencode({'node': str(node)})}" if node.segment else base

    def row_url(self, node: Node) -> str:
        """Return the address of the panel of a node."""
        base = reverse("contacts:strategy-node", args=[self.version.pk])
        return f"{base}?{urlencode({'node': str(node)})}"

    def tree(self) -> list[dict[str, Any]]:
        """Return the nodes from top to bottom, each in words."""
        rows = [self._row(Node(), self.version.strategy.title, "", "sitemap")]
        for segment in self.segments:
            node = Node(segment.key)
            rows.append(self._row(node, segment.title, condition_in_words(segment, self.called), "users"))
            for step in segment.steps.all():
                picture = ICONS.get(step.template.channel if step.template else step.kind, "circle-dot")
                rows.append(self._row(Node(segment.key, step.key), self.words_of(segment, step), "", picture))
        return rows

    def words_of(self, segment: Segment, step: Step) -> str:
        """Return a step in one sentence."""
        names = {each.key: sentences.name_of(each) for each in segment.steps.all()}
        return sentences.of_step(step, names=names, called=self.called)

    def _row(self, node: Node, label: str, sub: str, icon: str) -> dict[str, Any]:
        return {
            "id": dom_id(node),
            "node": str(node),
            "kind": node.kind,
            "level": {"strategy": 1, "segment": 2, "step": 3}[node.kind],
            "label": label,
            "sub": sub,
            "icon": icon,
            "url": self.url(node),
            "row_url": self.row_url(node),
            "is_current": node == self.node,
        }

    def panel(self) -> Panel:
        """Return the form of the node as it stands in the document."""
        table = editing.get(self.document, self.node)
        more: dict[str, Any] = {"named": tuple(self.document.get("named", {})), "called": self.called}
        if self.node.kind == "strategy":
            creditors = list(self.version.creditors.values_list("pk", flat=True))
            said = table.get("translations", {}).get(get_language() or "", {})
            words = forms_named.of_document(table, self.called, said)
            return Panel(StrategyForm(initial=StrategyForm.initial_of(table, creditors)), [], words=words)
        if self.node.kind == "segment":
            builders = [
                forms_conditions.of_condition(CONDITION, _("Takes the case if"), table.get("condition", {}), **more),
                forms_conditions.of_condition(STOP, _("And ends for it when"), table.get("stop", {}), **more),
            ]
            return Panel(SegmentForm(initial=SegmentForm.initial_of(table)), builders)
        condition = forms_conditions.of_condition(CONDITION, _("Only if"), table.get("condition", {}), **more)
        siblings = self._siblings()
        return Panel(StepForm(initial=StepForm.initial_of(table), siblings=siblings), [condition])

    def posted(self, data: QueryDict) -> Panel:
        """Return the form of the node as it was posted."""
        more: dict[str, Any] = {"named": tuple(self.document.get("named", {})), "called": self.called}
        had = bool(data.get("had-errors"))
        if self.node.kind == "strategy":
            return Panel(StrategyForm(data), [], had, forms_named.of_post(data, self.document, self.called))
        if self.node.kind == "segment":
            builders = [
                forms_conditions.of_post(data, CONDITION, _("Takes the case if"), **more),
                forms_conditions.of_post(data, STOP, _("And ends for it when"), **more),
            ]
            return Panel(SegmentForm(data), builders, had)
        condition = forms_conditions.of_post(data, CONDITION, _("Only if"), **more)
        return Panel(StepForm(data, siblings=self._siblings()), [condition], had)

    def _siblings(self) -> list[tuple[str, str]]:
        segment = editing.get(self.document, self.node.parent)
        rows = {step.key: step for row in self.segments if row.key == self.node.segment for step in row.steps.all()}
        named = choices_of_steps(segment, self.node.step)
        names = {key: sentences.name_of(step) for key, step in rows.items()}
        alike = {name for name, often in Counter(names.values()).items() if often > 1}
        return [(key, _told_apart(names.get(key, key), key, alike)) for key, _label in named]

    def sentence(self) -> str:
        """Return what the node says, in one sentence."""
        if self.node.kind == "strategy":
            return self.version.strategy.title
        for segment in self.segments:
            if segment.key != self.node.segment:
                continue
            if self.node.kind == "segment":
                return _("%(segment)s: %(condition)s") % {
                    "segment": segment.title,
                    "condition": condition_in_words(segment, self.called),
                }
            for step in segment.steps.all():
                if step.key == self.node.step:
                    return self.words_of(segment, step)
        return ""

    def reading(self) -> list[dict[str, Any]]:
        """Return the sentences below the node: all of the strategy, or those of one segment."""
        if self.node.kind == "step":
            return []
        return [
            {
                "name": segment.title,
                "url": self.url(Node(segment.key)),
                "condition": condition_in_words(segment, self.called),
                "rules": sentences.of_rules(segment, self.called),
                "steps": [
                    {"sentence": self.words_of(segment, step), "url": self.url(Node(segment.key, step.key))}
                    for step in segment.steps.all()
                ],
            }
            for segment in self.segments
            if self.node.kind == "strategy" or segment.key == self.node.segment
        ]

    def context(self, panel: Panel | None = None) -> dict[str, Any]:
        """Return what the templates of the designer need."""
        done = drafting.last_done(self.version) if self.may_edit else None
        undone = drafting.last_undone(self.version) if self.may_edit else None
        return {
            "desk": self,
            "version": self.version,
            "strategy": self.version.strategy,
            "node": self.node,
            "token": self.token,
            "may_edit": self.may_edit,
            "may_copy": self.request.user.has_perm("contacts.configure"),
            "tree": self.tree(),
            "panel": panel or self.panel(),
            "sentence": self.sentence(),
            "reading": self.reading(),
            "undo_words": edit_in_words(done) if done else "",
            "redo_words": edit_in_words(undone) if undone else "",
            "change_url": reverse("contacts:strategy-change", args=[self.version.pk]),
        }


def condition_in_words(segment: Segment, called: Mapping[str, str]) -> str:
    """Return whom a segment takes, in words."""
    return sentences.of_condition(segment.condition, called) if segment.condition else _("all other cases")


def _told_apart(name: str, key: str, alike: set[str]) -> str:
    return _("%(what)s (%(about)s)") % {"what": name, "about": key} if name in alike else name


def dom_id(node: Node) -> str:
    """Return the id of a node's line on the page."""
    return f"n-{node.segment}__{node.step}"


def edit_in_words(edit: DraftEdit) -> str:
    """Return what an edit did: "added: sms-1"."""
    words = {
        "changed": _("changed: %(about)s"),
        "added": _("added: %(about)s"),
        "removed": _("removed: %(about)s"),
        "moved": _("moved: %(about)s"),
        "copied": _("copied: %(about)s"),
        "imported": _("imported: %(about)s"),
    }
    return words.get(edit.what, "%(about)s") % {"about": edit.about}
