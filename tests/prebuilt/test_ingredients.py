"""What a build is made of: what makes another one necessary, and what does not."""

from importlib.metadata import version
from pathlib import Path

import pytest

from clerk_tinybird_app.prebuilt.ingredients import Ingredients
from clerk_tinybird_app.reflex_internals import as_built
from clerk_tinybird_app.settings import Settings
from tests.test_settings import HOST_KEY, LIVE_KEY, TINYBIRD

WHOLE = {"CLERK_PUBLISHABLE_KEY": HOST_KEY} | TINYBIRD


def of(folder: Path, **environ: str) -> Ingredients:
    return Ingredients.of(Settings.from_environ(environ), folder)


def test_the_same_app_has_the_same_stamp_wherever_it_is(app: Path) -> None:
    before = of(app)

    assert of(app.rename(app.with_name("elsewhere"))).stamp == before.stamp


@pytest.mark.parametrize(
    "path",
    [
        *("clerk_tinybird_app/routes.py", "clerk_tinybird_app/pages/new.py", "assets/look.css"),
        *("reflex.lock/bun.lock", "rxconfig.py", "requirements.txt", "requirements-serve.txt"),
        *("tinybird/pipes/new.pipe", "assets/.well-known/security.txt"),
    ],
)
def test_each_source_counts(app: Path, path: str) -> None:
    before = of(app)
    (app / path).parent.mkdir(parents=True, exist_ok=True)
    (app / path).write_text("other")

    assert of(app).changed_since(before) == path


def test_a_source_that_is_gone_counts(app: Path) -> None:
    before = of(app)
    (app / "clerk_tinybird_app/routes.py").unlink()

    assert of(app).changed_since(before) == "clerk_tinybird_app/routes.py"


@pytest.mark.parametrize(
    "path",
    [
        *("clerk_tinybird_app/__pycache__/routes.pyc", "assets/external/a.jsx", ".env"),
        *("docs/new.md", "tinybird/.tinyb", "assets/.DS_Store", "clerk_tinybird_app/.a.py.swp"),
    ],
)
def test_nothing_else_counts(app: Path, path: str) -> None:
    before = of(app)
    (app / path).parent.mkdir(parents=True, exist_ok=True)
    (app / path).write_text("other")

    assert of(app).stamp == before.stamp


def test_a_product_outside_the_package_counts_by_its_name(app: Path) -> None:
    found = of(app, APP_PRODUCT="examples.email", TINYBIRD_PROJECT="elsewhere").files

    assert "examples/email/policy.py" in found


@pytest.fixture
def product(app: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder beside a product that uses modules of others."""
    monkeypatch.syspath_prepend(app)
    for path, text in {
        "acme/__init__.py": "",
        "acme/web/__init__.py": "import json, acme.web.policy",
        "acme/web/policy.py": "import httpx\nfrom ..colors import RED\nfrom acme import words",
        "acme/colors.py": "def red():\n    from shades import dark",
        "acme/words.py": "import acme.web",
        "acme/unused.py": "",
        "shades/dark.py": "from . import light",
        "shades/light.py": "this is no Python",
    }.items():
        (app / path).parent.mkdir(parents=True, exist_ok=True)
        (app / path).write_text(text)
    return app


@pytest.mark.parametrize(
    "path",
    [
        *("acme/web/policy.py", "acme/colors.py", "acme/words.py", "acme/__init__.py"),
        *("shades/dark.py", "shades/light.py", "acme/chart.jsx"),
    ],
)
def test_a_module_that_the_product_uses_counts_wherever_it_is(product: Path, path: str) -> None:
    before = of(product, APP_PRODUCT="acme.web")
    (product / path).write_text("other")

    assert path in of(product, APP_PRODUCT="acme.web").changed_since(before)


def test_a_module_that_nobody_uses_and_one_that_is_installed_do_not(product: Path) -> None:
    files = of(product, APP_PRODUCT="acme.web").files

    assert {path for path in files if path.startswith(("acme/", "shades/"))} == {
        *("acme/__init__.py", "acme/colors.py", "acme/words.py", "acme/web/__init__.py"),
        *("acme/web/policy.py", "shades/dark.py", "shades/light.py"),
    }
    assert [path for path in files if path.startswith(("httpx", "json"))] == []


def test_a_change_of_many_files_is_told_by_a_few(app: Path) -> None:
    before = of(app)
    for number in range(5):
        (app / f"assets/{number}.css").touch()

    assert of(app).changed_since(before) == ("assets/0.css, assets/1.css, assets/2.css and 2 more")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("CLERK_PUBLISHABLE_KEY", LIVE_KEY), ("CLERK_SIGN_IN_URL", "/in")),
        *(("CLERK_AFTER_SIGN_UP_URL", "/dashboard"), ("TINYBIRD_TOKEN_TTL", "60")),
        *(("TINYBIRD_RPS", "20"), ("DASHBOARD_REFRESH_SECONDS", "9"), ("TOKEN_PAGE", "0")),
        *(("EMBED_ANCESTORS", "https://a.example"), ("REFLEX_API_URL", "https://api.example.com")),
    ],
)
def test_a_setting_that_the_pages_depend_on_counts(app: Path, name: str, value: str) -> None:
    origin = {"CLERK_AUTHORIZED_PARTIES": "https://app.example.com"}
    before = of(app, **WHOLE, **origin)

    assert name in of(app, **(WHOLE | origin | {name: value})).changed_since(before)


@pytest.mark.parametrize(
    "name", ["VITE_BANNER", "REFLEX_FRONTEND_PATH", "REFLEX_REACT_STRICT_MODE", "REFLEX_NEW"]
)
def test_a_variable_that_reflex_or_vite_builds_with_counts(
    app: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = of(app)
    monkeypatch.setenv(name, "/other")

    assert of(app).changed_since(before) == name
    monkeypatch.setenv(name, "")
    assert of(app).stamp == before.stamp


@pytest.mark.parametrize(
    "name",
    [
        *("REFLEX_WEB_WORKDIR", "REFLEX_SOCKET_TIMEOUT", "REFLEX_REDIS_POOL_TIMEOUT"),
        *("REFLEX_BACKEND_PORT", *as_built.AS_BUILT, "UVICORN_BACKLOG", "PATH"),
    ],
)
def test_a_variable_of_the_server_does_not(
    app: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = of(app)
    monkeypatch.setenv(name, "other")

    assert of(app).stamp == before.stamp


def test_whether_a_service_is_embedded_counts(app: Path) -> None:
    changed = of(app, **TINYBIRD).changed_since(of(app))

    assert "TINYBIRD_WORKSPACE_ID" in changed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("CLERK_SECRET_KEY", "sk_test_another"), ("TINYBIRD_JWT_SECRET", "t" * 40)),
        *(("TINYBIRD_WORKSPACE_ID", "another"), ("TINYBIRD_API_KEY", "p.another")),
        *(("TINYBIRD_API_URL", "https://api.eu.tinybird.co"), ("REFLEX_FRONTEND_PORT", "8080")),
        *(("REFLEX_BACKEND_HOST", "0.0.0.0"), ("REDIS_SECRET", "s" * 32)),
        ("CLERK_AUTHORIZED_PARTIES", "https://app.example.com"),
    ],
)
def test_a_secret_a_port_and_an_address_do_not(app: Path, name: str, value: str) -> None:
    assert of(app, **(WHOLE | {name: value})).stamp == of(app, **WHOLE).stamp


def test_the_version_of_each_of_reflexs_packages_counts(app: Path) -> None:
    versions = of(app).versions

    assert {"reflex", "reflex-base", "reflex-components-radix"} <= set(versions)
    assert versions["reflex-base"] == version("reflex-base")
    assert all(name.startswith("reflex") for name in versions)


def test_only_who_may_show_embed_differs_not_that_it_is_there(app: Path) -> None:
    one, other = (of(app, EMBED_ANCESTORS=f"http://localhost:{port}") for port in (1, 2))

    assert one.stamp == other.stamp


def test_what_is_kept_of_them_holds_no_value(app: Path) -> None:
    ingredients = of(app, **WHOLE, CLERK_SIGN_IN_URL="/somewhere")
    ingredients.save(app / "made-of.json")

    assert Ingredients.load(app / "made-of.json") == ingredients
    assert "somewhere" not in (app / "made-of.json").read_text()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"files": 1, "settings": {}, "versions": {}}']
)
def test_a_damaged_file_says_nothing(app: Path, content: str) -> None:
    (app / "made-of.json").write_text(content)

    assert Ingredients.load(app / "made-of.json") is None
