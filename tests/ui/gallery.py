"""The components on three pages, for tests and for whoever works on them. Not part of the product."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path

from plantgov.core.clock import now
from plantgov.core.slots import NavigationItem
from plantgov.core.templatetags.statuses import VOCABULARIES
from plantgov.core.verdict import Reason, ReasonKind

TEMPLATES = Path(__file__).parent / "templates"
SELF_APPROVAL = ReasonKind(
    "gallery_self_approval", "You raised this change, so somebody else must approve it. {name} can."
)
MISMATCH = ReasonKind("gallery_mismatch", "The program read is {observed}, the baseline is {expected}.")


class Somebody(SimpleNamespace):
    """A person signed in, without an account."""

    is_authenticated = True

    def __str__(self) -> str:
        return "Sofia Moreau"


class Example(forms.Form):
    """Every kind of field."""

    tag = forms.CharField(label="Tag", help_text="As it stands on the nameplate, such as BO-PLC-129.")
    kind = forms.ChoiceField(label="Kind", choices=[("plc", "PLC"), ("hmi", "HMI")])
    purpose = forms.CharField(label="What it does", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    bought_on = forms.DateField(
        label="In service since", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    safety = forms.BooleanField(label="It has a safety function", required=False)
    mode = forms.ChoiceField(
        label="Mode", widget=forms.RadioSelect, choices=[("observe", "Observe"), ("enforce", "Enforce")]
    )
    photo = forms.FileField(label="Photo of the nameplate", required=False)


class Filters(forms.Form):
    """The filter bar of a register."""

    q = forms.CharField(
        label="Search tag, name, owner",
        required=False,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": "Search tag, name, owner", "data-pg-filter": ""}
        ),
    )
    area = forms.ChoiceField(
        label="Area", choices=[("", "All areas"), ("BO", "Boiler house")], required=False
    )
    health = forms.ChoiceField(
        label="Health", choices=[("", "Any health"), ("failed", "Failed")], required=False
    )


class Signing(forms.Form):
    """What a signature asks for."""

    password = forms.CharField(
        label="Your password", widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    code = forms.CharField(
        label="Code of your second factor",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


def _item(
    key: str, label: str, icon: str, group: str, count: int | None = None, urgent: bool = False
) -> dict[str, Any]:
    return {"item": NavigationItem(key, label, icon, f"gallery-{key}", group, urgent=urgent), "count": count}


def frame(request: HttpRequest) -> dict[str, Any]:
    """What the frame of a page needs."""
    request.user = Somebody(is_authenticated=True)
    request.htmx = "HX-Request" in request.headers
    return {
        "site_name": "Karlstad",
        "demo": "demo" in request.GET,
        "inbox_count": 3,
        "navigation": [
            (
                "operate",
                [
                    _item("home", "Components", "layout-dashboard", "operate"),
                    _item("assets", "Assets", "router", "operate", 148),
                ],
            ),
            (
                "govern",
                [
                    _item("changes", "Changes", "git-pull-request", "govern", 12),
                    _item("approvals", "Approvals", "user-check", "govern", 4, urgent=True),
                    _item("access", "Access", "shield-lock", "govern"),
                ],
            ),
            (
                "prove",
                [
                    _item("audit", "Audit log", "history", "prove"),
                    _item("exports", "Exports", "file-export", "prove"),
                ],
            ),
        ],
    }


def components(request: HttpRequest) -> HttpResponse:
    """Every component once, in every state it has."""
    at = now()
    context = {
        **frame(request),
        "banners": [
            {
                "tone": "warn",
                "icon": "eye",
                "text": "Karlstad is in observe: gates show what they would have done.",
                "url": "/",
                "label": "Why",
            }
        ],
        "vocabularies": [(kind, list(words)) for kind, words in VOCABULARIES.items()],
        "form": Example(initial={"tag": "BO-PLC-129"}),
        "signing": Signing(),
        "reasons": [SELF_APPROVAL(name="Jiro Tanaka"), MISMATCH(observed="9f31c2aa", expected="71b0e4d9")],
        "past": at - timedelta(minutes=4, seconds=10),
        "ahead": at + timedelta(minutes=4, seconds=10),
        "facts": [
            ("Tag", "BO-PLC-129"),
            ("Firmware", "V2.9.7"),
            ("Owner", None),
            ("Address", "opc.tcp://10.20.30.40:4840"),
        ],
        "changed": [
            {"label": "Firmware", "before": "V2.9.4", "after": "V2.9.7"},
            {"label": "Owner", "before": None, "after": "Mary Okafor"},
        ],
        "files": [
            {
                "name": "BFP_2026-11-18.zap17",
                "url": "/",
                "size": 4_381_220,
                "by": "A. Lindqvist",
                "at": at,
                "sha256": "9f31c2aa71b0e4d9" * 4,
            }
        ],
        "places": [
            {"name": "Norrskog", "url": "/"},
            {"name": "Karlstad", "url": "/"},
            {"name": "Boiler house"},
        ],
    }
    return render(request, "gallery/components.html", context)


def assets(request: HttpRequest) -> HttpResponse:
    """A register: the list page."""
    rows = [] if request.GET.get("q") == "zzz" else [_asset(i) for i in range(60)]
    context = {
        **frame(request),
        "page": Paginator(rows, 25).get_page(request.GET.get("page")),
        "filter": SimpleNamespace(form=Filters(request.GET)),
        "chips": [{"label": "Health: failed", "url": "?"}] if request.GET.get("health") else [],
        "tabs": [
            {"label": "All assets", "count": 148, "url": "?", "active": True},
            {"label": "Needs attention", "count": 5, "url": "?view=attention"},
            {"label": "Unowned", "count": 14, "url": "?view=unowned"},
            {"label": "Safety-critical", "count": 29, "url": "?view=safety"},
        ],
        "bulk_actions": [
            {"label": "Run checks", "icon": "player-play", "url": "/assets/"},
            {
                "label": "Retire",
                "icon": "archive",
                "url": "/assets/",
                "confirm": "Retire the selected assets?",
            },
        ],
    }
    return render(request, "gallery/assets.html", context)


def _asset(number: int) -> dict[str, Any]:
    health = ("healthy", "unknown", "degraded", "healthy", "failed", "healthy", "maintenance", "healthy")[
        number % 8
    ]
    name, kind = [
        ("Feed pump drive ACS880-01", "Drive"),
        ("Line PLC Siemens S7-1515", "PLC"),
        ("Process historian", "Historian"),
    ][number % 3]
    return {
        "pk": number,
        "tag": f"BO-{kind[:3].upper()}-{100 + number}",
        "name": name,
        "kind": kind,
        "health": health,
        "criticality": ("low", "medium", "high", "critical")[number % 4],
        "owner": None if number % 5 == 0 else ("Mary Okafor", "Anna Lindqvist", "Jiro Tanaka")[number % 3],
        "firmware": "V2.9.7",
        "checked_at": None if health == "unknown" else now() - timedelta(hours=number + 1),
        "open": number % 3,
    }


def change(request: HttpRequest) -> HttpResponse:
    """A change waiting for a decision."""
    at = now()
    live = {
        "source": "live",
        "source_at": at - timedelta(seconds=42),
        "expires_at": at + timedelta(minutes=9),
    }
    context = {
        **frame(request),
        "signing": Signing(),
        "stages": [
            {"label": "Draft", "detail": "A. Lindqvist, 20 Nov", "state": "done"},
            {"label": "Peer review", "detail": "J. Tanaka, 22 Nov", "state": "done"},
            {"label": "Manager approval", "detail": "Waiting for you, due in 5 h", "state": "current"},
            {"label": "Implement", "detail": "26 Nov, 06:00", "state": "todo"},
            {"label": "Verify and close", "detail": "Post-change check", "state": "todo"},
        ],
        "checks": [
            {
                "verdict": "pass",
                "name": "Identity",
                "subject": "BO-PLC-104",
                "observed": "6ES7 515-2AM01",
                "expected": "6ES7 515-2AM01",
                **live,
            },
            {
                "verdict": "fail",
                "name": "Program equals baseline",
                "subject": "BO-PLC-104",
                "observed": "9f31c2aa",
                "expected": "71b0e4d9",
                "reason": MISMATCH(observed="9f31c2aa", expected="71b0e4d9"),
                **live,
            },
            {
                "verdict": "error",
                "name": "Interlock bypasses",
                "subject": "BO-SIS-112",
                "expected": "0",
                "source": "live",
                "reason": Reason("gallery_mismatch", {"observed": "not to be had", "expected": "0"}),
            },
            {
                "verdict": "inconclusive",
                "name": "Drum level",
                "observed": "412",
                "unit": "mm",
                "expected": "380–420",
                "severity": "warning",
                **live,
            },
            {
                "verdict": "pass",
                "name": "Backup is fresh",
                "observed": "2 d",
                "expected": "≤ 7 d",
                "source": "imported",
                "source_at": at - timedelta(days=2),
            },
            {
                "verdict": "pass",
                "name": "Permit to work",
                "observed": "PTW-2211",
                "source": "manual",
                "by": "J. Tanaka",
                "source_at": at - timedelta(hours=1),
            },
            {"verdict": "not_applicable", "name": "Batch is idle", "source": "internal"},
        ],
        "items": [
            {
                "who": "Jiro Tanaka",
                "what": "approved the peer review",
                "at": at - timedelta(days=2),
                "text": "Simulated on the test bench with one transmitter forced to fault.",
            },
            {"who": "Anna Lindqvist", "what": "attached the rollback archive", "at": at - timedelta(days=4)},
            {
                "icon": "ban",
                "tone": "crit",
                "who": "",
                "what": "The gate was refused",
                "at": at - timedelta(days=1),
                "detail": "2 of 7 checks",
            },
        ],
        "text": "@@ FB_DrumLevelTrip, network 4 @@\n Vote    := 2oo3(LT101A, LT101B, LT101C);\n-Trip    := Vote;\n"
        "+Degrade := LT101A.Fault XOR LT101B.Fault XOR LT101C.Fault;\n+Trip    := SEL(G := Degrade, IN0 := Vote, IN1 := Vote1oo2);",
    }
    return render(request, "gallery/change.html", context)


def progress(request: HttpRequest) -> HttpResponse:
    """A task that is done on its third poll."""
    done = int(request.GET.get("done", 0)) + 1
    finished = done >= 3
    context = {
        "id": "pg-gate",
        "state": "done" if finished else "running",
        "done": done,
        "total": 3,
        "what": "checks",
        "url": "" if finished else f"/progress/?done={done}",
        "every": "200ms",
    }
    return render(request, "components/progress.html", context, status=286 if finished else 200)


def refused(request: HttpRequest) -> HttpResponse:
    """What a blocked action answers."""
    frame(request)
    return render(
        request,
        "components/reasons.html",
        {"reasons": [SELF_APPROVAL(name="Jiro Tanaka")], "status": 409},
        status=409,
    )


def missing(request: HttpRequest) -> HttpResponse:
    """The page for what is not there."""
    return render(request, "404.html", frame(request), status=404)


class SignIn(forms.Form):
    """The fields of the sign-in page."""

    login = forms.CharField(label="User name or e-mail")
    password = forms.CharField(label="Password", widget=forms.PasswordInput)
    passwordless = forms.BooleanField(label="It can sign me in without a password", required=False)
    credential = forms.CharField(widget=forms.HiddenInput, required=False)
    secret = "JBSWY3DPEHPK3PXP"


def sign_in(request: HttpRequest, name: str) -> HttpResponse:
    """One of the pages about signing in, with invented contents."""
    at = now()
    key = SimpleNamespace(pk=1, created_at=at, last_used_at=None, wrap=SimpleNamespace(is_passwordless=True))
    codes = SimpleNamespace(generate_codes=list(range(10)), get_unused_codes=list(range(7)))
    session = {
        "ip": "10.20.30.40",
        "user_agent": "Firefox 132 on Debian",
        "created_at": at,
        "last_seen_at": at,
    }
    context = {
        **frame(request),
        "form": SignIn({"login": ""} if "wrong" in request.GET else None),
        "webauthn_form": SignIn(auto_id="key_%s"),
        "PASSKEY_LOGIN_ENABLED": True,
        "MFA_SUPPORTED_TYPES": ["totp", "webauthn"],
        "reauthentication_alternatives": [{"url": "/", "description": "Use your authenticator app"}],
        "authenticators": [key]
        if name.endswith("list")
        else {"totp": key, "webauthn": [key], "recovery_codes": codes},
        "is_mfa_enabled": True,
        "js_data": {},
        "sessions": [
            SimpleNamespace(is_current=True, **session),
            SimpleNamespace(is_current=False, **session),
        ],
        "session_count": 2,
        "show_last_seen_at": True,
        "unused_codes": ["60127 11432", "88120 09431"],
        "total_count": 10,
        "can_view_codes": True,
        "can_download_codes": True,
        "can_generate_codes": True,
        "totp_svg_data_uri": "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=",
    }
    return render(request, f"{name}.html", context)


SIGN_IN_PAGES = [
    "account/login",
    "account/logout",
    "account/signup_closed",
    "account/password_reset",
    "account/password_reset_done",
    "account/password_reset_from_key",
    "account/password_change",
    "account/reauthenticate",
    "mfa/authenticate",
    "mfa/index",
    "mfa/totp/activate_form",
    "mfa/totp/deactivate_form",
    "mfa/recovery_codes/index",
    "mfa/recovery_codes/generate",
    "mfa/webauthn/authenticator_list",
    "mfa/webauthn/add_form",
    "usersessions/usersession_list",
]


def form(request: HttpRequest) -> HttpResponse:
    """A form that came back with errors."""
    bound = Example({"tag": "", "kind": "plc", "mode": "observe"})
    bound.add_error(None, "BO-PLC-129 already stands in Karlstad.")
    return render(request, "gallery/form.html", {**frame(request), "form": bound})


def empty(request: HttpRequest) -> HttpResponse:
    """A target for links of the navigation."""
    return render(
        request,
        "refused.html",
        {**frame(request), "reasons": [SELF_APPROVAL(name="Jiro Tanaka")], "status": 409},
    )


urlpatterns = [
    path("", components, name="gallery-home"),
    path("assets/", assets, name="gallery-assets"),
    path("changes/", change, name="gallery-changes"),
    path("approvals/", empty, name="gallery-approvals"),
    path("access/", missing, name="gallery-access"),
    path("audit/", empty, name="gallery-audit"),
    path("exports/", empty, name="gallery-exports"),
    path("settings/", empty, name="settings"),
    path("search/", empty, name="search"),
    path("inbox/", empty, name="inbox"),
    path("form/", form),
    path("sign-in/<path:name>/", sign_in),
    path("progress/", progress),
    path("refused/", refused),
    path("account/", include("allauth.urls")),
]
