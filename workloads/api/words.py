"""Closed lists of words that the schema names once, whatever field carries them."""

from workloads.enums import EstimateState, Status, Verdict
from workloads.rules.imports.verdicts import ImportVerdict

STATUSES = tuple(str(one) for one in Status)
STATES = (*(str(one) for one in EstimateState), "signed")
MARKS = ("signed", "waiting", "refused", "lapsed", "none")
VERDICTS = tuple(str(one) for one in Verdict)
IMPORT_VERDICTS = tuple(str(one) for one in ImportVerdict)
