"""What the document promises holds for odd requests on every route: no 5xx, no other shape."""

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from serving import Served

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=8,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ROUTES = 30
"""At least so many; fewer would mean that the document is not what it was."""


def test_promises_hold(server: Served) -> None:
    document = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) >= ROUTES
    for operation in operations:

        @BOUNDED
        @given(case=operation.as_strategy())
        def holds(case: schemathesis.Case) -> None:
            case.validate_response(case.call(), checks=CHECKS)

        holds()
