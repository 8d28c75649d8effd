"""The one table of who may do what. Nothing else in Ripieno decides that.

Read by the gate, which checks every use case against it, and by the tests, which try every
endpoint as everybody.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from ripieno.control.errors import Forbidden
from ripieno.model.access import Caller, Role, Scope


class Relation(Enum):
    """What a caller has to be to the thing, besides having the role; admins are all of these."""

    ANY = auto()
    READER = auto()
    EDITOR = auto()
    OWNER = auto()


class Action(StrEnum):
    """What can be asked for; the name is what the audit trail says."""

    LIST_DEPLOYMENTS = "deployment.list"
    LOOK_AT_DEPLOYMENT = "deployment.look"
    DEPLOY = "deployment.deploy"
    DEPLOY_DOCUMENT = "deployment.deploy-document"
    DEPLOY_DIRECTORY = "deployment.deploy-directory"
    PREVIEW = "deployment.preview"
    CHANGE = "deployment.change"
    STEER = "reconfiguration.steer"
    DECIDE = "deployment.decide"
    READ_LOGS = "deployment.logs"
    READ_EVENTS = "deployment.events"
    READ_METRICS = "deployment.metrics"
    FIND_SCRAPE_TARGETS = "deployment.scrape-targets"
    READ_FIGURES = "server.metrics"
    EXTEND = "deployment.extend"
    WAKE = "deployment.wake"
    LIST_ROUTES = "route.list"
    REACH = "route.reach"
    READ_DOOR = "server.door"
    LIST_APPLICATIONS = "application.list"
    LOOK_AT_APPLICATION = "application.look"
    LOOK_AT_DRAFT = "application.look-at-draft"
    SAVE_DRAFT = "application.draft"
    PUBLISH = "application.publish"
    IMPORT = "application.import"
    YANK = "application.yank"
    SHARE_APPLICATION = "application.share"
    REMOVE_APPLICATION = "application.remove"
    SAVE_CONFIGURATION = "application.save-configuration"
    LIST_HOSTS = "host.list"
    CHECK_HOST = "host.check"
    CHANGE_HOST = "host.change"
    LIST_SECRETS = "secret.list"
    CHANGE_SECRET = "secret.change"
    LIST_TOKENS = "token.list"
    CREATE_TOKEN = "token.create"
    REVOKE_TOKEN = "token.revoke"
    LIST_SESSIONS = "session.list"
    END_SESSION = "session.end"
    CHANGE_PASSWORD = "user.password"
    CREATE_SIGN_IN_LINK = "user.sign-in-link"
    LIST_USERS = "user.list"
    LOOK_AT_USER = "user.look"
    ADD_USER = "user.add"
    DESCRIBE_USER = "user.describe"
    CHANGE_USER = "user.change"
    SET_PASSWORD = "user.set-password"
    REMOVE_USER = "user.remove"
    LIST_GROUPS = "group.list"
    ADD_GROUP = "group.add"
    CHANGE_GROUP = "group.change"
    REMOVE_GROUP = "group.remove"
    LIST_QUOTAS = "quota.list"
    CHANGE_QUOTA = "quota.change"
    READ_AUDIT = "audit.read"
    EXAMINE_SERVER = "server.doctor"


@dataclass(frozen=True, slots=True)
class Rule:
    """What an action needs of who asks for it."""

    role: Role
    scope: Scope
    relation: Relation = Relation.ANY
    remedy: str = "ask an administrator"


RULES: dict[Action, Rule] = {
    Action.LIST_DEPLOYMENTS: Rule(Role.VIEWER, Scope.READ),
    Action.LOOK_AT_DEPLOYMENT: Rule(Role.VIEWER, Scope.READ, Relation.READER),
    Action.DEPLOY: Rule(Role.DEPLOYER, Scope.DEPLOY),
    # A document says what is run, as the user of the server; a catalogue has been looked through.
    Action.DEPLOY_DOCUMENT: Rule(Role.PUBLISHER, Scope.DEPLOY),
    # Files of the server's machine are named.
    Action.DEPLOY_DIRECTORY: Rule(
        Role.ADMIN,
        Scope.DEPLOY,
        remedy="register the application with its files, then deploy it by its name",
    ),
    Action.PREVIEW: Rule(Role.DEPLOYER, Scope.READ, Relation.OWNER),
    Action.CHANGE: Rule(Role.DEPLOYER, Scope.DEPLOY, Relation.OWNER),
    Action.STEER: Rule(Role.DEPLOYER, Scope.DEPLOY, Relation.OWNER),
    Action.DECIDE: Rule(Role.DEPLOYER, Scope.DEPLOY, Relation.OWNER),
    Action.READ_LOGS: Rule(Role.VIEWER, Scope.READ, Relation.OWNER),
    Action.READ_EVENTS: Rule(Role.VIEWER, Scope.READ, Relation.OWNER),
    Action.READ_METRICS: Rule(Role.VIEWER, Scope.READ, Relation.READER),
    # Those of deployments that the caller may look at.
    Action.FIND_SCRAPE_TARGETS: Rule(Role.VIEWER, Scope.READ),
    Action.READ_FIGURES: Rule(Role.ADMIN, Scope.READ),
    Action.EXTEND: Rule(Role.DEPLOYER, Scope.DEPLOY, Relation.OWNER),
    # A visit starts what was stopped because there was none.
    Action.WAKE: Rule(Role.VIEWER, Scope.READ, Relation.READER),
    Action.LIST_ROUTES: Rule(Role.VIEWER, Scope.READ),
    Action.REACH: Rule(Role.VIEWER, Scope.READ, Relation.READER),
    # It has the key that the door and the server know each other by.
    Action.READ_DOOR: Rule(Role.ADMIN, Scope.ADMIN),
    Action.LIST_APPLICATIONS: Rule(Role.VIEWER, Scope.READ),
    Action.LOOK_AT_APPLICATION: Rule(Role.VIEWER, Scope.READ, Relation.READER),
    Action.LOOK_AT_DRAFT: Rule(Role.PUBLISHER, Scope.READ, Relation.EDITOR),
    Action.SAVE_DRAFT: Rule(Role.PUBLISHER, Scope.PUBLISH, Relation.EDITOR),
    # The server asks whom it is told to ask.
    Action.IMPORT: Rule(Role.PUBLISHER, Scope.PUBLISH),
    Action.PUBLISH: Rule(Role.PUBLISHER, Scope.PUBLISH, Relation.EDITOR),
    Action.YANK: Rule(Role.PUBLISHER, Scope.PUBLISH, Relation.EDITOR),
    Action.SHARE_APPLICATION: Rule(Role.PUBLISHER, Scope.PUBLISH, Relation.OWNER),
    Action.REMOVE_APPLICATION: Rule(Role.PUBLISHER, Scope.PUBLISH, Relation.OWNER),
    # One's own always: what is saved is what one may deploy.
    Action.SAVE_CONFIGURATION: Rule(Role.DEPLOYER, Scope.DEPLOY),
    Action.LIST_HOSTS: Rule(Role.VIEWER, Scope.READ),
    Action.CHECK_HOST: Rule(Role.DEPLOYER, Scope.READ),
    Action.CHANGE_HOST: Rule(Role.ADMIN, Scope.ADMIN),
    Action.LIST_SECRETS: Rule(Role.DEPLOYER, Scope.READ),
    Action.CHANGE_SECRET: Rule(Role.ADMIN, Scope.ADMIN),
    # One's own, with the scope for what is about one's account; those of others, as an admin.
    Action.LIST_TOKENS: Rule(Role.VIEWER, Scope.READ, Relation.OWNER),
    Action.CREATE_TOKEN: Rule(Role.VIEWER, Scope.ADMIN, Relation.OWNER),
    Action.REVOKE_TOKEN: Rule(Role.VIEWER, Scope.ADMIN, Relation.OWNER),
    Action.LIST_SESSIONS: Rule(Role.VIEWER, Scope.READ, Relation.OWNER),
    Action.END_SESSION: Rule(Role.VIEWER, Scope.ADMIN, Relation.OWNER),
    Action.CHANGE_PASSWORD: Rule(Role.VIEWER, Scope.ADMIN, Relation.OWNER),
    # Whoever has the link has all that the user has, so that no narrower token makes one.
    Action.CREATE_SIGN_IN_LINK: Rule(Role.VIEWER, Scope.ADMIN, Relation.OWNER),
    Action.LOOK_AT_USER: Rule(Role.VIEWER, Scope.READ, Relation.OWNER),
    Action.DESCRIBE_USER: Rule(Role.VIEWER, Scope.ADMIN, Relation.OWNER),
    Action.LIST_USERS: Rule(Role.ADMIN, Scope.READ),
    Action.ADD_USER: Rule(Role.ADMIN, Scope.ADMIN),
    Action.CHANGE_USER: Rule(Role.ADMIN, Scope.ADMIN),
    Action.SET_PASSWORD: Rule(Role.ADMIN, Scope.ADMIN),
    Action.REMOVE_USER: Rule(Role.ADMIN, Scope.ADMIN),
    # Everybody may know with whom a group shares something; its managers own it.
    Action.LIST_GROUPS: Rule(Role.VIEWER, Scope.READ),
    Action.ADD_GROUP: Rule(Role.ADMIN, Scope.ADMIN),
    Action.CHANGE_GROUP: Rule(Role.VIEWER, Scope.ADMIN, Relation.OWNER),
    Action.REMOVE_GROUP: Rule(Role.ADMIN, Scope.ADMIN),
    Action.LIST_QUOTAS: Rule(Role.VIEWER, Scope.READ, Relation.OWNER),
    Action.CHANGE_QUOTA: Rule(Role.ADMIN, Scope.ADMIN),
    Action.READ_AUDIT: Rule(Role.ADMIN, Scope.ADMIN),
    Action.EXAMINE_SERVER: Rule(Role.ADMIN, Scope.READ),
}


def is_allowed(
    caller: Caller,
    action: Action,
    *,
    owner: str | None = None,
    readers: Collection[str] = (),
    editors: Collection[str] = (),
) -> bool:
    """Whether somebody may do something to a thing of `owner`.

    `readers` may look at it, `editors` may also change it.
    """
    return _objection(caller, action, owner, readers, editors) is None


def knows(caller: Caller, *, owner: str, readers: Collection[str]) -> bool:
    """Whether somebody may know that a thing is there, whatever they may do with it."""
    return caller.is_admin or caller.user == owner or caller.is_among(readers)


def check(
    caller: Caller,
    action: Action,
    *,
    thing: str = "",
    owner: str | None = None,
    readers: Collection[str] = (),
    editors: Collection[str] = (),
) -> None:
    """Let it pass, or not. `owner` None: there is nothing yet to own. Raises: `Forbidden`."""
    objection = _objection(caller, action, owner, readers, editors)
    if objection is not None:
        what = f"{action.value} of {thing}" if thing else action.value
        raise Forbidden(f"{caller.user} may not do {what}: {objection}")


def _objection(
    caller: Caller,
    action: Action,
    owner: str | None,
    readers: Collection[str],
    editors: Collection[str],
) -> str | None:
    rule = RULES[action]
    if not caller.role.includes(rule.role):
        return f"it takes the role {rule.role}, and theirs is {caller.role}; {rule.remedy}"
    if rule.scope not in caller.scopes:
        return f"the token {caller.via} has not the scope {rule.scope}; make one that has it"
    if caller.is_admin or rule.relation is Relation.ANY or owner in (None, caller.user):
        return None
    if rule.relation is Relation.READER and caller.is_among(readers):
        return None
    if rule.relation in (Relation.READER, Relation.EDITOR) and caller.is_among(editors):
        return None
    return "it is somebody else's; ask its owner, or an administrator"
