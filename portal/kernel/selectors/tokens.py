"""Reading API tokens."""

from functools import cache
from hashlib import sha256

from django.db import connection
from django.db.models import Model, QuerySet

from portal.kernel.models import ApiToken, User

PREFIX = "wb_"


def digest_of(secret: str) -> str:
    """A token has 256 random bits: a plain SHA-256 cannot be searched backwards."""
    return sha256(secret.encode()).hexdigest()


def token_of(secret: str) -> ApiToken | None:
    """The token behind `secret`, live or not, with its user: to say what is wrong.

    Every call of the API asks this, so its SQL is made once a process: the ORM would
    take longer to write the statement than PostgreSQL takes to answer it.
    """
    if not secret.startswith(PREFIX):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_token_sql(), [digest_of(secret)])
        row = cursor.fetchone()
    if row is None:
        return None
    own, persons = _names(ApiToken), _names(User)
    token = ApiToken.from_db(connection.alias, own, row[: len(own)])
    token.user = User.from_db(connection.alias, persons, row[len(own) :])
    return token


@cache
def _token_sql() -> str:
    tables = {ApiToken: "token", User: "person"}
    columns = ", ".join(
        f'{name}."{column.column}"'
        for model, name in tables.items()
        for column in model._meta.concrete_fields
    )
    return (
        f"SELECT {columns} FROM {ApiToken._meta.db_table} token"  # noqa: S608 - our names
        f" JOIN {User._meta.db_table} person ON person.id = token.user_id"
        " WHERE token.digest = %s"
    )


@cache
def _names(model: type[Model]) -> list[str]:
    return [column.attname for column in model._meta.concrete_fields]


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """A person's tokens, newest first, revoked ones too."""
    return ApiToken.objects.filter(user=user)
