"""A data source with a chart takes the project's files, the policy and the dashboard alone."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clerk_tinybird_app import products
from clerk_tinybird_app.dashboard.address import read_view
from clerk_tinybird_app.dashboard.declaration import TimeSeries
from clerk_tinybird_app.dashboard.questions import questions
from clerk_tinybird_app.dashboard.shown import Shaper
from clerk_tinybird_app.dashboard.times import Tick, zone_named
from clerk_tinybird_app.products import ProductError
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.tinybird.pipe_request import fields_of
from clerk_tinybird_app.tinybird.project import load_project
from clerk_tinybird_app.tinybird.token import TinybirdToken, Workspace
from tests.local.tinybird.process import ROOT, Tinybird

pytestmark = pytest.mark.anyio

PACKAGE = "product_with_one_more"

SOURCE = """\
SCHEMA >
    `at` DateTime64(3) `json:$.at`,
    `owner` LowCardinality(String) `json:$.owner`,
    `seconds` Float32 `json:$.seconds`

ENGINE MergeTree
ENGINE_SORTING_KEY owner, at
"""
PIPE = """\
DESCRIPTION >
    A tenant's builds a minute.

NODE endpoint
SQL >
    %
    SELECT
        toStartOfMinute(at) AS bucket,
        count() AS builds,
        round(max(seconds), 1) AS longest
    FROM builds
    WHERE
        owner = {{{{ String({tenant}, required=True) }}}}
        AND at >= parseDateTimeBestEffort({{{{ String({start}, '2000-01-01', required=False) }}}})
        AND at < parseDateTimeBestEffort({{{{ String({end}, '2100-01-01', required=False) }}}})
    GROUP BY bucket
    ORDER BY bucket

TYPE ENDPOINT
"""
POLICY = """
_others = scopes


def scopes(session: ClerkSession) -> Iterator[Scope]:
    yield from _others(session)
    yield Scope("builds_over_time", {TENANT.parameter: tenant(session)})
"""
DASHBOARD = """
from dataclasses import replace

BUILDS = TimeSeries(
    pipe="builds_over_time",
    title="Builds",
    noun="builds",
    series=(Series(column="longest", label="longest", tone=Tone.INFO),),
    count="builds",
    ignores=tuple(each.name for each in DASHBOARD.filters),
)
DASHBOARD = replace(DASHBOARD, panels=(*DASHBOARD.panels, BUILDS))
"""

PRINT_VARS = """
from clerk_tinybird_app.state.dashboard import DashboardState

print(*DashboardState.base_vars)
"""


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a product's package and project, both copied from those in use."""
    shipped = products.current()
    original = sys.modules[shipped.package].__file__
    assert original
    shutil.copytree(Path(original).parent, tmp_path / PACKAGE)
    shutil.copytree(shipped.project, tmp_path / "tinybird", ignore=shutil.ignore_patterns(".tinyb"))
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)


def add_builds(folder: Path, *, dashboard: str = DASHBOARD, policy: str = POLICY) -> None:
    tenant = products.current().policy.tenant.parameter
    (folder / "tinybird" / "datasources" / "builds.datasource").write_text(SOURCE)
    pipe = folder / "tinybird" / "endpoints" / "builds_over_time.pipe"
    dashboard_now = products.current().dashboard
    start, end = dashboard_now.start, dashboard_now.end
    pipe.write_text(PIPE.format(tenant=tenant, start=start, end=end))
    append(folder / PACKAGE / "policy.py", policy)
    append(folder / PACKAGE / "dashboard.py", dashboard)


def load(folder: Path) -> products.Product:
    chosen = {"APP_PRODUCT": PACKAGE, "TINYBIRD_PROJECT": str(folder / "tinybird")}
    return products.load(Settings.from_environ(chosen))


async def test_a_data_source_with_a_chart_is_loaded_checked_asked_and_shown(
    copied: Path, tmp_path: Path
) -> None:
    add_builds(copied)
    product = load(copied)
    (panel,) = (each for each in product.dashboard.panels if each.key == "builds_over_time")
    session = product.policy.kinds[0].session()
    tenant = product.policy.tenant_of(session)
    project = load_project(product.project)
    takes = {panel.pipe: {each.name for each in fields_of(project, panel.pipe)}}

    view, problem = read_view("range=1h", product.dashboard)
    now = time.time()
    (question,) = questions(
        product.dashboard, view, [panel], zone=zone_named("UTC"), tick=Tick.of(now, 1), takes=takes
    )
    with Tinybird(product.project, tmp_path / "data") as running:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now - 300))
        mine = {"at": at, "owner": tenant, "seconds": 7}
        running.add(mine, mine | {"owner": "somebody_else", "seconds": 99}, name="builds")
        workspace = Workspace(
            api_url=str(running.http.base_url),
            workspace_id=running.workspace_id,
            signing_key=running.key,
        )
        token = TinybirdToken.mint(session, product.policy.scopes(session), workspace, now=now)
        answer = running.get(
            f"/v0/pipes/{question.pipe}.json", token.value, **question.parameters
        ).json()

    assert problem == ""
    assert question.parameters.keys() == {product.dashboard.start, product.dashboard.end}
    assert isinstance(panel, TimeSeries)
    found = Shaper(product.dashboard, view, page="", zone=zone_named("UTC"), now=now).shown(
        panel, {panel.key: answer["data"]}
    )
    assert found["rows"].values == [[7]]
    assert found["rows"].summary.startswith("longest is 7 at the end; the highest, 7, on ")


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (
            'column="longest"',
            'column="longst"',
            "the panel 'builds_over_time' shows the column 'longst', which the pipe "
            "'builds_over_time' does not answer. Did you mean 'longest'?",
        ),
        (
            'pipe="builds_over_time"',
            'pipe="build_over_time"',
            "the panel 'build_over_time' asks the pipe 'build_over_time', which the project does "
            "not have. Did you mean 'builds_over_time'?",
        ),
    ],
)
def test_a_wrong_name_is_told_with_file_and_line(
    copied: Path, right: str, wrong: str, told: str
) -> None:
    add_builds(copied, dashboard=DASHBOARD.replace(right, wrong))

    with pytest.raises(ProductError) as raised:
        load(copied)

    file = copied / PACKAGE / "dashboard.py"
    (line,) = (n for n, text in enumerate(file.read_text().splitlines(), 1) if wrong in text)
    (said,) = str(raised.value).splitlines()
    assert said.endswith(f"{PACKAGE}/dashboard.py:{line}: {told}")


def test_a_chart_that_the_policy_lets_nobody_read_is_told(copied: Path) -> None:
    add_builds(copied, policy="")

    with pytest.raises(ProductError, match="which the policy lets no session read"):
        load(copied)


def test_the_page_has_the_new_panels_own_vars(copied: Path) -> None:
    add_builds(copied)
    chosen = {"APP_PRODUCT": PACKAGE, "TINYBIRD_PROJECT": str(copied / "tinybird")}
    path = os.pathsep.join([str(copied), str(ROOT)])

    said = subprocess.run(
        [sys.executable, "-c", PRINT_VARS],
        cwd=copied,
        env={**os.environ, **chosen, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stderr
    assert {"rows", "axis", "legend"} <= {
        name.removesuffix("_builds_over_time") for name in said.stdout.split()
    }
