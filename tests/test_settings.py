"""The configuration: complete, incomplete, malformed."""

import base64
import errno
import os
from pathlib import Path

import pytest

from clerk_tinybird_app.settings import Settings, SettingsError
from tests.clerk.tokens import pem

HOST_KEY = "pk_test_" + base64.b64encode(b"happy-cat-1.clerk.accounts.dev$").decode().rstrip("=")
LIVE_KEY = "pk_live_" + base64.b64encode(b"clerk.example.com$").decode().rstrip("=")
TINYBIRD = {
    "TINYBIRD_API_URL": "https://api.tinybird.co",
    "TINYBIRD_WORKSPACE_ID": "7afc6330-3aae-4df5-8712-eaad216c5d7d",
    "TINYBIRD_JWT_SECRET": "s" * 40,
}

SIGNING_KEY = TINYBIRD | {"TINYBIRD_JWT_SECRET": ""}


def test_nothing_configured_means_the_embedded_services_on_loopback() -> None:
    settings = Settings.from_environ({})

    assert settings.is_clerk_local
    assert settings.is_tinybird_local
    assert settings.backend_host == "127.0.0.1"
    assert settings.origins == ("http://localhost:3000", "http://127.0.0.1:3000")
    assert (settings.tinybird_token_ttl, settings.tinybird_rps) == (900, 10)


def test_a_whole_configuration_means_the_real_services() -> None:
    settings = Settings.from_environ({"CLERK_PUBLISHABLE_KEY": HOST_KEY} | TINYBIRD)

    assert not settings.is_clerk_local
    assert not settings.is_tinybird_local


def test_the_nextjs_demos_env_local_works_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env.local").write_text(
        "NEXT_PUBLIC_TINYBIRD_API_URL=https://api.tinybird.co\n"
        "TINYBIRD_WORKSPACE_ID=7afc6330\n"
        f"TINYBIRD_JWT_SECRET={'s' * 40}\n"
        "NEXT_PUBLIC_TINYBIRD_API_KEY=p.anonymous\n"
        f"NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY={HOST_KEY}\n"
        "CLERK_SECRET_KEY=sk_test_secret\n"
        "NEXT_PUBLIC_CLERK_SIGN_IN_URL=/sign-in\n"
        "NEXT_PUBLIC_CLERK_SIGN_UP_URL=/join\n"
        "NEXT_PUBLIC_CLERK_AFTER_SIGN_IN_URL=/\n"
        "NEXT_PUBLIC_CLERK_AFTER_SIGN_UP_URL=/\n"
    )
    monkeypatch.setattr("os.environ", {})

    settings = Settings.load(tmp_path)

    assert settings.clerk_publishable_key == HOST_KEY
    assert settings.tinybird_api_key == "p.anonymous"
    assert settings.clerk_sign_up_url == "/join"


def test_the_environment_beats_the_files_and_env_local_beats_env(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env.local").write_text("TINYBIRD_RPS=20\nTINYBIRD_TOKEN_TTL=60\n")
    (tmp_path / ".env").write_text("TINYBIRD_RPS=30\nTB_LOCAL_PORT=7999\n")
    monkeypatch.setattr("os.environ", {"TINYBIRD_TOKEN_TTL": "120"})

    settings = Settings.load(tmp_path)

    assert settings.tinybird_token_ttl == 120
    assert settings.tinybird_rps == 20
    assert settings.tb_local_port == 7999


def test_a_name_in_a_stronger_place_beats_its_alias_in_a_weaker_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{name}={value}" for name, value in TINYBIRD.items()]
    (tmp_path / ".env").write_text("\n".join(lines))
    monkeypatch.setattr("os.environ", {"TINYBIRD_SIGNING_KEY": "rotated-" + "r" * 32})

    assert Settings.load(tmp_path).tinybird_jwt_secret == "rotated-" + "r" * 32


def test_loading_leaves_the_process_environment_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("TINYBIRD_RPS=3\n")
    monkeypatch.setattr("os.environ", environ := {"HOME": "/nowhere"})

    assert Settings.load(tmp_path).tinybird_rps == 3
    assert environ == {"HOME": "/nowhere"}


def test_a_dollar_sign_in_a_secret_stands_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "a-signing-key-with-${HOME}-and-$PATH-in-it"
    values = TINYBIRD | {"TINYBIRD_JWT_SECRET": secret}
    lines = [f"{name}={value}" for name, value in values.items()]
    (tmp_path / ".env").write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    monkeypatch.setattr("os.environ", {"HOME": "/nowhere"})

    assert Settings.load(tmp_path).tinybird_jwt_secret == secret


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"TINYBIRD_RPS=3\nCLERK_PUBLISHABLE_KEY pk_test_x\n", "line 2"),
        (b"TINYBIRD_RPS: 3\n", "line 1"),
        ("TINYBIRD_RPS=3".encode("utf-16"), "UTF-8"),
        (
            b"CLERK_JWT_KEY=-----BEGIN PUBLIC KEY-----\nMIIB+/x\n-----END PUBLIC KEY-----\n",
            "line 1: CLERK_JWT_KEY .*double quotes",
        ),
    ],
)
def test_a_dotenv_file_that_cannot_be_read_is_refused(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / ".env").write_bytes(content)

    with pytest.raises(SettingsError, match=words):
        Settings.load(tmp_path)


def test_a_dotenv_file_of_somebody_else_is_told_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    (tmp_path / ".env").touch()
    # A file's mode would not stop root.
    monkeypatch.setattr(Path, "read_text", refuse)

    with pytest.raises(SettingsError, match=r"\.env cannot be read \(Permission denied\): let"):
        Settings.load(tmp_path)


def test_a_folder_in_the_place_of_a_dotenv_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()

    with pytest.raises(SettingsError, match=r"\.env cannot be read"):
        Settings.load(tmp_path)


@pytest.mark.parametrize("prefix", ["", "NEXT_PUBLIC_"])
def test_clerks_present_names_for_where_to_go_are_accepted(prefix: str) -> None:
    settings = Settings.from_environ(
        {
            f"{prefix}CLERK_SIGN_IN_FALLBACK_REDIRECT_URL": "/dashboard",
            f"{prefix}CLERK_SIGN_UP_FALLBACK_REDIRECT_URL": "/welcome",
            f"{prefix}CLERK_SIGN_IN_FORCE_REDIRECT_URL": "/always",
            f"{prefix}CLERK_SIGN_UP_FORCE_REDIRECT_URL": "/first",
        }
    )

    assert settings.clerk_after_sign_in_url == "/dashboard"
    assert settings.clerk_after_sign_up_url == "/welcome"
    assert settings.clerk_sign_in_force_url == "/always"
    assert settings.clerk_sign_up_force_url == "/first"


def test_clerks_own_account_portal_can_show_the_forms() -> None:
    here = Settings.from_environ({"CLERK_SIGN_IN_URL": "/login/"})
    elsewhere = Settings.from_environ({"CLERK_SIGN_IN_URL": "https://accounts.example.com/sign-in"})

    both = dict.fromkeys(("CLERK_SIGN_IN_URL", "CLERK_SIGN_UP_URL"), "https://accounts.example.com")

    assert (here.clerk_sign_in_url, here.signs_in_elsewhere) == ("/login", False)
    assert elsewhere.signs_in_elsewhere
    assert Settings.from_environ(both).signs_in_elsewhere
    assert Settings.from_environ({"CLERK_SIGN_IN_URL": "/apiary/login"}).clerk_sign_in_url


def test_the_nextjs_demos_untouched_example_means_the_embedded_services() -> None:
    settings = Settings.from_environ(
        {
            "NEXT_PUBLIC_TINYBIRD_API_URL": "https://api.tinybird.co",
            "TINYBIRD_JWT_SECRET": "",
            "TINYBIRD_WORKSPACE_ID": "",
            "NEXT_PUBLIC_TINYBIRD_API_KEY": "",
            "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY": "",
            "CLERK_SECRET_KEY": "",
            "NEXT_PUBLIC_CLERK_SIGN_IN_URL": "/sign-in",
        }
    )

    assert settings.is_clerk_local
    assert settings.is_tinybird_local


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ({"NEXT_PUBLIC_TINYBIRD_API_URL": "api.tinybird.co"}, "NEXT_PUBLIC_TINYBIRD_API_URL must"),
        ({"NEXT_PUBLIC_TINYBIRD_API_KEY": "p.x"}, "NEXT_PUBLIC_TINYBIRD_API_KEY is set"),
        (SIGNING_KEY | {"TINYBIRD_SIGNING_KEY": "k"}, "TINYBIRD_SIGNING_KEY must"),
        ({"CLERK_SIGN_IN_FALLBACK_REDIRECT_URL": "x"}, "CLERK_SIGN_IN_FALLBACK_REDIRECT_URL must"),
    ],
)  # fmt: skip
def test_a_message_names_a_variable_as_the_file_spells_it(
    given: dict[str, str], spelled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    monkeypatch.setattr("os.environ", {})

    with pytest.raises(SettingsError, match=f"^(Tinybird is half configured: )?{spelled}"):
        Settings.load(tmp_path)


def test_tinybirds_newer_name_for_the_signing_key_is_accepted() -> None:
    environ = {k: v for k, v in TINYBIRD.items() if k != "TINYBIRD_JWT_SECRET"}

    settings = Settings.from_environ(environ | {"TINYBIRD_SIGNING_KEY": "t" * 32})

    assert settings.tinybird_jwt_secret == "t" * 32


@pytest.mark.parametrize("missing", TINYBIRD)
def test_a_half_configured_tinybird_is_refused_and_the_missing_variable_named(missing: str) -> None:
    environ = {name: value for name, value in TINYBIRD.items() if name != missing}

    with pytest.raises(SettingsError, match=f"(?s)half configured.*\n  {missing}   \\(Tinybird"):
        Settings.from_environ(environ)


@pytest.mark.parametrize("given", ["CLERK_SECRET_KEY", "CLERK_JWT_KEY"])
def test_a_half_configured_clerk_is_refused_and_the_missing_variable_named(given: str) -> None:
    with pytest.raises(
        SettingsError, match=r"(?s)half configured.*CLERK_PUBLISHABLE_KEY.*API keys"
    ):
        Settings.from_environ({given: "value"})


def test_an_anonymous_key_alone_is_half_a_tinybird() -> None:
    with pytest.raises(SettingsError, match="TINYBIRD_WORKSPACE_ID"):
        Settings.from_environ({"TINYBIRD_API_KEY": "p.anonymous"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLERK_PUBLISHABLE_KEY", "pk_test_not base64"),
        ("CLERK_PUBLISHABLE_KEY", "sk_test_swapped"),
        ("CLERK_SECRET_KEY", "sk_live_of_another_instance"),
        ("CLERK_JWT_KEY", "not a PEM"),
        ("CLERK_AUTHORIZED_PARTIES", "*"),
        ("CLERK_AUTHORIZED_PARTIES", "app.example.org"),
        ("CLERK_AUTHORIZED_PARTIES", "https://app.example.com/path"),
        ("CLERK_SIGN_IN_URL", "http://accounts.example/sign-in"),
        ("CLERK_SIGN_IN_URL", "//accounts.example/sign-in"),
        ("CLERK_SIGN_IN_URL", "/sign-in?next=/"),
        ("CLERK_SIGN_IN_URL", "/dashboard"),
        ("CLERK_SIGN_IN_URL", "/dashboard/sign-in"),
        ("CLERK_SIGN_IN_URL", "/api/sign-in"),
        ("CLERK_SIGN_IN_URL", "/__clerk"),
        ("CLERK_SIGN_UP_URL", "/sign-in"),
        ("CLERK_SIGN_UP_URL", "/"),
        ("CLERK_SIGN_IN_FORCE_REDIRECT_URL", "https://evil.example/"),
        ("CLERK_AFTER_SIGN_IN_URL", "//evil.example"),
        ("CLERK_AFTER_SIGN_IN_URL", "/\\evil.example"),
        ("TINYBIRD_API_URL", "api.tinybird.co"),
        ("TINYBIRD_API_URL", "https://user:password@api.tinybird.co"),
        ("TINYBIRD_API_URL", "https://api.tinybird.co/v0"),
        ("TINYBIRD_API_URL", "http://api.tinybird.co"),
        ("CLERK_AUTHORIZED_PARTIES", "https://app.example.net:443"),
        ("TINYBIRD_JWT_SECRET", "x" * 31),
        ("TINYBIRD_TOKEN_TTL", "0"),
        ("TINYBIRD_TOKEN_TTL", "-900"),
        ("TINYBIRD_TOKEN_TTL", "15m"),
        ("TINYBIRD_RPS", "1.5"),
        ("TINYBIRD_TOKEN_TTL", "14"),
        ("TINYBIRD_TOKEN_TTL", "86401"),
        ("TINYBIRD_RPS", "ten"),
        ("TINYBIRD_RPS", "0"),
        ("TINYBIRD_RPS", "1001"),
        ("TB_LOCAL_PORT", "70000"),
        ("REFLEX_API_URL", "localhost:8000"),
        ("LOG_FORMAT", "yaml"),
        ("ACCESS_LOG", "sometimes"),
        ("METRICS_TOKEN", "too-short"),
        ("METRICS_TOKEN", "long enough, but with space"),
    ],
)
def test_a_malformed_value_is_refused_by_name_and_never_echoed(name: str, value: str) -> None:
    whole = {"CLERK_PUBLISHABLE_KEY": HOST_KEY} | TINYBIRD

    with pytest.raises(SettingsError) as refusal:
        Settings.from_environ(whole | {name: value})

    assert name in str(refusal.value)
    assert len(value) < len("0000") or value not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "least", "most"), [("TINYBIRD_TOKEN_TTL", 15, 86400), ("TINYBIRD_RPS", 1, 1000)]
)
def test_a_value_with_bounds_may_be_either_of_them_and_its_refusal_names_both(
    name: str, least: int, most: int
) -> None:
    for value in (least, most):
        Settings.from_environ({name: str(value)})

    with pytest.raises(SettingsError, match=f"{name} .* from {least} to {most}"):
        Settings.from_environ({name: str(most + 1)})


def test_a_live_key_needs_to_know_the_apps_origins() -> None:
    with pytest.raises(SettingsError, match="CLERK_AUTHORIZED_PARTIES"):
        Settings.from_environ({"CLERK_PUBLISHABLE_KEY": LIVE_KEY})

    settings = Settings.from_environ(
        {"CLERK_PUBLISHABLE_KEY": LIVE_KEY, "REFLEX_DEPLOY_URL": "https://app.example.com/"}
    )
    assert settings.origins == ("https://app.example.com",)


def test_secrets_never_appear_in_the_repr() -> None:
    secrets = {
        "CLERK_SECRET_KEY": "sk_test_do_not_show",
        "TINYBIRD_JWT_SECRET": "do-not-show-this-signing-key-either",
        "TINYBIRD_API_KEY": "p.do-not-show-me",
        "METRICS_TOKEN": "do-not-show-the-metrics-token",
    }

    shown = repr(Settings.from_environ({"CLERK_PUBLISHABLE_KEY": HOST_KEY} | TINYBIRD | secrets))

    assert not [value for value in secrets.values() if value in shown]


def test_a_dashboard_refreshes_as_often_as_its_tinybird_can_bear() -> None:
    real = {
        "TINYBIRD_API_URL": "https://api.tinybird.example",
        "TINYBIRD_WORKSPACE_ID": "workspace",
        "TINYBIRD_JWT_SECRET": "s" * 40,
    }

    assert Settings.from_environ({}).refresh_seconds == 2
    assert Settings.from_environ(real).refresh_seconds == 60
    assert Settings.from_environ(real | {"DASHBOARD_REFRESH_SECONDS": "7"}).refresh_seconds == 7


def test_a_refresh_of_no_seconds_is_refused_with_an_example() -> None:
    with pytest.raises(SettingsError, match="such as 60"):
        Settings.from_environ({"DASHBOARD_REFRESH_SECONDS": "0"})


@pytest.mark.parametrize(
    "char", ["\xa0", "\u200b", "\ufeff", "\u2028", "\x1c", "\x85", "\u202e", "\udcff"], ids=ascii
)
@pytest.mark.parametrize("place", ["before", "inside", "after"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLERK_PUBLISHABLE_KEY", HOST_KEY),
        ("CLERK_JWT_KEY", pem()),
        ("CLERK_AUTHORIZED_PARTIES", "http://localhost:3000"),
        ("TINYBIRD_JWT_SECRET", "s" * 40),
    ],
)
def test_a_character_that_cannot_be_seen_is_named_and_never_kept_or_cut_away(
    name: str, value: str, place: str, char: str
) -> None:
    spoilt = {
        "before": char + value,
        "inside": value[:9] + char + value[9:],
        "after": value + char,
    }[place]
    whole = {"CLERK_PUBLISHABLE_KEY": HOST_KEY} | TINYBIRD

    with pytest.raises(SettingsError, match=rf"{name} .*U\+{ord(char):04X}"):
        Settings.from_environ(whole | {name: spoilt})


@pytest.mark.parametrize("space", [" ", "\t", "\r\n"], ids=ascii)
def test_space_around_a_value_is_not_part_of_it(space: str) -> None:
    whole = {"CLERK_PUBLISHABLE_KEY": HOST_KEY} | TINYBIRD

    settings = Settings.from_environ(
        {name: f"{space}{value}{space}" for name, value in whole.items()}
    )

    assert settings == Settings.from_environ(whole)


def test_who_may_frame_the_dashboard_are_origins_divided_by_commas() -> None:
    settings = Settings.from_environ({"EMBED_ANCESTORS": " https://a.example, http://localhost:1 "})

    assert settings.embed_ancestors == ("https://a.example", "http://localhost:1")
    assert Settings.from_environ({}).embed_ancestors == ()
    for wrong in ("*", "https://*.example.com", "https://a.example/page", "a.example", "self"):
        with pytest.raises(SettingsError, match="EMBED_ANCESTORS must be origins divided by"):
            Settings.from_environ({"EMBED_ANCESTORS": wrong})


def test_proxies_are_addresses_and_networks() -> None:
    settings = Settings.from_environ({"TRUSTED_PROXIES": " 10.0.0.7, 172.18.0.0/16,fd00::/8"})

    assert settings.trusted_proxies == ("10.0.0.7", "172.18.0.0/16", "fd00::/8")


@pytest.mark.parametrize("wrong", ["nginx", "*", "10.0.0.7/8", "10.0.0.7 10.0.0.8", "0.0.0.0/0"])
def test_a_proxy_that_is_no_address_or_everybody_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        Settings.from_environ({"TRUSTED_PROXIES": wrong})


def test_redis_needs_something_to_seal_with_and_says_how_it_is_made() -> None:
    redis = {"REFLEX_REDIS_URL": "redis://:hunter2@127.0.0.1:6379"}

    with pytest.raises(SettingsError, match=r"Set REDIS_SECRET to .*openssl rand") as refused:
        Settings.from_environ(redis)
    assert "hunter2" not in str(refused.value)
    several = Settings.from_environ(redis | {"REDIS_SECRET": f"{'n' * 32}, {'o' * 32}"})
    assert several.redis_secret == ("n" * 32, "o" * 32)
    assert "nnn" not in repr(several)


@pytest.mark.parametrize(
    "wrong", ["short", "s" * 31, f"{'s' * 32},short", f"{'s' * 20} {'s' * 20}"]
)
def test_a_secret_that_can_be_guessed_is_refused_without_being_shown(wrong: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_SECRET must be at least 32") as refused:
        Settings.from_environ({"REDIS_SECRET": wrong})
    assert wrong not in str(refused.value)


@pytest.mark.parametrize("name", ["WEB_CONCURRENCY", "GRANIAN_WORKERS"])
def test_several_workers_need_what_they_share_and_its_lack_is_told_as_it_was_written(
    name: str,
) -> None:
    redis = {"REFLEX_REDIS_URL": "redis://127.0.0.1:6379", "REDIS_SECRET": "s" * 32}

    with pytest.raises(SettingsError, match=f"{name} is more than 1.*REFLEX_REDIS_URL"):
        Settings.from_environ({name: "2"} | TINYBIRD)
    with pytest.raises(SettingsError, match=f"{name} is more than 1.*TINYBIRD_WORKSPACE_ID"):
        Settings.from_environ({name: "2"} | redis)
    assert Settings.from_environ({name: "2"} | redis | TINYBIRD).web_concurrency == 2
    assert Settings.from_environ({name: "1"}).web_concurrency == 1


def test_no_page_depends_on_a_secret() -> None:
    one, other = (
        Settings.from_environ(
            {"CLERK_PUBLISHABLE_KEY": HOST_KEY, "CLERK_SECRET_KEY": f"sk_test_{letter}"}
            | TINYBIRD
            | {"TINYBIRD_JWT_SECRET": letter * 40, "REFLEX_REDIS_URL": f"redis://{letter}"}
            | {"REDIS_SECRET": letter * 32}
        )
        for letter in "ab"
    )

    assert one.baked == other.baked


@pytest.mark.parametrize("url", ["localhost:6379", "http://ada:hunter2@localhost"])
def test_an_address_of_no_redis_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="REFLEX_REDIS_URL is no address") as refused:
        Settings.from_environ({"REFLEX_REDIS_URL": url, "REDIS_SECRET": "s" * 32})

    assert "hunter2" not in str(refused.value)
