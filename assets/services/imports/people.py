"""Files of persons, matched by e-mail address."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assets.services.imports.sheet import KEEP, Column, Desk, Line, Outcome, value_of, words_for
from plantgov.audit.services.entries import write_all
from plantgov.core.scope import scope_of
from plantgov.people.models import Person

EMAIL = Column(
    "email", gettext_lazy("E-mail"), True, False, 254, synonyms=("e-mail", "mail", "email address")
)
FIELDS = (
    Column("name", gettext_lazy("Name"), False, False, 150, synonyms=("full name", "person", "display name")),
    Column("phone", gettext_lazy("Phone"), most=40, synonyms=("telephone", "mobile")),
    Column(
        "employment",
        gettext_lazy("Employment"),
        may_clear=False,
        choices=words_for(Person.Employment.choices, external="contractor", internal="employee"),
    ),
    Column("company", gettext_lazy("Company"), most=150, synonyms=("employer", "organisation")),
    Column("job_title", gettext_lazy("Job title"), most=150, synonyms=("title", "position", "function")),
)


class PeopleImporter:
    """Persons; their accounts are opened one by one."""

    columns = (EMAIL, *FIELDS)

    def check(self, lines: list[Line], desk: Desk) -> list[Person]:
        """Look at every row."""
        known = {row.email.casefold(): row for row in Person.objects.visible_to(desk.user) if row.email}
        taken = {email.casefold() for email in Person.objects.values_list("email", flat=True)}
        plan: list[Person] = []
        seen: set[str] = set()
        for line in lines:
            email = self._email(line, seen, desk)
            if email is None:
                continue
            found = known.get(email.casefold())
            if found is None and email.casefold() in taken:
                desk.error(line.number, EMAIL.key, _("This e-mail address can't be used."))
                continue
            self._one(line, found or Person(email=email), desk, plan)
        return plan

    def _email(self, line: Line, seen: set[str], desk: Desk) -> str | None:
        email = value_of(line, EMAIL, desk)
        if email is KEEP:
            if not line.text(EMAIL.key):
                desk.error(line.number, EMAIL.key, _("Every row needs this."))
            return None
        try:
            validate_email(email)
        except ValidationError:
            desk.error(line.number, EMAIL.key, _("This is no e-mail address."))
            return None
        if email.casefold() in seen:
            desk.error(line.number, EMAIL.key, _("This person stands in the file twice."))
            return None
        seen.add(email.casefold())
        return str(email)

    def _one(self, line: Line, person: Person, desk: Desk, plan: list[Person]) -> None:
        outcome = Outcome(line.number, person.email, is_new=person.pk is None)
        for column in FIELDS:
            value, old = value_of(line, column, desk), getattr(person, column.key)
            if value is not KEEP and value != old:
                outcome.changes.append((column.key, old, value))
                setattr(person, column.key, value)
        if outcome.is_new and not person.name:
            desk.error(line.number, "name", _("A new person needs a name."))
        verb = "add" if outcome.is_new else "change"
        if outcome.what != "unchanged":
            if not scope_of(desk.user, f"people.{verb}_person"):
                desk.error(line.number, "", _("You may not keep the register of persons."))
            plan.append(person)
        desk.outcomes.append(outcome)

    def write(self, checked: list[Person], desk: Desk) -> None:
        """Write them in one go."""
        how: dict[str, Any] = {"by": desk.user, "at": desk.at, "reason": desk.reason}
        write_all([row for row in checked if row.pk is None], action="people.person.added", **how)
        write_all([row for row in checked if row.pk is not None], action="people.person.changed", **how)
