"""The configuration site: people and teams, and how one gets in (through the product's own sign-in)."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from cases.imports import canonical
from cases.imports.refusals import CellRefused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.administration import ByRole, PartByRole
from collections_app.staff.models import Team, TeamProfile, User
from collections_app.staff.roles import PERMISSIONS, Role
from compliance import audit

admin.site.site_header = gettext_lazy("Administration")
admin.site.index_title = gettext_lazy("Configuration and history")
admin.site.unregister(Group)
OPEN_THE_SITE = frozenset({Role.ADMIN, Role.COMPLIANCE})
TEAM_ROLES = frozenset({Role.COLLECTOR, Role.SUPERVISOR})
NOT_A_PHONE = gettext_lazy("Write the number with its country, as +86 139 1234 5678.")
NEEDS_TEAM = gettext_lazy("A collector and a supervisor work in a team; without one they see nothing.")


def sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the product's sign-in; somebody who is signed in and may not enter is told so."""
    if request.user.is_authenticated:
        if request.user.is_staff and request.user.is_active:
            return redirect_to_login(reverse("admin:index"), login_url=reverse("admin:index"))
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


class TeamProfileInline(PartByRole):
    """Which cases a team takes, for the allocation of cases; an empty list means any."""

    model = TeamProfile


@admin.register(Team)
class TeamAdmin(ByRole):
    inlines = (TeamProfileInline,)
    list_display = ("name", "code", "is_active", "people")
    list_filter = ("is_active",)
    ordering = ("name", "pk")
    prepopulated_fields = {"code": ("name",)}

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return teams with the number of people who work in them."""
        return super().get_queryset(request).annotate(people=Count("user", filter=Q(user__is_active=True)))

    @admin.display(description=gettext_lazy("people"), ordering="people")
    def people(self, team: Any) -> int:
        """Return how many work in it."""
        return int(team.people)


class RoleChecked(forms.ModelForm):
    """What both forms of a user check: who works in a team has one, and a telephone is one."""

    phone = forms.CharField(label=gettext_lazy("Mobile phone"), max_length=40, required=False,
                            help_text=User._meta.get_field("phone").help_text)  # fmt: skip

    def clean_phone(self) -> str:
        """Return the number with its country, without blanks."""
        given = str(self.cleaned_data["phone"]).strip()
        try:
            return canonical.phone(given, "").number if given else ""
        except CellRefused:
            raise ValidationError(NOT_A_PHONE) from None

    def clean(self) -> dict[str, Any]:
        """Refuse a collector or supervisor without a team, and a team for anybody else."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        role, team = data.get("role"), data.get("team")
        if role in TEAM_ROLES and team is None:
            raise ValidationError({"team": NEEDS_TEAM})
        return data


class NewUserForm(RoleChecked, AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("username", "name", "email", "phone", "extension", "role", "team", "language", "time_zone")


class ChangedUserForm(RoleChecked, UserChangeForm):
    class Meta:
        model = User
        fields = ("username", "password", "name", "email", "phone", "extension", "role", "team", "language",
                  "time_zone", "is_active")  # fmt: skip


@admin.register(User)
class PersonAdmin(ByRole, UserAdmin):
    """People who sign in. What they may do follows from the role; nothing is granted one by one."""

    add_form = NewUserForm
    form = ChangedUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "name", "role", "team", "is_active", "last_login")
    list_filter = ("role", "team", "is_active")
    list_select_related = ("team",)
    search_fields = ("username", "name")
    ordering = ("username", "pk")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined", "rights")
    fieldsets = (
        (None, {"fields": ("username", "password", "name", "email", "phone", "extension")}),
        (gettext_lazy("Work"), {"fields": ("role", "team", "rights", "is_active")}),
        (gettext_lazy("Language and time"), {"fields": ("language", "time_zone")}),
        (gettext_lazy("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "name", "email", "phone", "extension", "role", "team",
                                                 "language", "time_zone", "usable_password", "password1",
                                                 "password2")}),
    )  # fmt: skip

    @admin.display(description=gettext_lazy("rights of the role"))
    def rights(self, user: User) -> str:
        """Return the permissions of the role, which are fixed in the program."""
        return ", ".join(sorted(PERMISSIONS.get(user.role, frozenset()))) or "–"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Nobody changes his own role or switches himself off: the last administrator must not lock himself out."""
        fixed = super().get_readonly_fields(request, obj)
        return (*fixed, "role", "is_active") if obj is not None and obj.pk == request.user.pk else fixed

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A superuser is changed by a superuser only."""
        allowed = super().has_change_permission(request, obj)
        return allowed and not (obj is not None and obj.is_superuser and not request.user.is_superuser)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the user, let the role decide who may enter here, and write down what was changed."""
        before = User.objects.filter(pk=obj.pk).values("role", "is_active", "team_id").first() if change else None
        obj.is_staff = obj.is_superuser or obj.role in OPEN_THE_SITE
        super().save_model(request, obj, form, change)
        actor, at = Actor.of(request.user), clock.now()
        if before is None:
            audit.record("user.created", subject=obj, actor=actor, at=at, role=obj.role, team=obj.team_id)
            return
        if before["role"] != obj.role:
            audit.record("user.role_changed", subject=obj, actor=actor, at=at, before=before["role"], role=obj.role)
        if before["is_active"] and not obj.is_active:
            audit.record("user.deactivated", subject=obj, actor=actor, at=at)
        if form.changed_data:
            audit.record("user.changed", subject=obj, actor=actor, at=at, fields=sorted(form.changed_data))
