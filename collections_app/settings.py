"""The one settings file. Everything that varies comes from the environment; `.env.example` explains each variable.

Two ways to start: with no DATABASE_URL this is development on the embedded servers, and secrets are made and kept in
the data folder; with one it is production unless DEVELOPMENT=1 says otherwise, and every missing variable is named at
once.
"""

import json
import os
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from collections_app import embedded, logs
from collections_app.env import (
    database_parts,
    env_bool,
    env_int,
    env_list,
    env_required,
    env_secret,
    env_str,
    load_dotenv,
    refuse_if_missing,
)

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(BASE_DIR / ".env")

VAR_DIR = Path(env_str("VAR_DIR") or BASE_DIR / "var")
EMBEDDED = env_str("DATABASE_URL") is None
EMBEDDED_PURPOSE = embedded.BOOK  # tests have servers of their own
DEVELOPMENT = env_bool("DEVELOPMENT", default=EMBEDDED)
DEBUG = env_bool("DEBUG", default=False)

# -- Secrets -----------------------------------------------------------------------------------------------------------
_made = embedded.development_secrets(VAR_DIR) if DEVELOPMENT else {}
SECRET_KEY = env_secret("SECRET_KEY", generated=_made.get("SECRET_KEY"))
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")
# Sealed fields: "id:base64,id:base64", the first one seals, all of them open. The HMAC key finds equal values and
# never changes.
SEALED_KEYS = dict(
    pair.split(":", 1)
    for pair in env_secret("SEALED_KEYS", generated=_made.get("SEALED_KEYS")).split(",")
    if ":" in pair
)
SEALED_HMAC_KEY = env_secret("SEALED_HMAC_KEY", generated=_made.get("SEALED_HMAC_KEY"))

# -- Where it is served ------------------------------------------------------------------------------------------------
ALLOWED_HOSTS = [
    host.strip()
    for host in env_required("ALLOWED_HOSTS", development="localhost,127.0.0.1,[::1]" if DEVELOPMENT else None).split(
        ","
    )
    if host.strip()
]
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "collections_app.urls"
WSGI_APPLICATION = "collections_app.wsgi.application"

INSTALLED_APPS = [
    "collections_app",
    "collections_app.staff",
    "compliance",
    "cases",
    "contacts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_fsm",
    "django_filters",
    "django_htmx",
    "django_linear_migrations",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
FIRST_PARTY_APPS = ["collections_app.staff", "compliance", "cases", "contacts"]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # tokens are masked and lengths vary: sizes tell no secret
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "collections_app.staff.middleware.OwnTimeZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "contacts.views.withheld.WithheldUntilConfirmed",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -- Database: PostgreSQL everywhere -----------------------------------------------------------------------------------
if EMBEDDED:
    _servers = embedded.describe(VAR_DIR)
    DATABASE_URL, DATABASE_OWNER_URL = _servers.app_url, _servers.owner_url
else:
    DATABASE_URL = env_str("DATABASE_URL") or ""
    # Only `migrate` and the making of scratch databases use the owner; web and workers never see it.
    DATABASE_OWNER_URL = env_str("DATABASE_OWNER_URL") or ""

_db = database_parts(DATABASE_URL, name="DATABASE_URL")
_core = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        # The embedded engine is Django's own, which starts the server at the first connection.
        "ENGINE": "collections_app.postgresql" if EMBEDDED else "django.db.backends.postgresql",
        **{key: _db[key] for key in _core},
        # Statements are planned once for a connection: one that lives a minute would plan them again each minute.
        "CONN_MAX_AGE": env_int("CONN_MAX_AGE", 600),
        "CONN_HEALTH_CHECKS": True,
        # True behind a pooler that hands out another connection for each transaction.
        "DISABLE_SERVER_SIDE_CURSORS": env_bool("DISABLE_SERVER_SIDE_CURSORS"),
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {
            **{key: value for key, value in _db.items() if key not in _core},
            "application_name": env_str("APPLICATION_NAME", "collections"),
            "connect_timeout": env_int("DATABASE_CONNECT_TIMEOUT", 5),
            # A view or a task that waits longer than this has a fault; the night's set-based steps raise their own
            # limit. The idle limit stays above the provider timeout (10 s), because a hand-over happens inside a
            # transaction. Only statements that are prepared by name keep a plan (shared/prepared.py), and those must:
            # on a large book the planner would else think anew each time, for longer than the statement runs.
            "options": " ".join(
                f"-c {name}={value}"
                for name, value in {
                    "statement_timeout": env_int("STATEMENT_TIMEOUT_MS", 30_000),
                    "lock_timeout": env_int("LOCK_TIMEOUT_MS", 15_000),
                    "idle_in_transaction_session_timeout": env_int("IDLE_IN_TRANSACTION_TIMEOUT_MS", 30_000),
                    "plan_cache_mode": "force_generic_plan",
                }.items()
            ),
        },
    }
}
# The role that web, workers and tests use; migrations grant to this name.
DATABASE_APP_ROLE = _db["USER"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- Valkey / Redis: the doorbell and a cache, nothing that must survive -----------------------------------------------
REDIS_URL = env_required("REDIS_URL", development=embedded.describe(VAR_DIR).redis_url if DEVELOPMENT else None)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "collections",
        # The cache is a convenience: when it is away, a request goes on at once.
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": Retry(NoBackoff(), 0)},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# -- Celery (each setting answers a known trap; docs/adr/ names them) --------------------------------------------------
# One queue per channel, so that a slow provider delays only its own messages.
CHANNEL_QUEUES = ("sms", "email", "letter", "chat", "voice_notice")
_visibility = {"visibility_timeout": 300}
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = _visibility | {
    "socket_timeout": 10,
    "socket_connect_timeout": 0.5,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "global_keyprefix": "collections:",
}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = _visibility
CELERY_VISIBILITY_TIMEOUT = _visibility["visibility_timeout"]
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
# A message may be lost: early acknowledgement, and the minute tick finds the row. Nothing starts twice for being slow.
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_ROUTES = ("collections_app.celery.route",)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 15.0
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 512_000  # kilobytes
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat" / "schedule")
CELERY_BEAT_MAX_LOOP_INTERVAL = 5

# -- Providers ---------------------------------------------------------------------------------------------------------
# `contacts.channels.providers` reads these and refuses a start with what does not fit.
PUBLIC_URL = (env_str("PUBLIC_URL", "") or "").rstrip("/")
SMS_PROVIDER = env_str("SMS_PROVIDER", "generic")
SMS_PROVIDER_URL = env_str("SMS_PROVIDER_URL", "") or ""
SMS_PROVIDER_TOKEN = env_str("SMS_PROVIDER_TOKEN", "") or ""
SMS_PROVIDER_HTTP = env_str("SMS_PROVIDER_HTTP", "")
TWILIO_URL = env_str("TWILIO_URL", "https://api.twilio.com") or ""
TWILIO_ACCOUNT_SID = env_str("TWILIO_ACCOUNT_SID", "") or ""
TWILIO_AUTH_TOKEN = env_str("TWILIO_AUTH_TOKEN", "") or ""
TWILIO_FROM = env_str("TWILIO_FROM", "") or ""
TWILIO_MESSAGING_SERVICE_SID = env_str("TWILIO_MESSAGING_SERVICE_SID", "") or ""
ALIYUN_SMS_URL = env_str("ALIYUN_SMS_URL", "https://dysmsapi.aliyuncs.com") or ""
ALIYUN_ACCESS_KEY_ID = env_str("ALIYUN_ACCESS_KEY_ID", "") or ""
ALIYUN_ACCESS_KEY_SECRET = env_str("ALIYUN_ACCESS_KEY_SECRET", "") or ""
ALIYUN_SIGNATURE = env_str("ALIYUN_SIGNATURE", "v3")
ALIYUN_SMS_SIGN_NAME = env_str("ALIYUN_SMS_SIGN_NAME", "") or ""
ALIYUN_SMS_TEMPLATES = env_str("ALIYUN_SMS_TEMPLATES", "")
# Messaging accounts: WeChat (official account), enterprise WeChat, and a signed webhook for any other system.
WECHAT_URL = env_str("WECHAT_URL", "https://api.weixin.qq.com") or ""
WECHAT_APP_ID = env_str("WECHAT_APP_ID", "") or ""
WECHAT_APP_SECRET = env_str("WECHAT_APP_SECRET", "") or ""
WECHAT_TEMPLATES = env_str("WECHAT_TEMPLATES", "")
WECHAT_CALLBACK_TOKEN = env_str("WECHAT_CALLBACK_TOKEN", "") or ""
WECHAT_CALLBACK_AES_KEY = env_str("WECHAT_CALLBACK_AES_KEY", "") or ""
WECOM_URL = env_str("WECOM_URL", "https://qyapi.weixin.qq.com") or ""
WECOM_CORP_ID = env_str("WECOM_CORP_ID", "") or ""
WECOM_SECRET = env_str("WECOM_SECRET", "") or ""
WECOM_AGENT_ID = env_str("WECOM_AGENT_ID", "") or ""
WECOM_CALLBACK_TOKEN = env_str("WECOM_CALLBACK_TOKEN", "") or ""
WECOM_CALLBACK_AES_KEY = env_str("WECOM_CALLBACK_AES_KEY", "") or ""
CHAT_WEBHOOK_URL = env_str("CHAT_WEBHOOK_URL", "") or ""
CHAT_WEBHOOK_SECRET = env_str("CHAT_WEBHOOK_SECRET", "") or ""
CHAT_WEBHOOK_LOOK_UP = env_bool("CHAT_WEBHOOK_LOOK_UP", default=False)
# The link by which a cleared number is dialled: {number} (+86…), {digits}, {reference}.
CALL_LINK = env_str("CALL_LINK", "") or ""
# The telephone system that dials: none, or ari (Asterisk REST Interface). `contacts.channels.telephony` reads these.
CTI_PROVIDER = env_str("CTI_PROVIDER", "none")
ARI_URL = (env_str("ARI_URL", "") or "").rstrip("/")
ARI_USER = env_str("ARI_USER", "") or ""
ARI_PASSWORD = env_str("ARI_PASSWORD", "") or ""
ARI_APP = env_str("ARI_APP", "collections") or ""
ARI_DESK = env_str("ARI_DESK", "PJSIP/{extension}") or ""
ARI_LINE = env_str("ARI_LINE", "PJSIP/{number}@trunk") or ""
ARI_RING_S = env_int("ARI_RING_S", 30)
CALL_FROM = env_str("CALL_FROM", "") or ""
CALL_ANNOUNCEMENT = env_str("CALL_ANNOUNCEMENT", "") or ""
VOICE_NOTICE_MEDIA = env_str("VOICE_NOTICE_MEDIA", "") or ""
# Messages a second that each channel's provider allows, over all processes together.
PROVIDER_RATES = env_list("PROVIDER_RATES")
# Receipts of providers are signed with it (header "t=…,v1=…", HMAC-SHA256 over "timestamp.body").
WEBHOOK_SECRET = env_secret(
    "WEBHOOK_SECRET", generated=_made.get("WEBHOOK_SECRET", "" if not SMS_PROVIDER_URL else None)
)
# Stands in the address at which a provider that signs nothing (Aliyun) reports; without it those addresses are shut.
CALLBACK_TOKEN = env_str("CALLBACK_TOKEN", "") or ""
# What one part of a text message costs, to show what a wording costs; no provider is asked.
try:
    SMS_SEGMENT_PRICE = Decimal(env_str("SMS_SEGMENT_PRICE", "0.05") or "0")
except InvalidOperation as error:
    raise ImproperlyConfigured("SMS_SEGMENT_PRICE is an amount such as 0.05.") from error
SMS_CURRENCY = env_str("SMS_CURRENCY", "CNY")
# What one message costs by channel, in SMS_CURRENCY, for rehearsals: "letter=2.40,voice_notice=0.12". One text message
# costs what one part of it does, unless it is named here.
CHANNEL_COSTS: dict[str, Decimal] = {"sms": SMS_SEGMENT_PRICE}
for _cost in env_list("CHANNEL_COSTS"):
    _name, _is, _amount = _cost.partition("=")
    try:
        CHANNEL_COSTS[_name.strip()] = Decimal(_amount)
    except InvalidOperation as error:
        raise ImproperlyConfigured("CHANNEL_COSTS is a list such as letter=2.40,email=0.") from error
# How many connections a close of day may work with at once, where the book is large enough to be shared among them.
NIGHT_CONNECTIONS = env_int("NIGHT_CONNECTIONS", min(4, os.cpu_count() or 1))
# What a collector can work on contacts in a day: eight hours less breaks, meetings and what comes in.
COLLECTOR_MINUTES = env_int("COLLECTOR_MINUTES", 360)
PROVIDER_TIMEOUT_S = env_int("PROVIDER_TIMEOUT_S", 10)
if bool(SMS_PROVIDER_URL) != bool(SMS_PROVIDER_TOKEN):
    raise ImproperlyConfigured("SMS_PROVIDER_URL and SMS_PROVIDER_TOKEN belong together: set both or neither.")
EMAIL_PROVIDER = env_str("EMAIL_PROVIDER", "smtp")
EMAIL_ANYMAIL = env_str("EMAIL_ANYMAIL", "")
_mail_host = env_str("EMAIL_HOST")
# Without EMAIL_HOST the mailer refuses aloud instead of losing messages.
MAILERS: dict[str, Any] = {"default": {"BACKEND": "collections_app.mail.NoMailServer"}}
if _mail_host:
    MAILERS["default"] = {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": _mail_host,
            "port": env_int("EMAIL_PORT", 25),
            "username": env_str("EMAIL_HOST_USER", ""),
            "password": env_str("EMAIL_HOST_PASSWORD", ""),
            "use_tls": env_bool("EMAIL_USE_TLS", default=not DEVELOPMENT),
            "timeout": PROVIDER_TIMEOUT_S,
        },
    }
if EMAIL_PROVIDER == "anymail":
    try:
        _anymail = json.loads(EMAIL_ANYMAIL or "")
        MAILERS["default"] = {
            "BACKEND": f"anymail.backends.{_anymail['backend']}.EmailBackend",
            "OPTIONS": {"requests_timeout": PROVIDER_TIMEOUT_S, **_anymail.get("options", {})},
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ImproperlyConfigured(
            'EMAIL_ANYMAIL must be {"backend": "postmark", "options": {…}, "webhook_secret": "user:password"}.'
        ) from error
DEFAULT_FROM_EMAIL = env_str("DEFAULT_FROM_EMAIL", "collections@example.com")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# -- The clock ---------------------------------------------------------------------------------------------------------
# With CLOCK_SHIFT=1 the clock adds the offset of the table clock_offset: for demonstrations and tests only.
CLOCK_SHIFT = env_bool("CLOCK_SHIFT", default=False)

# Every page says what is real and what is invented: `make run` sets it when the demo book is loaded.
DEMO_BOOK = env_bool("DEMO_BOOK", default=False)
TIME_ZONE = "UTC"
USE_TZ = True

# -- Languages ---------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "collections_app" / "locale"]
USE_I18N = True
USE_THOUSAND_SEPARATOR = True

# -- Files -------------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = Path(env_str("STATIC_ROOT") or BASE_DIR / "staticfiles")
WHITENOISE_USE_FINDERS = DEVELOPMENT
WHITENOISE_AUTOREFRESH = DEVELOPMENT
# How far each database has come, kept outside of it; several machines share the folder. Empty: nothing is compared.
EPOCH_FOLDER = env_str("EPOCH_FOLDER", str(VAR_DIR / "epochs"))
MEDIA_ROOT = Path(env_str("MEDIA_ROOT") or VAR_DIR / "files")
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
IMPORT_MAX_BYTES = env_int("IMPORT_MAX_BYTES", 2 * 1024**3)
IMPORT_MAX_XLSX_BYTES = env_int("IMPORT_MAX_XLSX_BYTES", 50 * 1024**2)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# -- Sign-in -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = ["collections_app.staff.backend.RoleBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# -- Security ----------------------------------------------------------------------------------------------------------
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
    "manifest-src": [CSP.SELF],
}
SESSION_COOKIE_NAME = "session" if DEVELOPMENT else "__Host-session"
CSRF_COOKIE_NAME = "csrf" if DEVELOPMENT else "__Host-csrf"
SESSION_COOKIE_SECURE = not DEVELOPMENT
CSRF_COOKIE_SECURE = not DEVELOPMENT
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds: one working day
SESSION_SAVE_EVERY_REQUEST = False
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = env_bool("SECURE_SSL_REDIRECT", default=not DEVELOPMENT)
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = env_int("SECURE_HSTS_SECONDS", 0 if DEVELOPMENT else 365 * 24 * 60 * 60)
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEVELOPMENT
SECURE_HSTS_PRELOAD = not DEVELOPMENT
if env_bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
DEFAULT_EXCEPTION_REPORTER_FILTER = "django.views.debug.SafeExceptionReporterFilter"
METRICS_TOKEN = env_str("METRICS_TOKEN", "")

# -- API ---------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["collections_app.api.auth.ClientTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["collections_app.api.auth.HasScope"],
    "DEFAULT_PAGINATION_CLASS": "collections_app.api.pagination.CursorPages",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "collections_app.api.errors.problem_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": None,
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Collections API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": [],  # choices stand where they are used: five fields named "channel" make no five names
}

# -- Logs: structured, without personal data ---------------------------------------------------------------------------
LOGGING_CONFIG = None
logs.configure(json_lines=env_bool("LOG_JSON", default=not DEVELOPMENT), level=env_str("LOG_LEVEL", "INFO") or "INFO")

SILENCED_SYSTEM_CHECKS: list[str] = []

refuse_if_missing()
