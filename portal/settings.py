"""All settings of the project, for every way to run it.

Every variable that is read stands here once; docs/operations.md says what each is for.
Long settings that no variable touches are imported: the joints of the house, how it logs,
how the schema is drawn.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from portal.embedded.home import Home
from portal.embedded.postgres import NAME as EMBEDDED_DATABASE
from portal.embedded.postgres import PORT as EMBEDDED_DATABASE_PORT
from portal.embedded.postgres import binaries
from portal.environment import Environment, Missing
from portal.joints import APPROVALS_WAITING as APPROVALS_WAITING
from portal.joints import ESTIMATE_BUDGETS as ESTIMATE_BUDGETS
from portal.joints import ESTIMATE_PANELS as ESTIMATE_PANELS
from portal.joints import FIND_SOURCES as FIND_SOURCES
from portal.joints import HOME_ACTIONS as HOME_ACTIONS
from portal.joints import HOME_FIGURES as HOME_FIGURES
from portal.joints import HOME_PANELS as HOME_PANELS
from portal.joints import HOME_WAITING as HOME_WAITING
from portal.joints import KNOWN_AGENTS as KNOWN_AGENTS
from portal.joints import PLAN_COLUMNS as PLAN_COLUMNS
from portal.joints import WORKLOAD_PANELS as WORKLOAD_PANELS
from portal.joints import WORKLOAD_REQUIREMENTS as WORKLOAD_REQUIREMENTS
from portal.kernel.logs import LOGGING as LOGGING
from portal.openapi import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from portal.schedule import SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent
environment = Environment(os.environ)

# --- Where this installation lives -------------------------------------------------

HOME = Home(environment.directory("WEIGHBRIDGE_HOME", Home.from_environment().root))
HOST = environment.host("WEIGHBRIDGE_HOST", "127.0.0.1")
PORT = environment.port("WEIGHBRIDGE_PORT", 8000)
GATE_PORT = environment.port("WEIGHBRIDGE_GATE_PORT", 8001)
DEMO = environment.switch("WEIGHBRIDGE_DEMO", default=True)
DEBUG = environment.switch("WEIGHBRIDGE_DEBUG", default=False)

EMBEDDED = not environment.has("DATABASE_URL")
PRODUCTION = not EMBEDDED and not DEBUG

# What mails and the API's links start with.
PORTAL_URL = environment.web_address("WEIGHBRIDGE_URL", f"http://{HOST}:{PORT}")

if environment.has("WEIGHBRIDGE_SECRET_KEY"):
    SECRET_KEY = environment.text("WEIGHBRIDGE_SECRET_KEY")
elif PRODUCTION:
    raise Missing("WEIGHBRIDGE_SECRET_KEY", "50 random characters, the same everywhere")
else:
    SECRET_KEY = HOME.secret_key()

ALLOWED_HOSTS = environment.names("WEIGHBRIDGE_ALLOWED_HOSTS")
if PRODUCTION and not ALLOWED_HOSTS:
    raise Missing(
        "WEIGHBRIDGE_ALLOWED_HOSTS", "the host names people type, with commas"
    )
if not ALLOWED_HOSTS:
    everywhere = HOST in {"0.0.0.0", "::"}  # noqa: S104 compared, not bound
    ALLOWED_HOSTS = ["*"] if everywhere else ["localhost", "127.0.0.1", "[::1]", HOST]

# --- Applications ------------------------------------------------------------------

INSTALLED_APPS = [
    "portal.kernel.apps.KernelConfig",
    "workloads",
    "capacity",
    "governance",
    # Django's admin, opened by role and writing through the use cases.
    "portal.kernel.apps.AdminOfTheHouse",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "axes",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "pgtrigger",
]

MIDDLEWARE = [
    # First: everything below happens inside one request with one id.
    "portal.kernel.middleware.requests.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.kernel.middleware.sign_in.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.kernel.middleware.problem_pages.ProblemPagesMiddleware",
    # Last: it must see what authentication found.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.page",
            ],
            # Figures, days and marks stand in every template.
            "builtins": ["portal.kernel.templatetags.look"],
        },
    },
]

# --- Database, broker, cache -------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 600,
        # A database that restarted must not cost the next request of each thread.
        "CONN_HEALTH_CHECKS": True,
        **(
            {
                "NAME": EMBEDDED_DATABASE,
                "USER": EMBEDDED_DATABASE,
                "HOST": str(HOME.sockets),
                "PORT": str(EMBEDDED_DATABASE_PORT),
                # Statements that are asked often are planned once a connection.
                "OPTIONS": {"prepare_threshold": 5},
            }
            if EMBEDDED
            else environment.database("DATABASE_URL")
        ),
    }
}

# Where pg_dump and its like are when the system has none.
DATABASE_TOOLS = binaries()

if PRODUCTION and not environment.has("BROKER_URL"):
    raise Missing("BROKER_URL", "a Redis or RabbitMQ, like redis://host:6379/0")
BROKER_URL = environment.broker("BROKER_URL", HOME.broker_url)


def _cache() -> dict[str, Any]:
    """Redis where the broker is one; with RabbitMQ, each process has its own memory."""
    if BROKER_URL.partition("://")[0] not in {"redis", "rediss", "redis+socket"}:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": BROKER_URL.replace("redis+socket://", "unix://"),
        "KEY_PREFIX": "weighbridge-cache",
        # A request must not wait long for a cache that is gone.
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }


CACHES = {"default": _cache()}

# --- Time and language -------------------------------------------------------------

# Times are stored and logged in UTC; only the organisation's calendar (months,
# quarters, days) follows its own zone. See portal.kernel.clock.today.
TIME_ZONE = "UTC"
USE_TZ = True
ORGANISATION_TIME_ZONE = environment.time_zone("WEIGHBRIDGE_TIME_ZONE", "UTC")
LANGUAGE_CODE = "en-us"
USE_I18N = False
# As design.md writes days: 9 Apr 2026, 09:38. Django takes them from the locale alone.
FORMAT_MODULE_PATH = ["portal.kernel.locale"]

# --- Signing in --------------------------------------------------------------------

AUTH_USER_MODEL = "portal.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
_VALIDATORS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"{_VALIDATORS}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATORS}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{_VALIDATORS}.CommonPasswordValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"

# Five failures lock the name, not the address: a company's people share one address.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_USERNAME_CALLABLE = "portal.kernel.pages.signing_in.counted_name"
AXES_LOCKOUT_CALLABLE = "portal.views.sign_in.locked_out"
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_RESET_ON_SUCCESS = True
# Else anyone could keep a name locked for ever by trying again and again.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_VERBOSE = False
# It asks for the address beside the name; a name alone locks earlier, not later.
SILENCED_SYSTEM_CHECKS = ["axes.W006"]

# --- Transport ---------------------------------------------------------------------

# Set when a proxy ends TLS and overwrites X-Forwarded-Proto itself.
if environment.switch("WEIGHBRIDGE_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = PRODUCTION
# A load balancer asks for these without TLS.
SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.views.problems.csrf_failure"
CSRF_TRUSTED_ORIGINS = [PORTAL_URL] if PORTAL_URL.startswith("https://") else []
X_FRAME_OPTIONS = "DENY"
# Bodies above this answer 413; the usage endpoint has a limit of its own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- Static files ------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = environment.directory("WEIGHBRIDGE_STATIC_ROOT", HOME.static)
STATICFILES_DIRS = [BASE_DIR / "portal" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if not DEBUG
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- Mail --------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = environment.text("WEIGHBRIDGE_MAIL_FROM", "weighbridge@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 20
if environment.has("WEIGHBRIDGE_MAIL_URL"):
    _mail = environment.mail("WEIGHBRIDGE_MAIL_URL")
    EMAIL_HOST = _mail["host"]
    EMAIL_PORT = _mail["port"]
    EMAIL_HOST_USER = _mail["user"]
    EMAIL_HOST_PASSWORD = _mail["password"]
    EMAIL_USE_TLS = _mail["starttls"]
    EMAIL_USE_SSL = _mail["tls"]
else:
    # Each mail becomes a file that can be read in the home.
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = HOME.mail

# --- Webhooks ----------------------------------------------------------------------

# Whoever sets a webhook up could else make the portal knock at doors of its own network.
WEBHOOKS_MAY_REACH_PRIVATE = environment.switch(
    "WEIGHBRIDGE_WEBHOOKS_PRIVATE", default=False
)
WEBHOOKS_MAY_REACH_LOOPBACK = WEBHOOKS_MAY_REACH_PRIVATE or not PRODUCTION

# --- Background work ---------------------------------------------------------------

CELERY_BROKER_URL = BROKER_URL
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A task is taken off the queue when it is done, so a killed worker loses none.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# After so many tasks beat writes down what it sent; /readyz knows by that it lives.
CELERY_BEAT_SYNC_EVERY = 5
if BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        # Longer than the longest task: past it, the task is given out again.
        "visibility_timeout": 3600 if PRODUCTION else 120,
        # Kombu looks for such tasks once in 100 s unless told otherwise.
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "global_keyprefix": "weighbridge:",
    }

CELERY_BEAT_SCHEDULE = SCHEDULE

# How long the file of an uploaded sheet is kept; its record and verdicts stay.
SHEETS_ARE_KEPT_DAYS = environment.whole_number(
    "WEIGHBRIDGE_KEEP_SHEETS_DAYS", 90, lowest=1, highest=36_500
)

# --- Gates and usage ---------------------------------------------------------------

# References of users are stored as their keyed hash; empty: as runtimes send them.
USER_REF_KEY = environment.text("WEIGHBRIDGE_USER_REF_KEY")
# A gate counts as enforced on evidence of so many hours, and while no larger share of
# calls came without a decision.
ENFORCED_WITHIN_HOURS = environment.whole_number(
    "WEIGHBRIDGE_ENFORCED_WITHIN_HOURS", 24, lowest=1, highest=24 * 7
)
UNDECIDED_TOLERANCE_PERCENT = environment.whole_number(
    "WEIGHBRIDGE_UNDECIDED_TOLERANCE_PERCENT", 1, lowest=0, highest=100
)
# Usage events that were refused can be replayed for so long.
QUARANTINE_IS_KEPT_DAYS = environment.whole_number(
    "WEIGHBRIDGE_KEEP_QUARANTINE_DAYS", 30, lowest=1, highest=3_650
)

# --- API ---------------------------------------------------------------------------

# Calls a minute for each token; decide and usage are exempt.
API_RATE_LIMIT = environment.whole_number(
    "WEIGHBRIDGE_RATE_LIMIT", 6000, lowest=1, highest=1_000_000
)
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.kernel.api.authentication.TokenAuthentication",
        "portal.kernel.api.authentication.BrowserSession",
    ],
    # Every view says itself whom it answers; a view that says nothing answers nobody.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_RENDERER_CLASSES": ["portal.kernel.api.renderers.JsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "portal.kernel.api.renderers.AlwaysJson",
    # Bodies are read by portal.kernel.api.bodies.
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "portal.kernel.api.schema.ConventionSchema",
    "EXCEPTION_HANDLER": "portal.kernel.api.problems.handle_exception",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.MultiPartRenderer",
    ],
}
