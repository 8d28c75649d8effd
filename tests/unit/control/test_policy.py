"""The policy table, and what it says of everybody."""

import itertools

import pytest

from ripieno.control import policy
from ripieno.control.errors import Forbidden
from ripieno.control.policy import RULES, Action, Relation
from ripieno.model.access import ALL_SCOPES, Caller, Role, Scope, check_principal
from ripieno.model.errors import ModelError

RELATED = [each for each in Action if RULES[each].relation is not Relation.ANY]


def caller(role: Role, *, scopes: frozenset[Scope] = ALL_SCOPES) -> Caller:
    return Caller(user="ada", role=role, scopes=scopes, groups=frozenset({"neuro"}), via="laptop")


def test_every_action_has_a_rule() -> None:
    assert set(RULES) == set(Action)


@pytest.mark.parametrize(("action", "role"), list(itertools.product(Action, Role)))
def test_a_role_may_do_what_the_table_says_to_its_own(action: Action, role: Role) -> None:
    allowed = role.includes(RULES[action].role)
    assert policy.is_allowed(caller(role), action, owner="ada") == allowed


@pytest.mark.parametrize("action", RELATED)
def test_what_is_somebody_elses_is_for_its_owner_its_readers_and_admins(action: Action) -> None:
    asks = caller(Role.ADMIN)
    assert policy.is_allowed(asks, action, owner="bob")
    asks = caller(Role.PUBLISHER)
    if not asks.role.includes(RULES[action].role):
        return
    assert policy.is_allowed(asks, action, owner="ada")
    assert not policy.is_allowed(asks, action, owner="bob")
    reads = RULES[action].relation is Relation.READER
    for readers in (["group:neuro"], ["user:ada"], ["everyone"]):
        assert policy.is_allowed(asks, action, owner="bob", readers=readers) == reads
    assert not policy.is_allowed(asks, action, owner="bob", readers=["group:other"])


def test_a_token_may_not_do_what_its_scopes_do_not_name() -> None:
    reading = caller(Role.ADMIN, scopes=frozenset({Scope.READ}))
    for action in Action:
        assert policy.is_allowed(reading, action) == (RULES[action].scope is Scope.READ)
    with pytest.raises(Forbidden, match="the token laptop has not the scope deploy"):
        policy.check(reading, Action.DEPLOY)


def test_who_is_refused_is_told_what_it_takes() -> None:
    with pytest.raises(Forbidden, match="takes the role deployer, and theirs is viewer"):
        policy.check(caller(Role.VIEWER), Action.DEPLOY, thing="shop")
    with pytest.raises(Forbidden, match="shop: it is somebody else's"):
        policy.check(caller(Role.DEPLOYER), Action.CHANGE, thing="shop", owner="bob")


@pytest.mark.parametrize("text", ["everyone", "user:ada", "group:neuro-lab"])
def test_principals(text: str) -> None:
    assert check_principal(text) == text


@pytest.mark.parametrize("text", ["", "public", "user:", "group:A B", "ada", "user:../x"])
def test_what_is_no_principal(text: str) -> None:
    with pytest.raises(ModelError):
        check_principal(text)
    assert check_principal("public", allows_public=True) == "public"
