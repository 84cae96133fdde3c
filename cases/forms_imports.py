"""What is asked when a file is uploaded."""

from datetime import datetime
from pathlib import PurePath
from typing import Any, Final

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import reach
from cases.date_boxes import DayField, PastDayInput
from cases.imports import formats, report
from cases.models import Creditor, ImportMapping
from cases.payment_files import formats as money_formats
from collections_app.shared import clock

ENDINGS: Final = (".csv", ".txt", ".tsv", ".xlsx")
SHEET_ENDING: Final = ".xlsx"
KINDS: Final = (
    ("tape", gettext_lazy("tape: accounts and balances")),
    (money_formats.PAYMENTS, gettext_lazy("payments")),
    (money_formats.BANK, gettext_lazy("bank statement")),
)


class UploadForm(forms.Form):
    """A file: of which kind, whose, how it is read, for which day, and whether it is only tried."""

    kind = forms.ChoiceField(label=gettext_lazy("What it holds"), choices=KINDS, initial="tape", required=False)
    creditor = forms.ModelChoiceField(Creditor.objects.none(), label=gettext_lazy("Creditor"))
    file = forms.FileField(
        label=gettext_lazy("File"), allow_empty_file=True, widget=forms.FileInput(attrs={"accept": ",".join(ENDINGS)})
    )
    mapping = forms.ChoiceField(
        label=gettext_lazy("How it is read"), help_text=gettext_lazy("“Find out” asks when it is not sure.")
    )
    as_of = DayField(
        label=gettext_lazy("Balances as of"),
        required=False,
        widget=PastDayInput,
        help_text=gettext_lazy("The day for which the balances of a tape hold."),
    )
    dry_run = forms.BooleanField(label=gettext_lazy("Only try it: check every row, keep nothing"), required=False)

    def __init__(self, *args: Any, user: Any, at: datetime, too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at, self.too_large = at, too_large
        creditors = self.fields["creditor"]
        mapping = self.fields["mapping"]
        assert isinstance(creditors, forms.ModelChoiceField)
        assert isinstance(mapping, forms.ChoiceField)
        creditors.queryset = reach.creditors(user).filter(is_active=True)
        stored = ImportMapping.objects.order_by("name").values_list("name", flat=True).distinct()
        names = dict.fromkeys([*stored, *formats.BUILT_IN, *money_formats.BUILT_IN])
        mapping.choices = [("auto", _("Find out from the file")), *((name, name) for name in names)]
        if too_large:
            self.fields["file"].required = False

    def clean_as_of(self) -> Any:
        """Refuse a day that has not come yet anywhere."""
        as_of = self.cleaned_data["as_of"]
        if as_of is None:
            if self.cleaned_data.get("kind") in (None, "", "tape"):
                raise forms.ValidationError(self.fields["as_of"].error_messages["required"])
            return as_of
        if as_of > clock.local_date(self.at, "Pacific/Kiritimati"):
            raise forms.ValidationError(_("%(day)s is in the future.") % {"day": as_of})
        return as_of

    def clean_file(self) -> Any:
        """Refuse what is empty, too large, or no table by its name."""
        file = self.cleaned_data.get("file")
        if self.too_large:
            raise forms.ValidationError(_too_large(settings.IMPORT_MAX_BYTES))
        if file is None:
            raise forms.ValidationError(self.fields["file"].error_messages["required"])
        ending = PurePath(file.name).suffix.lower()
        if file.size == 0:
            raise forms.ValidationError(report.sentence("file_is_empty", {}))
        if ending not in ENDINGS:
            raise forms.ValidationError(
                _("A tape is a CSV or XLSX file; “%(name)s” is neither by its name.") % {"name": file.name[-80:]}
            )
        limit = settings.IMPORT_MAX_XLSX_BYTES if ending == SHEET_ENDING else settings.IMPORT_MAX_BYTES
        if file.size > limit:
            raise forms.ValidationError(_too_large(limit))
        return file


def _too_large(limit: int) -> str:
    return report.sentence("file_is_too_large", {"limit": limit // 1024**2})
