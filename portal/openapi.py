"""How the API's schema and its page are drawn; settings.py takes it from here."""

from typing import Any

from capacity.enums import CeilingBasis
from workloads.enums import CostGate

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Weighbridge",
    "DESCRIPTION": "The plan, its gates and its governance. Conventions: docs/api.md.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "StatusEnum": "workloads.api.words.STATUSES",
        "StateEnum": "workloads.api.words.STATES",
        "MarkEnum": "workloads.api.words.MARKS",
        "VerdictEnum": "workloads.api.words.VERDICTS",
        "ImportVerdictEnum": "workloads.api.words.IMPORT_VERDICTS",
        "RunStatusEnum": "capacity.api.recalibration.RUN_STATUSES",
        "SwitchScopeEnum": "capacity.api.kill_switches.SCOPES",
        "LimitScopeEnum": "capacity.api.spend_limits.SCOPES",
        "OverageEnum": [str(word) for word in CostGate],
        "CeilingBasisEnum": [str(word) for word in CeilingBasis],
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.kernel.api.schema.name_scopes",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
