from typing import Any

from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": (
            "Name and password do not belong together. "
            "After five failures the account is locked for 15 minutes."
        ),
        "inactive": "This account is deactivated. An administrator can open it again.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "Name"
        self.fields["username"].widget.attrs["spellcheck"] = "false"
