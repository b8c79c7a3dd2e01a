"""Every reason that a change can be refused for, with the sentence that says what to do next."""

from django.utils.translation import gettext_lazy as _

from plantgov.core.verdict import ReasonKind

K = ReasonKind

# -- moving a change ------------------------------------------------------------------------------
WRONG_STATE = K("change_wrong_state", _("“{action}” is not possible while {reference} is “{state}”."))
NOT_IN_ROLE = K("change_not_in_role", _("“{action}” is for the {roles} of this change only."))
AUTOMATIC = K("change_automatic", _("“{action}” happens by itself; nobody does it by hand."))
NO_REASON = K("change_no_reason", _("Say why: “{action}” needs a reason."))
SEPARATION = K(
    "change_four_eyes",
    _("{name} is {other} of this change and so cannot be its {role}. Somebody else has to do this."),
)
NO_PERSON = K("change_no_person", _("Only a person can do this; this account belongs to a program."))

# -- what a change needs --------------------------------------------------------------------------
NO_ASSETS = K("change_no_assets", _("Add at least one asset that the change touches."))
NO_TEXT = K("change_field_missing", _("Fill in “{field}”."))
NO_WINDOW = K("change_no_window", _("Set a window: from when until when the work may be done."))
WINDOW_PAST = K("change_window_past", _("The window ended at {until}. Set a later one."))
RISK_OPEN = K("change_risk_open", _("Answer every question about risk."))
NO_IMPLEMENTER = K("change_no_implementer", _("Name who will carry out the work."))
NO_STEPS = K("change_no_steps", _("Describe the work in at least one step."))
NO_REQUIREMENT = K(
    "change_no_requirement",
    _("No policy in force asks for an approval, so nobody can approve this. Ask compliance."),
)
UNRESOLVED_EXPECTATION = K(
    "change_expectation_unknown",
    _("“{key}” of {asset} is expected in no phase that exists. Look at the expected states."),
)
TOO_FEW = K(
    "change_too_few_people",
    _(
        "“{stage}” needs {count} persons who may approve, and only {found} can: {excluded} are in this change themselves."
    ),
)

# -- approvals ------------------------------------------------------------------------------------
NOT_YOUR_STAGE = K("approval_not_your_stage", _("Stage “{stage}” is open now, and it needs: {needs}."))
ALREADY_DECIDED = K("approval_already", _("{name} decided at {at} already. One person counts once."))
ALL_APPROVED = K("approval_complete", _("Every approval has been given."))
NOT_APPROVED = K("approval_missing", _("Approvals are missing: {missing}."))
CONTENT_MOVED = K(
    "change_content_moved", _("The change was edited after you opened it. Look at it again before you sign.")
)
GATE_MOVED = K(
    "change_gate_moved",
    _("The gate was run again after you opened the page. Look at the newer values before you sign."),
)
GATE_SPEC_MOVED = K(
    "change_gate_spec_moved",
    _("What has to be checked is no longer what was checked at {at}. Run the gate again."),
)

# -- windows and work -----------------------------------------------------------------------------
WINDOW_TAKEN = K(
    "change_window_taken", _("{other} works on {asset} from {start} to {end}. Choose another window or wait.")
)
BEFORE_WINDOW = K("change_before_window", _("The window opens at {start}."))
AFTER_WINDOW = K("change_after_window", _("The window closed at {end}. The change needs a new one."))
NO_RELEASE = K(
    "change_no_release", _("The equipment is not released yet. The shift lead has to release it first.")
)
RELEASE_OLD = K("change_release_old", _("The release by {name} ran out at {at}. It has to be given again."))
STEPS_OPEN = K("change_steps_open", _("Steps {numbers} are neither done nor skipped with a reason."))
HELD = K("change_asset_held", _("{asset} is on hold since {at}: {why}"))
ASSET_TAKEN = K("change_asset_taken", _("{asset} is authorised for {other} since {at}."))
NOT_HELD = K("change_asset_free", _("No hold on {asset}."))
NOT_TAKEN = K("change_no_competing", _("No other change works on {asset}."))
QUALIFIED = K("change_qualified", _("{names} hold every qualification that is asked for."))
NOT_QUALIFIED = K(
    "change_not_qualified", _("{name} lacks the qualification “{key}” for the time of the work.")
)
NO_QUALIFICATION_ASKED = K("change_no_qualification", _("No policy asks for a qualification."))

# -- gates ----------------------------------------------------------------------------------------
GATE_NOT_RUN = K("gate_not_run", _("The gate has not been run. Run it to read the equipment."))
GATE_RUNNING = K("gate_running", _("The gate is reading the equipment since {at}. Wait for the values."))
GATE_LOST = K(
    "gate_lost",
    _("The readings of the gate were lost at {at}. What the equipment does is unknown; run the gate again."),
)
GATE_STALE = K("gate_stale", _("The values of the gate were good until {at}. Run it again."))
GATE_EMPTY = K("gate_empty", _("The gate checked nothing that counts. An empty gate never opens."))
GATE_CHECK = K("gate_check", _("{asset}{label}: {sentence}"))

# -- checks ---------------------------------------------------------------------------------------
CHECK_OK = K("check_ok", _("{observed} as expected."))
CHECK_DIFFERS = K("check_differs", _("Read {observed}, expected {expected}."))
CHECK_OUT_OF_RANGE = K("check_out_of_range", _("Read {observed}, expected between {low} and {high}."))
CHECK_UNLISTED = K("check_unlisted", _("Not listed in the change: {unlisted}."))
CHECK_COUNT = K("check_count", _("Read {observed}, at most {expected} is allowed."))
CHECK_COUNT_ONLY = K(
    "check_count_only",
    _(
        "Read {observed}; the device tells how many, not which, so nobody can say whether these are the listed ones."
    ),
)
CHECK_NO_READING = K("check_no_reading", _("Nothing came back for this check."))
CHECK_NO_SIGNAL = K("check_no_signal", _("{asset} has no signal for “{key}”. Add one to its endpoint."))
CHECK_UNREAD = K("check_unread", _("{sentence}"))
CHECK_UNCERTAIN = K("check_uncertain", _("The device marks the value {observed} as uncertain."))
CHECK_NO_TIME = K(
    "check_no_time",
    _(
        "The device does not say when the value was taken, and its heartbeat has not been seen to move. Run the gate again in a few seconds."
    ),
)
CHECK_OLD = K("check_old", _("The value is {age_s} s old; {max_age_s} s is the most."))
CHECK_FUTURE = K(
    "check_future", _("The device's clock is {ahead_s} s ahead; the age of its values is unknown.")
)
CHECK_TYPE = K("check_type", _("Read {observed}, which is not the kind of value this check needs."))
CHECK_NO_EXPECTATION = K(
    "check_no_expectation",
    _("There is nothing to compare with: {source} of {asset} is not known. Enter or adopt it first."),
)
CHECK_RECORDED = K(
    "check_recorded", _("Read {observed}. No value was declared for this, so it is recorded and not judged.")
)
CHECK_FRESH = K("check_fresh", _("Seen {age_s} s ago."))
CHECK_DECLARED_OFF = K("check_declared_off", _("The change declares {asset} as not reachable."))
CHECK_IS_OFF = K("check_is_off", _("{asset} does not answer, as declared."))
CHECK_ANSWERS = K("check_answers", _("{asset} answers, although the change declares it as not reachable."))
CHECK_OFF_UNPROVED = K("check_off_unproved", _("Whether {asset} is off could not be told: {sentence}"))
MANUAL_MISSING = K(
    "check_manual_missing", _("No protocol reaches this. Read it at {asset} and enter it here.")
)
CHECK_BROKE = K("check_broke", _("The check itself failed ({error}). Tell the administrator."))
