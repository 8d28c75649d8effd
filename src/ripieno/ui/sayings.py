"""What the server says of what went wrong, and why, in the visitor's language.

Whoever finds something out says it in English: it goes to the command line, the API and the logs
as well. What visitors meet most is known here by its words, in the pieces that sentences are put
together of; `%(name)s` stands for what differs. A piece that is not known stays as it is.

A test holds that each is what the server says, word for word.
"""

import functools
import re

from ripieno.ui.findings import FINDINGS
from ripieno.ui.language import N_, Language, languages

SAYINGS = (
    # What is not there, and what one may not do
    N_("no application %(name)s is registered, or it is not shared with you"),
    N_("see ripieno app list"),
    N_("application %(application)s has no version %(version)s"),
    N_("see ripieno app show %(application)s"),
    N_("there is no deployment %(name)s, or it is not shared with you"),
    N_("see ripieno status"),
    N_("there is no route %(name)s, or it is not shared with you"),
    N_("see: ripieno routes"),
    N_("there is no user %(name)s"),
    N_("see: ripieno user list"),
    N_("there is no group %(name)s"),
    N_("see: ripieno group list"),
    N_("there is no component %(name)s"),
    N_("there is no host %(name)s"),
    N_("there are %(names)s"),
    N_("known are %(names)s"),
    N_("add it with ripieno host add %(name)s ADDRESS"),
    N_("%(user)s may not do %(what)s: %(reason)s"),
    N_("%(user)s may not publish applications: %(reason)s"),
    N_("it takes the role publisher"),
    N_("it takes the role %(role)s, and theirs is %(other)s"),
    N_("it is somebody else's"),
    N_("ask its owner, or an administrator"),
    N_("ask an administrator"),
    N_("register the application with its files, then deploy it by its name"),
    N_(
        "the quota of %(subject)s is %(most)s %(unit)s, with %(used)s in use; %(name)s would take "
        "%(more)s more: stop or remove something, or ask an administrator for more"
    ),
    N_("running deployment"),
    N_("running deployments"),
    N_("MiB of memory"),
    # Changes and what becomes of them
    N_("there is a deployment %(name)s already"),
    N_("apply the change to it, or give this one another name"),
    N_("%(name)s is at revision %(now)s, not %(asked)s"),
    N_("look at it again, then repeat the change"),
    N_("deployment %(name)s is held by reconfiguration %(id)s (%(kind)s, %(state)s)"),
    N_("wait for it, cancel it, or queue behind it"),
    N_("%(names)s cannot come to rest: %(reason)s"),
    N_("bring back what they need"),
    N_("the deployment was removed"),
    N_("%(name)s is taken"),
    N_("reconfiguration %(id)s is not under way"),
    N_("it cannot be cancelled"),
    N_("it cannot be %(state)s"),
    # What forms were filled in with
    N_("a password has %(least)s to %(most)s characters"),
    N_("choose a longer one"),
    N_("the present password is not right"),
    N_("try again"),
    N_("the name or the password is not right"),
    N_("if you are sure of both, ask an administrator"),
    N_("the link was used already, has expired, or was replaced"),
    N_("the link was used just now"),
    N_("ask for a new one"),
    N_("there is a user %(name)s already, or one who is the same person at the provider"),
    N_("there is a group %(name)s already"),
    N_("choose another name"),
    N_("%(name)s cannot be the name of %(what)s"),
    N_("use lower case letters, digits and inner dashes, at most %(count)s"),
    N_("a user"),
    N_("a group"),
    N_("a deployment"),
    N_("%(name)s means something else"),
    N_("give the user another name"),
    N_("%(user)s cannot take over what %(name)s has"),
    N_("name another user"),
    N_("%(name)s has deployments or applications (%(names)s)"),
    N_("give them to another with --to USER, or remove them first"),
    N_("%(what)s is no e-mail address"),
    N_("write NAME@HOST, or nothing"),
    N_("%(name)s is no name for a token"),
    N_("use letters and digits"),
    N_("the token %(name)s has no scope"),
    N_("give it one, such as read"),
    N_("the quota of %(subject)s limits nothing"),
    N_("remove it, or say what"),
    N_("write a number, or nothing"),
    N_("write a number from 0 on, or nothing"),
    N_("this machine is the host local already"),
    N_("give an SSH address"),
    N_("there is a host %(name)s already"),
    N_("remove it, or rename this"),
    N_("%(count)s components are on host %(name)s"),
    N_("move or remove them first"),
    N_("%(what)s is no address"),
    N_("write [USER@]ADDRESS[:PORT]"),
    N_("%(name)s has no life time"),
    N_("it runs until it is stopped"),
    N_(
        "%(name)s would live for more than %(hours)s h from now, which is the most that this "
        "server allows"
    ),
    N_("extend it later, or by less"),
    N_("%(component)s is to have a whole number of replicas"),
    N_("a request may have up to %(count)s bytes"),
    N_("make the document smaller"),
    # What is imported
    N_("there is nothing to import"),
    N_("choose a file, or paste what is in it"),
    N_("%(host)s is not on the public Internet, and nobody has allowed it"),
    N_("if that registry can be trusted, start the server with --allow-registry %(host)s"),
    N_("%(registry)s has not %(what)s"),
    N_("%(registry)s says"),
    N_("look at the name and the tag"),
    N_("%(registry)s does not let everybody read %(name)s"),
    N_("%(what)s names no image"),
    N_("a name is lower case letters and digits, with single . _ - between"),
    N_("a tag is letters, digits and . _ -, at most 128 of them"),
    N_("no Compose file"),
    N_("it has to have 'services', by their names"),
    N_("the Compose file has more than %(count)s bytes"),
    N_("no service is left to be a component"),
    N_("no Boutiques descriptor"),
    N_("this makes no application that Ripieno takes"),
    N_("line %(number)s"),
    N_("not JSON"),
    N_("not JSON that can be read"),
    N_("a Boutiques descriptor is JSON"),
    N_("the descriptor has more than %(count)s bytes"),
    N_("it has to have at least 'command-line' and 'inputs'"),
    N_("the command line of the descriptor is empty"),
    N_("the id %(text)s of an input is missing, or there twice"),
    N_("input %(name)s is of the type %(text)s"),
    N_("types are %(names)s"),
    N_("%(name)s is true or false"),
    N_("the file has %(count)s services, and at most %(most)s are read"),
    N_("the file has more than %(count)s values with everything merged"),
    N_("divide it"),
    N_("the file has more than %(count)s variables"),
    N_("write some out"),
    N_("the host %(name)s has no address"),
    N_("%(name)s cannot be reached"),
    N_("%(name)s does not answer"),
    N_("%(name)s breaks off"),
    N_("%(name)s could not be read in %(time)s s"),
    N_("only public images can be imported, and what is not there is often refused like this"),
    N_("look whether the name is right"),
    N_("%(name)s holds no image, or none that can be read here"),
    N_("platforms in it: %(names)s"),
    N_("%(name)s is too long to name an image"),
    N_("write [registry/]name[:tag] or [registry/]name@sha256:…"),
    # What was changed beside the application
    N_(
        "%(name)s has %(count)s replicas, to which it was scaled, where the application says "
        "%(said)s"
    ),
    N_("to take that back, scale it: %(how)s"),
    # Why a plan touches something
    N_("it is new"),
    N_("it is not in the goal"),
    N_("it is asked to %(behaviours)s"),
    N_("its %(fields)s changed"),
    N_("%(component)s, which provides its %(port)s, goes"),
    N_("the goal has its %(port)s provided by %(component)s"),
    N_("the goal leaves its %(port)s without a provider"),
    N_("%(component)s needs its %(port)s"),
    N_("it uses %(component)s.%(port)s, which %(behaviour)s withdraws"),
    # What processes and their hosts do
    N_("host %(name)s"),
    N_("there is no command %(name)s"),
    N_("PATH is %(path)s"),
    N_("install it there or correct the name"),
    N_("install it there, or correct the name"),
    N_("the working folder %(path)s does not exist"),
    N_("create it, or name another"),
    N_("the working folder %(path)s may not be entered"),
    N_("give the server's user the right to"),
    N_("give its user the right to"),
    N_("%(path)s may not be executed"),
    N_("make it executable for the server's user (chmod +x)"),
    N_("make it executable for its user (chmod +x)"),
    N_("%(component)s was not ready within %(time)s s: %(reason)s"),
    N_("it was still starting"),
    N_("%(what)s ended with exit code %(code)s"),
    N_("%(what)s was killed by signal %(number)s"),
    N_("%(what)s is gone, and nobody saw how it ended"),
    N_("its process ended with exit code %(code)s"),
    N_("its process was killed by signal %(number)s"),
    N_("its process is gone, and nobody saw how it ended"),
    N_("its last output: %(text)s"),
    N_("it has said nothing"),
    N_("started again in %(time)s s"),
    N_("nothing listens on its port yet"),
    N_("no answer within %(time)s s"),
    N_("GET %(path)s answered %(status)s"),
    N_("GET %(path)s was not answered"),
    N_("health command ended with %(code)s: %(text)s"),
    N_("%(count)s health checks failed: %(reason)s"),
    N_("%(component)s.%(transition)s took longer than %(time)s s"),
    N_("give the component a longer deadline_s"),
    N_("no port from %(first)s to %(last)s is free on host %(host)s"),
    N_("remove deployments that are not needed"),
    N_("port %(port)s on host %(host)s is taken by a process that is not of Ripieno"),
    N_("stop it, or let the port be assigned (0)"),
    N_("its link is lost"),
    N_("%(component)s is being started"),
    N_("%(component)s has crashed %(count)s times and is started again"),
    N_("nobody has used it for %(time)s"),
    N_("its life time of %(time)s is over"),
    N_("nobody has used it for a while"),
    N_("a visit starts it"),
    N_("%(component)s was stopped"),
    N_("%(component)s is started in a moment"),
    N_("%(component)s waits for its turn"),
    N_("%(component)s has crashed and is started again"),
    N_("%(component)s has ended and is not started again"),
    N_("its life time is over"),
    N_("it can be started again"),
    # Who waits for whom
    N_("%(who)s waits for %(component)s, which program %(other)s has not added yet"),
    N_("%(who)s waits until %(component)s is idle"),
    N_("%(who)s waits to delete %(component)s"),
    N_("%(who)s waits to disconnect %(one)s from %(other)s"),
    N_("%(component)s is idle and keeps using it"),
    N_("%(who)s waits to rebind %(use)s to %(provide)s, which is not active"),
    N_("%(who)s waits for the end of what it pushed to %(component)s"),
    N_("%(reason)s, which program %(other)s has not pushed yet"),
    N_("%(reason)s, which no program pushes"),
    N_("program %(name)s waits %(component)s.%(behaviour)s"),
    N_("%(component)s leaves %(place)s only after program %(other)s goes on"),
    N_("%(component)s is idle in %(place)s, and no program pushes to it"),
    N_("%(component)s cannot start %(transition)s"),
    N_("%(component)s cannot enter %(place)s"),
    N_("%(component)s cannot return to %(place)s"),
    N_("%(component)s cannot leave %(place)s while %(port)s is rebound"),
    N_("%(component)s cannot leave %(place)s"),
    N_("%(reason)s, which this behaviour does not start"),
    N_("it waits for %(transition)s to arrive too"),
    N_("%(component)s.%(port)s is locked by %(other)s.%(use)s active in %(place)s"),
    N_("%(port)s has no provider"),
    N_("connect it"),
    N_("%(port)s waits for %(other)s, which is not active"),
    N_("%(port)s waits for %(other)s, which is about to be withdrawn"),
    N_("%(port)s waits for the data of %(other)s.%(provide)s"),
    N_("that is a cycle"),
    N_("and %(count)s more reasons"),
    N_("%(component)s failed"),
    N_("program %(name)s"),
    # Why there is no plan
    N_("%(use)s needs %(interface)s, which %(names)s provide"),
    N_("choose one with 'select: {%(port)s: component}' (or labels), or list the connection"),
    N_("%(use)s needs %(interface)s, and %(who)s provides it"),
    N_("no component"),
    N_("no component that is selected"),
    N_(
        "provided are %(names)s. Add one that does, give both ports one 'interface', or leave it "
        "unconnected with 'select: {%(port)s: null}'"
    ),
    N_("%(use)s selects {%(labels)s}, and no component with these labels provides %(interface)s"),
    N_("%(who)s does"),
    N_("nobody"),
    N_("give the one that is meant these labels, or select it by name"),
    N_("%(component)s selects %(name)s for %(port)s, which is no other component of the goal"),
    N_("name one that is there"),
    N_("the goal's connections"),
    N_(
        "%(component)s (%(type)s, on %(places)s) cannot %(need)s: no sequence of its behaviours "
        "does that. It is asked to because %(reason)s. Change the goal, or give its type a "
        "behaviour that leads there"
    ),
    N_(
        "%(reason)s. Behaviours that use %(ports)s are out, since nothing provides that; connect it"
    ),
    N_("the goal asks it to %(need)s"),
    N_("run %(behaviours)s"),
    N_("stand on %(places)s"),
    N_("provide %(ports)s on the way"),
    N_("provide %(ports)s at the end"),
    N_("release %(ports)s on the way"),
    N_("release %(ports)s for good"),
    N_("the goal connects %(use)s to %(one)s and to %(other)s"),
    N_("a use port takes one connection"),
    N_("the plan was simulated and would end in %(outcome)s after %(time)s s"),
    N_("%(component)s would end on %(place)s, not on %(places)s"),
)
"""Whole sentences, or what stands between their semicolons and colons."""

OF_IMPORTS = (*FINDINGS, *SAYINGS)

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
WHOLE = frozenset({"reason", "text", "labels"})
"""What may be of several pieces, and goes as far as it can."""

SAID = frozenset({"reason", "who", "unit", "what", "origin", "list"})
"""What is itself something that the server says."""

JOINED = frozenset({"need"})
"""What is one such thing or several, with 'and' between them."""

LONGEST = 4000


def said(text: str, spoken: Language) -> str:
    """A text of the server in the visitor's language, as far as its pieces are known."""
    return _in(spoken, text, SAYINGS)


def found(text: str, spoken: Language) -> str:
    """Likewise, a finding of an import."""
    return _in(spoken, text, OF_IMPORTS)


def saying(text: str, sayings: tuple[str, ...]) -> tuple[str, dict[str, str]] | None:
    """The one of some sayings that a whole text is, with what differs in it."""
    for pattern, each in _patterns(sayings):
        match = pattern.fullmatch(text)
        if match is not None:
            return each, match.groupdict()
    return None


def _in(spoken: Language, text: str, sayings: tuple[str, ...]) -> str:
    if spoken.code == "en" or len(text) > LONGEST:
        return text
    return _said(text, spoken.code, sayings)


@functools.lru_cache(maxsize=1000)
def _said(text: str, code: str, sayings: tuple[str, ...]) -> str:
    spoken = languages()[code]
    known = saying(text, sayings)
    if known is not None:
        values = {name: _value(name, each, code, sayings) for name, each in known[1].items()}
        return spoken.gettext(known[0]) % values
    for mark, joint in (
        ("; ", spoken.gettext("%(first)s; %(rest)s")),
        (": ", spoken.gettext("%(first)s: %(rest)s")),
    ):
        first, found_mark, rest = text.partition(mark)
        if found_mark:
            pieces = (_said(first, code, sayings), _said(rest, code, sayings))
            if pieces == (first, rest):
                return text
            return joint % {"first": pieces[0], "rest": pieces[1]}
    return text


def _value(name: str, text: str, code: str, sayings: tuple[str, ...]) -> str:
    if name in JOINED:
        every = [_said(each, code, sayings) for each in text.split(" and ")]
        joint = languages()[code].gettext("%(first)s and %(rest)s")
        return functools.reduce(lambda first, rest: joint % {"first": first, "rest": rest}, every)
    return _said(text, code, sayings) if name in SAID else text


@functools.cache
def _patterns(sayings: tuple[str, ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each saying with what finds it; what differs has neither a semicolon nor a colon in it.

    Those in which nothing differs come first: of `for a while` the time is no `while`.
    """
    ordered = sorted(sayings, key=lambda each: PLACEHOLDER.search(each) is not None)
    return tuple((re.compile(_pattern(each), re.DOTALL), each) for each in ordered)


def _pattern(saying: str) -> str:
    parts = PLACEHOLDER.split(saying)  # texts and names in turn
    found = re.escape(parts[0])
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        value = r".+" if name in WHOLE else r"(?:(?![;:] ).)+?"
        found += f"(?P<{name}>{value}){re.escape(text)}"
    return found
