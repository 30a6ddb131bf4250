"""The settings of the instance as JSON, as in Clerk's dashboard. The SDK reads them at start."""

from typing import Any

from clerk_tinybird_app import products
from clerk_tinybird_app.local.clerk.call import Call, Reply
from clerk_tinybird_app.local.clerk.instance import (
    MAX_PASSWORD_LENGTH,
    MIN_PASSWORD_LENGTH,
)
from clerk_tinybird_app.local.clerk.shapes import MAX_MEMBERSHIPS


def environment(origin: str) -> dict[str, Any]:
    """Return the environment for a page at ``origin``."""
    return {
        "object": "environment",
        "id": "env_embedded",
        "maintenance_mode": False,
        "client_debug_mode": False,
        "partitioned_cookies": False,
        "auth_config": {
            "object": "auth_config",
            "id": "aac_embedded",
            "single_session_mode": True,
            "claimed_at": None,
            "reverification": False,
            "preferred_channels": None,
            "session_minter": False,
        },
        "display_config": _display_config(origin),
        "user_settings": _user_settings(),
        "organization_settings": _organization_settings(),
        "commerce_settings": _commerce_settings(),
        "api_keys_settings": {
            "object": "api_keys_settings",
            "id": "aks_embedded",
            "enabled": False,
            "user_api_keys_enabled": False,
            "orgs_api_keys_enabled": False,
        },
        "protect_config": {"object": "protect_config", "id": "protect_embedded", "loaders": None},
    }


def _display_config(origin: str) -> dict[str, Any]:
    """Return names, addresses and the theme; all addresses are of the app itself."""
    home = f"{origin}/"
    after = ("sign_in", "sign_up", "sign_out_one", "sign_out_all", "switch_session")
    pages = ("user_profile", "organization_profile", "create_organization")
    return {
        "object": "display_config",
        "id": "display_config_embedded",
        "application_name": products.current().words.name,
        "branded": False,
        "instance_environment_type": "development",
        "show_devmode_warning": False,
        "preferred_sign_in_strategy": "password",
        "home_url": home,
        "sign_in_url": f"{origin}/sign-in",
        "sign_up_url": f"{origin}/sign-up",
        "after_leave_organization_url": home,
        "after_create_organization_url": home,
        **{f"after_{event}_url": home for event in after},
        **{f"{page}_url": home for page in pages},
        "waitlist_url": "",
        "after_join_waitlist_url": "",
        "logo_image_url": "",
        "favicon_image_url": "",
        "support_email": "",
        "terms_url": "",
        "privacy_policy_url": "",
        "captcha_public_key": None,
        "captcha_public_key_invisible": None,
        "captcha_widget_type": None,
        "captcha_provider": "turnstile",
        "captcha_oauth_bypass": [],
        "captcha_heartbeat": False,
        "google_one_tap_client_id": None,
        "theme": _theme(),
    }


def _theme() -> dict[str, Any]:
    """Return a plain theme; the app styles Clerk's components through ``appearance``."""
    return {
        "buttons": {"font_color": "#ffffff", "font_family": "inherit", "font_weight": "600"},
        "general": {
            "color": "#151515",
            "padding": "1em",
            "box_shadow": "none",
            "font_color": "#151515",
            "font_family": "inherit",
            "border_radius": "0.5em",
            "background_color": "#ffffff",
            "label_font_weight": "600",
        },
        "accounts": {"background_color": "#ffffff"},
    }


def _user_settings() -> dict[str, Any]:
    """Return how to sign up and in: with a verified e-mail address, and a code or a password."""
    email = _attribute(enabled=True, required=True, verified_by="email_code") | {"immutable": True}
    unused = ("phone_number", "username", "web3_wallet", "authenticator_app", "backup_code")
    return {
        "attributes": {
            "email_address": email,
            "first_name": _attribute(enabled=True),
            "last_name": _attribute(enabled=True),
            "password": _attribute(enabled=True, required=True),
            "passkey": _attribute(),
            **{name: _attribute() for name in unused},
        },
        "actions": {"delete_self": True, "create_organization": True},
        "social": {},
        "saml": {"enabled": False},
        "enterprise_sso": {"enabled": False, "self_serve_sso": False},
        "sign_in": {"second_factor": {"required": False, "enabled": False}},
        "sign_up": {
            "captcha_enabled": False,
            "captcha_widget_type": None,
            "custom_action_required": False,
            "progressive": True,
            "mode": "public",
            "legal_consent_enabled": False,
            "allowlist_only": False,
            "mfa": {"required": False},
        },
        "password_settings": _password_settings(),
        "passkey_settings": {"allow_autofill": False, "show_sign_in_button": False},
        "username_settings": {"min_length": 4, "max_length": 64},
        "attack_protection": {"enumeration_protection": {"enabled": False}},
    }


def _attribute(
    *, enabled: bool = False, required: bool = False, verified_by: str | None = None
) -> dict[str, Any]:
    """Return how one attribute of a user is used."""
    means = [verified_by] if verified_by else []
    return {
        "enabled": enabled,
        "required": required,
        "used_for_first_factor": bool(means),
        "first_factors": means,
        "used_for_second_factor": False,
        "second_factors": [],
        "verifications": means,
        "verify_at_sign_up": bool(means),
    }


def _password_settings() -> dict[str, Any]:
    """Return the rules for passwords: only their length counts."""
    return {
        "disable_hibp": True,
        "enforce_hibp_on_sign_in": False,
        "min_length": MIN_PASSWORD_LENGTH,
        "max_length": MAX_PASSWORD_LENGTH,
        "require_special_char": False,
        "require_numbers": False,
        "require_uppercase": False,
        "require_lowercase": False,
        "show_zxcvbn": False,
        "min_zxcvbn_strength": 0,
        "allowed_special_characters": "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~",
    }


def _organization_settings() -> dict[str, Any]:
    """Return the settings of organizations: slugs and personal accounts, no verified domains."""
    return {
        "enabled": True,
        "max_allowed_memberships": MAX_MEMBERSHIPS,
        "force_organization_selection": False,
        "actions": {"admin_delete": True},
        "domains": {"enabled": False, "enrollment_modes": [], "default_role": None},
        "slug": {"disabled": False},
        "organization_creation_defaults": {"enabled": False},
    }


def _commerce_settings() -> dict[str, Any]:
    """Return the settings of payments, which are off."""
    free = {"enabled": False, "has_paid_plans": False}
    return {
        "object": "commerce_settings",
        "id": "commerce_embedded",
        "billing": {"stripe_publishable_key": None, "organization": free, "user": free},
    }


def read_environment(call: Call) -> Reply:
    """Return the environment, bare. The SDK PATCHes to read it when the key is a test key."""
    return Reply(environment(call.origin), bare=True)
