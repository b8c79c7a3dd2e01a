"""Who works in the demo enterprise: nine personas with accounts, and colleagues who own things."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Persona:
    """Somebody with an account. `sites` are the keys of the sites on which the role is given; empty: everywhere."""

    username: str
    name: str
    role: str
    job_title: str
    team: str
    sites: tuple[str, ...] = ()
    area: str = ""
    employment: str = "employee"
    company: str = ""


PERSONAS = (
    Persona(
        "engineer", "Anna Lindqvist", "engineer", "Controls engineer", "Controls Karlstad", ("karlstad",)
    ),
    Persona("manager", "Samir Moreau", "manager", "Production manager", "Production Karlstad"),
    Persona("approver", "Judit Tanaka", "approver", "Process safety lead", "Process safety"),
    Persona("shift_lead", "Marek Okafor", "shift_lead", "Shift lead, line 1", "Shift A", ("karlstad",)),
    Persona("operator", "Lena Brandt", "operator", "Filler operator", "Shift A", ("karlstad",), "Packaging"),
    Persona("ot_security", "Tomás Reyes", "ot_security", "OT security officer", "OT security"),
    Persona("compliance", "Ingrid Halvorsen", "compliance", "Compliance officer", "Compliance"),
    Persona(
        "contractor",
        "Pavel Novák",
        "contractor",
        "Commissioning engineer",
        "Contractors",
        ("karlstad",),
        "Packaging",
        "contractor",
        "Filltec Service",
    ),
    Persona("administrator", "Dana Petrescu", "administrator", "IT administrator", "Administration"),
    # The other sites have people of their own, so that a stranger's view can be tried.
    Persona("boiler_engineer", "Jonas Friis", "engineer", "Boiler engineer", "Controls Odense", ("odense",)),
    Persona("boiler_lead", "Karin Dahl", "shift_lead", "Shift lead, boiler house", "Shift B", ("odense",)),
    Persona(
        "sorter_tech", "Bram de Wit", "engineer", "Maintenance technician", "Maintenance Venlo", ("venlo",)
    ),
    Persona("sorter_lead", "Noor Visser", "shift_lead", "Terminal lead", "Terminal Venlo", ("venlo",)),
)


@dataclass(frozen=True)
class Colleague:
    """Somebody who owns things and has no account."""

    name: str
    job_title: str
    team: str


COLLEAGUES = (
    Colleague("Elin Sørensen", "Instrument technician", "Controls Odense"),
    Colleague("Oskar Nyberg", "Network engineer", "OT security"),
    Colleague("Mira Janssen", "Maintenance planner", "Maintenance Venlo"),
    Colleague("Viktor Ahl", "Drives specialist", "Controls Karlstad"),
)
TEAMS = tuple(dict.fromkeys([p.team for p in PERSONAS] + [c.team for c in COLLEAGUES]))
QUALIFICATIONS = (
    # account, key, days since it was given, days it is valid
    ("engineer", "plc_programming", 200, 700),
    ("engineer", "site_induction", 100, 365),
    ("contractor", "site_induction", 30, 60),
    ("boiler_engineer", "plc_programming", 300, 700),
    ("sorter_tech", "plc_programming", 40, 700),
    ("shift_lead", "site_induction", 300, 365),
)


def email_of(name: str) -> str:
    """The address of a person of the demo."""
    plain = name.lower().translate(str.maketrans("áåäøöéíó ", "aaaooeio."))
    return f"{plain}@nordhavn.example"
