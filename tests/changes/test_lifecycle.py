"""A change from draft to its end, through the services."""

import pytest

from assets.selectors import authorisations_on, current_baseline
from changes.models import Change
from changes.services import closing
from changes.states import Phase
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def plant():
    return f.make_plant()


def test_a_change_goes_from_draft_to_closed(plant):
    expected = [{"key": "program_fingerprint", "phases": ["verify"], "value": f.NEW_PROGRAM, "why": "Filler_R13"}]
    change = f.make_done(plant, f.details_for(plant, expected=expected))
    assert change.state == "verification"
    run = f.gate(plant, change, Phase.VERIFY, program_fingerprint=f.NEW_PROGRAM)
    assert run.verdict == "pass", [(r.key, r.verdict, r.reason_code) for r in run.results.all()]
    lead = f.again(plant.shift_lead)
    closing.close(change.pk, by=lead, signing=f.signing(lead, change, Phase.VERIFY))
    change = Change.objects.get(pk=change.pk)
    assert (change.state, change.outcome) == ("closed", "success")
    assert current_baseline(plant.filler).program_fingerprint == f.NEW_PROGRAM
    assert not authorisations_on([plant.filler])
