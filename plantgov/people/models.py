"""People, their accounts, teams, shifts and qualifications, and what they sign."""

from typing import Any

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Group, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from plantgov.audit.models import Governed
from plantgov.audit.services.entries import Actor
from plantgov.core.scope import ScopedManager, decide


class Person(Governed):
    """A human being. Four eyes count persons, not accounts."""

    class Employment(models.TextChoices):
        EMPLOYEE = "employee", _("Employee")
        CONTRACTOR = "contractor", _("Contractor")

    ledger_personal = ("email", "phone")

    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    employment = models.CharField(
        _("employment"), max_length=20, choices=Employment, default=Employment.EMPLOYEE
    )
    company = models.CharField(_("company"), max_length=150, blank=True)
    job_title = models.CharField(_("job title"), max_length=150, blank=True)
    left_at = models.DateTimeField(_("left at"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("email", condition=~Q(email=""), name="people_person_email_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        """The first letters of the first and last word of the name."""
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


class UserManager(BaseUserManager.from_queryset(ScopedManager._queryset_class)):  # type: ignore[misc]
    """Looks accounts up; making them is a service."""


class User(Governed, AbstractBaseUser, PermissionsMixin):
    """An account: of a person, of a service, or of the system itself. No account bypasses a rule."""

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        SERVICE = "service", _("Service account")
        SYSTEM = "system", _("System")

    ledger_hidden = ("password",)
    ledger_personal = ("email",)
    ledger_ignored = ("last_login",)
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    username = models.CharField(_("user name"), max_length=150, unique=True)
    email = models.EmailField(_("e-mail"), blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PERSON)
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="accounts"
    )
    owner = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="service_accounts",
        verbose_name=_("owner"),
    )
    is_active = models.BooleanField(_("active"), default=True)
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True)
    credential_version = models.PositiveIntegerField(default=0)

    objects = UserManager()

    class Meta:
        ordering = ["username"]
        permissions = [
            ("open_account", "Open accounts and give out links to set a password"),
            ("close_account", "Close accounts"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(is_superuser=False), name="people_user_no_superusers"),
            models.CheckConstraint(
                condition=Q(kind="person", person__isnull=False) | ~Q(kind="person") & Q(person__isnull=True),
                name="people_user_person_matches_kind",
            ),
            models.CheckConstraint(
                condition=~Q(kind="service") | Q(owner__isnull=False), name="people_user_service_has_owner"
            ),
            models.UniqueConstraint("email", condition=~Q(email=""), name="people_user_email_once"),
        ]

    def __str__(self) -> str:
        return self.person.name if self.person else self.username

    @property
    def is_system(self) -> bool:
        """Whether this is the house itself at work, which may reach everything."""
        return self.kind == self.Kind.SYSTEM

    @property
    def is_staff(self) -> bool:
        """Nobody is: there is no admin site."""
        return False

    def get_full_name(self) -> str:
        """The person's name, or the account's."""
        return str(self)

    def check_password(self, raw_password: str | None) -> bool:
        """Compare only; a stronger hash is stored at the next change, so that a sign-in writes nothing."""
        return check_password(raw_password, self.password)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Ask the one backend that knows places; no account is above it, no other may grant."""
        return decide(self, perm, obj)

    def ledger_actor(self) -> Actor:
        """How the ledger names this account."""
        return Actor(
            label=f"{self} ({self.username})" if self.person else self.username,
            uid=self.uid,
            person_uid=self.person.uid if self.person else None,
        )


class Team(Governed):
    """A group of persons. Owns one auth group, kept in step by its service."""

    name = models.CharField(_("name"), max_length=150, unique=True)
    description = models.CharField(_("description"), max_length=250, blank=True)
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="team")

    objects = ScopedManager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TeamMembership(Governed):
    """A person in a team for a time."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "person"], condition=Q(until_at=None), name="people_membership_once_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(until_at=None) | Q(until_at__gte=F("from_at")), name="people_membership_forward"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.team}"


class Shift(Governed):
    """A pattern of working hours in a named time zone; who covers it where is said by coverage."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    weekdays = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("weekdays, Monday = 0"))
    starts = models.TimeField(_("starts"))
    ends = models.TimeField(_("ends"))
    zone_name = models.CharField(_("time zone"), max_length=60)

    objects = ScopedManager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Qualification(Governed):
    """What a person is trained or cleared for, within a scope named by key, until a date."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="qualifications")
    key = models.CharField(_("qualification"), max_length=60)
    scope = models.CharField(_("scope"), max_length=100, blank=True)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"))
    evidence = models.CharField(_("evidence"), max_length=250, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["person", "key"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("valid_from")), name="people_qualification_forward"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.person}"


class Signature(Governed):
    """A person's signed statement about a thing: what it meant, on what content and what evidence."""

    class Meaning(models.TextChoices):
        AUTHORED = "authored", _("authored")
        REVIEWED = "reviewed", _("reviewed")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        RELEASED = "released", _("released the equipment for work")
        IMPLEMENTED = "implemented", _("carried out")
        VERIFIED = "verified", _("verified")
        OVERRODE = "overrode", _("overrode a check")
        RATIFIED = "ratified", _("ratified")
        ADOPTED = "adopted", _("adopted as baseline")
        REVOKED = "revoked", _("revoked a decision")

    signer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="signatures")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="signatures")
    meaning = models.CharField(max_length=20, choices=Meaning)
    statement = models.TextField()
    printed_name = models.CharField(max_length=150)
    thing_kind = models.CharField(max_length=100)
    thing_uid = models.UUIDField(db_index=True)
    thing_label = models.TextField()
    content_digest = models.CharField(max_length=64)
    evidence_digest = models.CharField(max_length=64, blank=True)
    role = models.CharField(max_length=100, blank=True)
    rule = models.CharField(max_length=200, blank=True)
    acting_for = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reauthenticated_by = ArrayField(models.CharField(max_length=20))
    reauthenticated_at = models.DateTimeField()
    signed_at = models.DateTimeField()
    payload = models.BinaryField()
    payload_digest = models.CharField(max_length=64, unique=True)
    location_ids = ArrayField(models.BigIntegerField(), default=list)

    scope_array = "location_ids"
    objects = ScopedManager()

    class Meta:
        ordering = ["signed_at"]

    def __str__(self) -> str:
        return f"{self.printed_name} {self.get_meaning_display()} {self.thing_label}"

    def scope_location_ids(self) -> list[int]:
        """The places of the signed thing."""
        return list(self.location_ids)
