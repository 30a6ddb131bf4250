"""The error tree: stable codes, and sentences for a person."""

import pickle

import pytest

from clerk_tinybird_app.clerk import errors
from clerk_tinybird_app.clerk.errors import ClerkError, KeysUnavailable, SessionError

EVERY: list[ClerkError] = [
    errors.SessionMissingError(),
    errors.SessionMalformedError(),
    errors.SessionAlgorithmError(),
    errors.SessionKindError(),
    errors.SessionKeyError(),
    errors.SessionSignatureError(),
    errors.SessionClaimsError("exp"),
    errors.SessionExpiredError(1),
    errors.SessionClockAheadError(120.5),
    errors.SessionNotYetValidError(1),
    errors.SessionIssuerError(),
    errors.SessionAzpError("https://app.example.com"),
    errors.SessionPendingError(),
    errors.KeysUnavailable(),
]


def test_the_codes_are_these_and_stay_these() -> None:
    assert [error.code for error in EVERY] == [
        "session_missing",
        "session_malformed",
        "session_algorithm",
        "session_kind",
        "session_key",
        "session_signature",
        "session_claims",
        "session_expired",
        "session_clock_ahead",
        "session_not_yet_valid",
        "session_issuer",
        "session_azp",
        "session_pending",
        "keys_unavailable",
    ]


def test_this_table_leaves_no_error_out() -> None:
    leaves = {*SessionError.__subclasses__(), *ClerkError.__subclasses__()} - {SessionError}

    assert leaves == {type(error) for error in EVERY}


def test_the_tree_at_the_top_of_the_file_is_the_tree() -> None:
    for error in EVERY:
        assert type(error).__name__ in str(errors.__doc__)
        assert error.code in str(errors.__doc__)


@pytest.mark.parametrize("error", EVERY, ids=lambda error: error.code)
def test_an_error_is_a_sentence_and_a_status(error: ClerkError) -> None:
    assert str(error) == error.message
    assert error.message.endswith(".")
    assert error.status == (503 if isinstance(error, KeysUnavailable) else 401)


@pytest.mark.parametrize("error", EVERY, ids=lambda error: error.code)
def test_an_error_survives_pickling(error: ClerkError) -> None:
    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), vars(copy), str(copy)) == (type(error), vars(error), str(error))
