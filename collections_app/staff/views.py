"""Signing in and out, the first page of each role, and one's own language and time zone."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST

from collections_app.shared import clock
from collections_app.staff import events, keys, queries
from collections_app.staff.access import allowed
from collections_app.staff.forms import PreferencesForm, SignInForm

LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)


def remember_language(response: HttpResponse, language: str) -> HttpResponse:
    """Keep the language in the browser, where the sign-in page finds it before anybody is known."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 60 * 60,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


class SignIn(LoginView):
    authentication_form = SignInForm

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        user = form.get_user()
        events.signed_in.send(sender=type(user), user=user, at=clock.now())
        return remember_language(response, user.language)


class SignOut(LogoutView):
    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        user = request.user
        if user.is_authenticated:
            events.signed_out.send(sender=type(user), user=user, at=clock.now())
        return super().post(request, *args, **kwargs)


@allowed()
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the first page of the user's role."""
    return redirect(queries.landing(request.user))


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Show everything in another language from now on: for this browser, and for the user who is signed in."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    response = redirect(wanted if safe else "/")
    language = request.POST.get("language", "")
    if language not in LANGUAGES:
        return response
    user = request.user
    if user.is_authenticated and user.language != language:
        user.language = language
        user.save(update_fields=["language"])
    return remember_language(response, language)


@allowed()
def preferences(request: HttpRequest) -> HttpResponse:
    """Choose one's language and time zone."""
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        user = form.save()
        with override(user.language):
            messages.success(request, _("Saved."))
        return remember_language(redirect(reverse_lazy("preferences")), user.language)
    return render(request, "staff/preferences.html", {"form": form})


@allowed()
def own_keys(request: HttpRequest) -> HttpResponse:
    """Choose one's own keys; a key that is taken or belongs to the browser is refused with the reason."""
    user: Any = request.user
    faults: dict[str, str] = {}
    given, chosen = keys.given(), keys.own(user)
    if request.method == "POST":
        if "reset" in request.POST:
            keys.reset(user=user)
            messages.success(request, _("The keys are those of the product again."))
            return redirect("keys")
        typed = {key: keys.read(request.POST.get(f"key-{key}", "")) for key in given}
        chosen = {key: value for key, value in typed.items() if value and value != key}
        faults = keys.change(user=user, chosen=chosen)
        if not faults:
            messages.success(request, _("Saved."))
            return redirect("keys")
    rows = [
        {
            "name": f"key-{key}",
            "given": keys.shown(key),
            "does": does,
            "value": keys.shown(chosen[key]) if key in chosen else "",
            "fault": faults.get(key, ""),
        }
        for key, does in given.items()
    ]
    context = {"rows": rows, "faults": faults, "has_own": bool(keys.own(user))}
    return render(request, "staff/keys.html", context, status=422 if faults else 200)
