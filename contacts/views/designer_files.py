"""A strategy begins, is copied, leaves as a file and comes from one; the format is documented and has a schema."""

import json
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cases.models import Creditor
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from contacts.models import Strategy, StrategyVersion
from contacts.models.texts import in_language
from contacts.strategy import definition, drafting, editing, shipped
from contacts.strategy import schema as schema_of_the_format
from contacts.strategy.definition import Definition, DefinitionError

MOST_BYTES: Final = 2_000_000
SHIPPED: Final = "shipped:"
COPY: Final = "copy:"
BLANK: Final = "blank"


class NewForm(forms.Form):
    """How a strategy begins."""

    begin = forms.ChoiceField(label=gettext_lazy("Begin with"))
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autofocus": True}),
        help_text=gettext_lazy("Empty: that of the strategy with which it begins."),
    )
    code = forms.SlugField(
        label=gettext_lazy("Code"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Letters and digits; it stays for ever. Empty: made of the name."),
    )
    creditors = forms.ModelMultipleChoiceField(
        label=gettext_lazy("For the creditors"),
        queryset=Creditor.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "new-%s", **kwargs})
        begin, creditors = self.fields["begin"], self.fields["creditors"]
        assert isinstance(begin, forms.ChoiceField)
        assert isinstance(creditors, forms.ModelMultipleChoiceField)
        begin.choices = _beginnings()
        creditors.queryset = Creditor.objects.order_by("name")


def _beginnings() -> list[tuple[Any, Any]]:
    versions = StrategyVersion.objects.select_related("strategy").order_by("strategy__name", "-version")[:200]
    copies = [
        (
            f"{COPY}{one.pk}",
            _("%(name)s v%(number)s (%(status)s)")
            % {"name": one.strategy.title, "number": one.version, "status": one.get_status_display()},
        )
        for one in versions
    ]
    codes = sorted(path.stem for path in shipped.FOLDER.glob("*.toml") if path != shipped.TEMPLATES)
    found: list[tuple[Any, Any]] = [(BLANK, _("an empty strategy"))]
    files = [(f"{SHIPPED}{code}", name) for code in codes if (name := _shipped_name(code))]
    found += [(_("A strategy that comes with the product"), files)] if files else []
    return [*found, (_("The next version of"), copies)] if copies else found


def _shipped_name(code: str) -> str:
    try:
        read = shipped.read_strategy(code)
        return in_language(read.texts, "name", read.name)
    except (DefinitionError, OSError):
        return ""


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("contacts.configure")
def new(request: HttpRequest) -> HttpResponse:
    """Begin a draft: empty, from a strategy that comes with the product, or as the next version of one."""
    if request.method == "POST":
        form = NewForm(request.POST)
        if form.is_valid() and (version := _begin(request, form)) is not None:
            return redirect("contacts:strategy-edit", pk=version.pk)
    else:
        form = NewForm(initial=_initial(request))
    context = {"form": form, "next": _next_of(form["begin"].value())}
    return render(request, "contacts/designer_new.html", context, status=422 if form.errors else 200)


def _next_of(begin: Any) -> tuple[Strategy, int] | None:
    """Return the strategy of which this is to be the next version, and its number; None where it is a new one."""
    number = str(begin or "").removeprefix(COPY)
    if not str(begin or "").startswith(COPY) or not number.isdecimal():
        return None
    base = StrategyVersion.objects.select_related("strategy").filter(pk=int(number)).first()
    if base is None:
        return None
    return base.strategy, max(base.strategy.versions.values_list("version", flat=True)) + 1


def _initial(request: HttpRequest) -> dict[str, Any]:
    copy, code = request.GET.get("copy", ""), request.GET.get("shipped", "")
    every = list(Creditor.objects.order_by("name").values_list("pk", flat=True))
    if copy.isdecimal():
        version = StrategyVersion.objects.filter(pk=int(copy)).first()
        own = list(version.creditors.values_list("pk", flat=True)) if version else every
        return {"begin": f"{COPY}{copy}", "creditors": own}
    return {"begin": f"{SHIPPED}{code}" if code else BLANK, "creditors": every if len(every) == 1 else []}


def _begin(request: HttpRequest, form: NewForm) -> StrategyVersion | None:
    data = form.cleaned_data
    begin, base = data["begin"], None
    try:
        if begin.startswith(COPY):
            base = StrategyVersion.objects.select_related("strategy").get(pk=int(begin.removeprefix(COPY)))
            what = definition.of_version(base)
        elif begin.startswith(SHIPPED):
            what = shipped.read_strategy(begin.removeprefix(SHIPPED))
            if data["name"] or data["code"]:
                what = _renamed(what, data)
        else:
            what = _empty(data, form)
            if form.errors:
                return None
        if base is None and Strategy.objects.filter(code=what.code).exists():
            raise drafting.DraftRefused("code-taken", strategy=what.code)
        creditors = list(data["creditors"])
        actor = Actor.of(request.user)
        return drafting.begin(what, creditors=creditors, actor=actor, at=clock.now(), based_on=base)
    except DefinitionError as error:
        for path, message in error.problems:
            form.add_error(None, f"{path}: {message}")
    except Refused as refused:
        form.add_error("code", str(refused))
    return None


def _renamed(what: Definition, data: dict[str, Any]) -> Definition:
    document = definition.to_document(what)
    name = data["name"] or what.name
    code = data["code"] or (slugify(name)[:60] if data["name"] else "") or what.code
    return definition.parse(document | {"name": name, "code": code})


def _empty(data: dict[str, Any], form: NewForm) -> Any:
    if not data["name"].strip():
        form.add_error("name", _("Say how it is called."))
    code = data["code"] or slugify(data["name"])[:60]
    if not code:
        form.add_error("code", _("Give it a code of letters and digits."))
    if form.errors:
        return None
    segment = {"key": "everybody", "name": _("Everybody"), "condition": {}, "step": []}
    return definition.parse({"code": code, "name": data["name"], "segment": [segment]})


# -- files -------------------------------------------------------------------------------------------------------------


class ImportForm(forms.Form):
    """A file of a strategy, or its text."""

    file = forms.FileField(label=gettext_lazy("File (JSON or TOML)"), required=False)
    text = forms.CharField(
        label=gettext_lazy("Or its text"),
        required=False,
        max_length=MOST_BYTES,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "wording-body"}),
    )
    creditors = forms.ModelMultipleChoiceField(
        label=gettext_lazy("For the creditors"),
        queryset=Creditor.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "import-%s", **kwargs})
        creditors = self.fields["creditors"]
        assert isinstance(creditors, forms.ModelMultipleChoiceField)
        creditors.queryset = Creditor.objects.order_by("name")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("contacts.configure")
def load(request: HttpRequest) -> HttpResponse:
    """Read a strategy from a file: every problem with its path, or a draft. `?into=` replaces a draft by it."""
    into = request.GET.get("into", "")
    version = None
    if into.isdecimal():
        version = get_object_or_404(StrategyVersion.objects.select_related("strategy"), pk=int(into))
    form = ImportForm(request.POST or None, request.FILES or None)
    problems: list[tuple[str, str, str]] = []
    if request.method == "POST" and form.is_valid():
        try:
            found = _loaded(form)
            made = _replace(request, version, found) if version else _create(request, form, found)
            return redirect("contacts:strategy-edit", pk=made.pk)
        except DefinitionError as error:
            problems = _placed(form, error.problems)
        except Refused as refused:
            form.add_error(None, str(refused))
    context = {"form": form, "problems": problems, "version": version}
    return render(request, "contacts/designer_import.html", context, status=422 if problems or form.errors else 200)


def _loaded(form: ImportForm) -> Definition:
    text, name = _written(form)
    return definition.read_text(text, name=name)


def _written(form: ImportForm) -> tuple[str, str]:
    """Return the text that was given and what it is called. Raises DefinitionError where there is none."""
    file, text = form.cleaned_data["file"], form.cleaned_data["text"]
    if file is None and not text.strip():
        raise DefinitionError([(_("file"), _("choose a file or paste its text"))])
    if file is None:
        return text, "text.json" if text.lstrip().startswith("{") else "text.toml"
    if file.size > MOST_BYTES:
        raise DefinitionError([(file.name, _("the file is larger than a strategy can be"))])
    file.seek(0)
    try:
        return file.read().decode("utf-8-sig"), file.name
    except UnicodeDecodeError:
        raise DefinitionError([(file.name, _("the file is not a text in UTF-8"))]) from None


def _placed(form: ImportForm, problems: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Return each problem with what the segment and the step that it lies in are called in the file."""
    try:
        text, name = _written(form)
        document = definition.document_in(text, name=name)
    except DefinitionError:
        document = {}
    return [(path, editing.called_at(document, path), message) for path, message in problems]


def _replace(request: HttpRequest, version: StrategyVersion, found: Definition) -> StrategyVersion:
    document = drafting.document_of(version)
    return drafting.save(
        version_id=version.pk,
        document=definition.to_document(found) | {"code": version.strategy.code},
        was=drafting.token_of(document),
        what="imported",
        about=found.name,
        actor=Actor.of(request.user),
        at=clock.now(),
    )


def _create(request: HttpRequest, form: ImportForm, found: Definition) -> StrategyVersion:
    creditors = list(form.cleaned_data["creditors"])
    newest = StrategyVersion.objects.filter(strategy__code=found.code).order_by("-version").first()
    if newest is not None and not creditors:  # the next version is for whom the one before was
        creditors = list(newest.creditors.all())
    return drafting.begin(found, creditors=creditors, actor=Actor.of(request.user), at=clock.now())


@require_safe
@allowed("contacts.view_run")
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """Return a version as a JSON file in the documented format."""
    version = get_object_or_404(StrategyVersion.objects.select_related("strategy"), pk=pk)
    text = json.dumps(definition.to_document(definition.of_version(version)), ensure_ascii=False, indent=2)
    answer = HttpResponse(text + "\n", content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{version.strategy.code}-v{version.version}.json"'
    return answer


@require_safe
@allowed("contacts.view_run")
def schema(request: HttpRequest) -> HttpResponse:
    """Return the JSON schema of the format."""
    return JsonResponse(schema_of_the_format.schema())
