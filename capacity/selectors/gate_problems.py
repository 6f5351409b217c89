"""What gates, limits, switches and alerts refuse, with its code."""

from typing import Self

from portal.kernel.errors import Conflict, FieldError, Unprocessable


class UnknownTarget(Unprocessable):
    """A limit or switch of something that the plan does not know."""

    code = "unknown_target"
    title = "There is nothing by that name"

    @classmethod
    def of(cls, scope: str, target: object) -> Self:
        named = f'"{str(target)[:100]}"'
        detail = {
            "workload": f"There is no workload {named}. The plan lists them all.",
            "department": f"There is no department {named}.",
            "agent": "An agent is named by its id, of 1 to 200 characters.",
            "all": "A switch for everything has no target: leave it out, or send null.",
        }[scope]
        return cls(detail, errors=[FieldError("/target", cls.code, detail)])


class SwitchLifted(Conflict):
    code = "switch_lifted"
    title = "The kill switch is lifted"


class LimitEnded(Conflict):
    code = "limit_ended"
    title = "The spend limit has ended"
