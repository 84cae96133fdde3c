"""The sentences behind the codes: why a file, a row or a cell was refused, in the reader's language."""

from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .refusals import FileRefused, RowRefusal

SENTENCES: Final[dict[str, str | Promise]] = {
    # the book
    "components_exceed_balance": _("The parts add up to %(components)s, more than the balance of %(balance)s."),
    "own_books_differ": _("The file says %(stated)s; the books kept here say %(booked)s, and that stands."),
    # the file
    "file_is_empty": _("The file is empty."),
    "file_is_a_folder": _("This is a folder, not a file."),
    "file_cannot_be_opened": _("The file cannot be opened: %(reason)s."),
    "file_is_too_large": _("The file is larger than %(limit)s MB."),
    "file_is_no_table": _("This is a %(kind)s file. A tape is text with separators (CSV) or XLSX."),
    "file_is_binary": _("This is not text: the file holds zero or control bytes. A tape is CSV or XLSX."),
    "encoding_unknown": _("The file's character encoding is none of UTF-8, UTF-16, GB18030, Big5 and Windows-1252."),
    "encoding_broken": _("The file is not readable as %(encoding)s throughout."),
    "encoding_is_no_name": _("There is no character encoding named %(encoding)s."),
    "line_is_too_long": _("Line %(line)s is longer than %(limit)s characters."),
    "no_heading_line": _("No line with column headings was found."),
    "column_is_missing": _("The column “%(column)s” is missing."),
    "column_is_there_twice": _("The column “%(column)s” is there twice."),
    "sheet_is_too_large": _("The spreadsheet needs too much memory to open. Save it as CSV."),
    "sheet_takes_too_long": _("Opening the spreadsheet took longer than %(seconds)s seconds. Save it as CSV."),
    "sheet_is_unreadable": _(
        "The spreadsheet cannot be read: it is damaged, protected by a password, or no XLSX file."
    ),
    "sheet_is_missing": _("The spreadsheet holds no sheet."),
    "nothing_to_load": _("The file has headings but no rows."),
    "as_of_is_in_the_future": _("The balances are dated %(as_of)s, which is after today (%(today)s)."),
    "product_is_missing": _("The creditor has no product, and the file names none."),
    "file_was_interrupted": _("Loading stopped by an error inside the program; nothing of the file is in the book."),
    "file_was_interrupted_midway": _(
        "Loading stopped by an error inside the program; %(count)s payments of the file are in the book. Upload the "
        "file again: it goes on where it stopped."
    ),
    # the mapping
    "mapping_is_broken": _("The mapping “%(name)s” does not name its columns."),
    "mapping_names_no_field": _("The mapping names the field “%(field)s”, which does not exist."),
    "mapping_names_field_twice": _("The mapping reads the field “%(field)s” from two columns."),
    "mapping_lacks_field": _("The mapping has no column for “%(field)s”."),
    "mapping_needs_one_measure": _(
        "The mapping must name exactly one of: oldest unpaid due date, days past due, months past due, repayment "
        "status. It names: %(found)s."
    ),
    "mapping_has_bad_format": _("The mapping has an unknown date format (%(form)s) or decimal mark (%(mark)s)."),
    # questions
    "which_encoding": _("Is the file encoded as %(choices)s? Say so in a mapping."),
    "which_delimiter": _("Are the columns separated by %(choices)s? Say so in a mapping."),
    "which_column": _("Which column holds “%(field)s”: %(choices)s? Say so in a mapping."),
    "which_column_holds": _("Which column holds “%(field)s”? No heading says it. Say so in a mapping."),
    "which_column_says_how_late": _(
        "Which column says how late an account is (oldest unpaid due date, days or months past due)? "
        "Say so in a mapping."
    ),
    "which_date_format": _("Is %(example)s day/month/year or month/day/year? Say so in a mapping."),
    "dates_are_mixed": _("%(day_first)s dates begin with the day and %(month_first)s with the month. Which is right?"),
    "mapping_is_of_no_kind": _("There is no kind of file named %(kind)s."),
    # a row
    "bad_quoting": _("The quotation marks of this line do not match."),
    "wrong_width": _("The line has %(found)s cells where the headings are %(expected)s."),
    "total_line": _("This line looks like a total (“%(text)s”), not an account."),
    "duplicate_account": _("The account is already on line %(first_line)s of this file."),
    "account_in_other_currency": _("The account is kept in %(kept)s; the file says %(stated)s."),
    "account_of_other_borrower": _("The account belongs to another borrower in the book."),
    "older_than_book": _("The book already holds a newer state, of %(newest)s."),
    "unknown_product": _("The creditor has no product “%(product)s”."),
    # a row of payments, or of the bank
    "duplicate_reference": _("The reference is already on line %(first_line)s of this file."),
    "reference_is_another_payment": _("Reference %(reference)s is already a payment of %(amount)s %(currency)s."),
    "nothing_paid": _("The amount is zero."),
    "payment_is_negative": _("“%(text)s” is negative. What went back is recorded as the reversal of its payment."),
    "day_is_in_the_future": _("%(day)s is after today (%(today)s)."),
    "day_is_closed": _("%(day)s has been reconciled and closed."),
    "unknown_payer": _("“%(text)s” does not say who paid: borrower, guarantor or third party."),
    "unknown_method": _("“%(text)s” is no way of paying that is kept here."),
    # a cell
    "value_is_missing": _("The cell is empty."),
    "control_character": _("The cell holds a character that no text holds (a zero byte or another control character)."),
    "too_long": _("The text is longer than %(limit)s characters."),
    "digits_lost": _(
        "The spreadsheet kept this long number as a quantity and lost its last digits. Format it as text."
    ),
    "bad_account_number": _("This is not an account number (1 to %(limit)s characters)."),
    "bad_amount": _("“%(text)s” is not an amount with the decimal mark “%(mark)s”."),
    "scientific_notation": _("“%(text)s” is in scientific notation; amounts are written out."),
    "too_many_decimals": _("“%(text)s” has more than two decimals."),
    "amount_too_large": _("The amount is larger than the books can hold."),
    "negative_amount": _("“%(text)s” is negative; this amount cannot be."),
    "fraction_of_a_whole_unit": _("%(currency)s has no decimals."),
    "bad_date": _("“%(text)s” is not a date of the form %(form)s."),
    "no_such_date": _("“%(text)s” is a day that does not exist."),
    "two_digit_year": _("“%(text)s” has a year of two digits; the century cannot be known."),
    "date_out_of_range": _("“%(text)s” is outside the years 1900 to 2100."),
    "as_of_differs": _("The row holds balances of %(stated)s; the file is loaded as of %(expected)s."),
    "bad_count": _("“%(text)s” is not a whole number."),
    "negative_count": _("“%(text)s” is negative; days and months past due are not."),
    "bad_repay_status": _("“%(text)s” is not a repayment status (-2, -1, 0, 1 and up)."),
    "unknown_currency": _("“%(text)s” is not a currency."),
    "unsupported_currency": _("“%(text)s” has three decimal places; these books do not keep it."),
    "masked_number": _("The number is partly hidden."),
    "bad_phone": _("This is not a telephone number that can be dialled."),
    "bad_chat_account": _("This is not an account as provider:id, for example wechat:oABC…"),
    "bad_email": _("This is not an e-mail address."),
    "bad_document": _("This is not a document number."),
    "bad_chinese_id": _("The check digit or date of birth of this identity number is wrong."),
    "unknown_language": _("“%(text)s” is not a language in which people are written to."),
    "unknown_time_zone": _("“%(text)s” is not a time zone (such as Asia/Shanghai)."),
    "unknown_jurisdiction": _("“%(text)s” is not a country or region code."),
}


def sentence(code: str, values: dict[str, Any]) -> str:
    """Return why, in the active language; a code of a newer release reads as itself. Never raises."""
    text = SENTENCES.get(code)
    if text is None:
        return code
    try:
        return str(text) % values
    except (KeyError, TypeError, ValueError):
        return str(text)


def of_row(refusal: RowRefusal) -> str:
    """Return "Line 5, column “due”: …" in the active language."""
    why = sentence(refusal.code, refusal.values)
    if refusal.column:
        return gettext("Line %(line)s, column “%(column)s”: %(why)s") % {
            "line": refusal.line,
            "column": refusal.column,
            "why": why,
        }
    return gettext("Line %(line)s: %(why)s") % {"line": refusal.line, "why": why}


def of_file(refused: FileRefused) -> str:
    """Return why the whole file was refused, in the active language."""
    return sentence(refused.code, {"line": refused.line, **refused.values})


def as_error(refusal: RowRefusal) -> dict[str, Any]:
    """Return the refusal as the commands print it: line, column, code, message."""
    return {
        "line": refusal.line,
        "column": refusal.column or None,
        "code": refusal.code,
        "message": of_row(refusal),
    }
