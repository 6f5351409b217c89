"""Words that several pages share: roles, numbers spelled out, what an audit action did."""

from collections.abc import Iterable

ROLE_WORDS = {
    "owner": "workload owner",
    "planner": "planner",
    "engineering": "engineering lead",
    "finance": "finance lead",
    "ops": "ops lead",
    "committee": "committee member",
    "department_head": "department head",
    "auditor": "auditor",
    "runtime": "runtime",
    "admin": "administrator",
}
_COUNTS = (
    "No",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
)


def role_names(roles: Iterable[str], function: str = "") -> str:
    """Ops lead · committee chair: the function stands where the membership would."""
    words = " · ".join(
        f"committee {function}"
        if role == "committee" and function
        else ROLE_WORDS.get(role, role)
        for role in roles
    )
    return words[:1].upper() + words[1:] if words else "No role yet"


def count_word(count: int) -> str:
    """Spelled out up to twelve, as the first word of a title."""
    return _COUNTS[count] if count < len(_COUNTS) else f"{count:,}"


def things_wait(count: int, *, more: bool = False) -> str:
    if not count:
        return "Nothing waits for you"
    if more:
        return f"More than {count_word(count).lower()} things wait for you"
    return f"{count_word(count)} thing{'s wait' if count != 1 else ' waits'} for you"


def reference_of(object_: str) -> str:
    """W-01 of "workload/W-01"; the whole text where there is no kind before it."""
    return object_.partition("/")[2] or object_


def action_words(action: str) -> str:
    """workload.transitioned as "workload transitioned"."""
    return action.replace(".", " ").replace("_", " ")
