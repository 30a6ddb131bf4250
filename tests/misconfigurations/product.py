"""The product's package and its project."""

from typing import Final

from tests.misconfigurations.case import Case, Group

PRODUCT: Final = Group(
    "The product",
    (
        Case(
            what="a package that is not there",
            environ={"APP_PRODUCT": "examples.emial"},
            start="APP_PRODUCT is 'examples.emial', but there is no module examples.emial.policy.",
            check="product/unusable",
        ),
        Case(
            what="a package as a path",
            environ={"APP_PRODUCT": "examples/email"},
            start="APP_PRODUCT must be the name of a Python package",
        ),
        Case(
            what="a project's folder that is not there",
            environ={"TINYBIRD_PROJECT": "tinybrid"},
            start="TINYBIRD_PROJECT is 'tinybrid', but there is no such folder.",
            check="project/unreadable",
            says="there is no folder tinybrid",
        ),
        Case(
            what="one product's package with another one's project",
            environ={"TINYBIRD_PROJECT": "{email_project}"},
            start="EVENT_SOURCE is 'jobs', but the project's data sources are: email_events.",
            check="product/mistake",
        ),
    ),
)
