"""What all admin pages of the house share: permission from the access table, changes
through use cases, no deletion, and a refusal that says who can."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db import models, transaction
from django.db.models.constants import LOOKUP_SEP
from django.forms import Field, Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from portal.kernel import access
from portal.kernel.admin.forms import UseCaseForm
from portal.kernel.errors import Conflict, NotFound, Problem
from portal.kernel.models import User


class KeptForEver(Conflict):
    code = "kept"
    title = "Nothing is deleted here"


def actor_of(request: HttpRequest) -> User:
    return cast("User", request.user)


class HouseAdmin(admin.ModelAdmin):
    """Read-only unless `change_action` or `add_action` names a row of the access table
    and `form` is a UseCaseForm."""

    of_the_house = True
    add_action = ""
    change_action = ""
    # Fields of the form that are no fields of the row: shown to whoever can write only.
    form_only: ClassVar[Sequence[str]] = ()
    list_per_page = 50
    show_full_result_count = False
    actions_on_bottom = False
    save_as = False

    @property
    def media(self) -> Media:
        # The pages need no more script than the count of ticked rows.
        return Media(js=["admin/js/core.js", "admin/js/actions.js"])

    # --- Who may ----------------------------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(self.add_action) and access.allows(request.user, self.add_action)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.change_action) and access.allows(
            request.user, self.change_action, self.subject_of(obj)
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def subject_of(self, obj: Any) -> Any:
        """Whose owner or head the access table asks for."""
        return obj

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only what a filter offers. Django lets any column of the row be asked about,
        and a hash can be read from the answers, a character at a time."""
        offered = {_filtered_by(one) for one in self.get_list_filter(request)}
        asked = lookup.partition(LOOKUP_SEP)[0]
        return asked in offered and super().lookup_allowed(lookup, value, request)

    # --- Refusals that say who can ----------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        if request.method == "POST":
            self._require_writable(request, object_id)
        found = self._found(request, object_id)
        context = {
            "trail": "" if found is None else self.trail_of(found),
            "save_words": "" if found is None else self.save_words(found),
            **(extra_context or {}),
        }
        return super().changeform_view(request, object_id, form_url, context)

    def _require_writable(self, request: HttpRequest, object_id: str | None) -> None:
        action = self.change_action if object_id else self.add_action
        if not action:
            raise KeptForEver(
                f"{self.opts.verbose_name_plural} are read here and written by the "
                "use cases that make them.".capitalize()
            )
        found = self._found(request, object_id)
        access.require(request.user, action, self.subject_of(found))

    def delete_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        raise KeptForEver(
            f"The admin deletes nothing: {self.opts.verbose_name_plural} are kept, so "
            "that the trail still means what it says."
        )

    # --- The trail instead of Django's own log ----------------------------------------

    def trail_of(self, obj: Any) -> str:
        """The object's name in the audit trail; empty where it has none."""
        return ""

    def save_words(self, obj: Any) -> str:
        """What the button says: a verb and its object."""
        return f"Save {obj}"

    def _found(self, request: HttpRequest, object_id: str | None) -> Any:
        return self.get_object(request, unquote(object_id)) if object_id else None

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        found = self._found(request, object_id)
        trail = "" if found is None else self.trail_of(found)
        if not trail:
            raise NotFound("The audit trail keeps no object of this kind.")
        return HttpResponseRedirect(f"{reverse('portal:audit')}?object={trail}")

    # --- Forms ------------------------------------------------------------------------

    def formfield_for_dbfield(
        self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Field | None:
        """Plain widgets: Django's own add, change and delete buttons to each relation."""
        return db_field.formfield(**kwargs)

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,
        **kwargs: Any,
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"actor": actor_of(request)})

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Records under a row are shown; a form that is sent back holds none of them."""
        if request.method == "POST":
            return []
        return list(super().get_inline_instances(request, obj))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if self._can_write(request, obj):
            return fieldsets
        return [
            (
                name,
                {
                    **options,
                    "fields": [
                        field
                        for field in options["fields"]
                        if field not in self.form_only
                    ],
                },
            )
            for name, options in fieldsets
        ]

    def _can_write(self, request: HttpRequest, obj: Any) -> bool:
        if obj is None:
            return self.has_add_permission(request)
        return self.has_change_permission(request, obj)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """The use case has run as the form's last check; this is what it made."""
        return cast("UseCaseForm", form).saved

    def save_model(
        self,
        request: HttpRequest,
        obj: Any,
        form: Any,
        change: bool,
    ) -> None:
        """Nothing is left to save."""

    def save_related(
        self,
        request: HttpRequest,
        form: Any,
        formsets: Any,
        change: bool,
    ) -> None:
        """Nothing is left to save."""

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        self.message_user(request, f"{obj} is added.")
        return self.response_post_save_add(request, obj)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        self.message_user(request, f"{obj} is saved.")
        return self.response_post_save_change(request, obj)

    # --- Actions ----------------------------------------------------------------------

    def get_action_choices(
        self, request: HttpRequest, default_choices: Any = ()
    ) -> list[tuple[str, str]]:
        choices = super().get_action_choices(request, [("", "Choose what to do")])
        return [(str(value), str(words)) for value, words in choices]

    def run_each(
        self,
        request: HttpRequest,
        rows: Iterable[Any],
        act: Callable[[Any], object],
        done: str,
    ) -> None:
        """`act` on every row, each in a transaction of its own; a refusal of one says
        why and leaves the others alone. `done` ends the sentence about the rest."""
        acted = []
        for row in rows:
            name = str(row)
            try:
                with transaction.atomic():
                    act(row)
            except Problem as problem:
                self.message_user(request, told(name, problem), messages.ERROR)
            else:
                acted.append(name)
        if acted:
            verb = "is" if len(acted) == 1 else "are"
            self.message_user(request, f"{', '.join(acted)} {verb} {done}.")


class RecordAdmin(HouseAdmin):
    """Facts: shown, searched, filtered, and nothing else."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = self.fields or [
            field.name for field in self.opts.get_fields() if field.concrete
        ]
        return [name for name in shown if isinstance(name, str)]


class RecordInline(admin.TabularInline):
    """Rows of a fact under the object they belong to."""

    extra = 0
    can_delete = False
    show_change_link = True
    template = "admin/records.html"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _filtered_by(one: Any) -> str:
    """The name in the address that an item of `list_filter` asks by."""
    name = one[0] if isinstance(one, tuple) else getattr(one, "parameter_name", one)
    return str(name).partition(LOOKUP_SEP)[0]


def told(name: str, problem: Problem) -> str:
    """A problem as one message: what, why, and which conditions are missing."""
    missing = [
        str(requirement["message"])
        for requirement in problem.extra.get("requirements", ())
        if not requirement["met"]
    ]
    details = [error.detail for error in problem.errors]
    return " ".join(dict.fromkeys([f"{name}: {problem.detail}", *details, *missing]))
