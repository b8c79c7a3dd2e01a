"""Settings, all of them read from the environment. `docs/reference/settings.md` lists each one."""

from pathlib import Path

import structlog
from django.utils.translation import gettext_lazy as _

from plantgov.env import env, folder, required_url, secret
from plantgov.logs import LOGGING_CONFIGURATION, configure_structlog

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

# -- Where things are ---------------------------------------------------------------------------
PLANTGOV_DATA_DIR = folder("PLANTGOV_DATA_DIR", BASE_DIR / "var")
MEDIA_ROOT = folder("PLANTGOV_FILES_DIR", PLANTGOV_DATA_DIR / "files")
PLANTGOV_SIGNING_KEY_FILE = folder("PLANTGOV_SIGNING_KEY_FILE", PLANTGOV_DATA_DIR / "keys" / "ledger.pem")

# -- Safety of the installation -----------------------------------------------------------------
DEBUG = env.bool("PLANTGOV_DEBUG", default=False)
SECRET_KEY = secret("PLANTGOV_SECRET_KEY")
ALLOWED_HOSTS = env.list("PLANTGOV_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
PLANTGOV_PUBLIC_URL = env.str("PLANTGOV_PUBLIC_URL", default="http://localhost:8000")
CSRF_TRUSTED_ORIGINS = [PLANTGOV_PUBLIC_URL.rstrip("/")]
SERVED_OVER_TLS = PLANTGOV_PUBLIC_URL.startswith("https://")
PLANTGOV_DEMO = env.bool("PLANTGOV_DEMO", default=False)
PLANTGOV_ALLOW_LOOPBACK = env.bool("PLANTGOV_ALLOW_LOOPBACK", default=False)
PLANTGOV_SIGN_SECOND_FACTOR = env.str("PLANTGOV_SIGN_SECOND_FACTOR", default="required")
PLANTGOV_METRICS_TOKEN = env.str("PLANTGOV_METRICS_TOKEN", default="")

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_OVER_TLS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = env.int("PLANTGOV_SESSION_HOURS", default=12) * 3600
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = SERVED_OVER_TLS and env.bool("PLANTGOV_TLS_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 31_536_000 if SERVED_OVER_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SERVED_OVER_TLS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
if env.bool("PLANTGOV_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# -- What is installed --------------------------------------------------------------------------
INSTALLED_APPS = [
    # plantgov.embedded comes first: its `migrate` also seeds reference data and grants.
    "plantgov.embedded",
    "plantgov.core",
    "plantgov.audit",
    "plantgov.people",
    "plantgov.workspace",
    "assets",
    "access",
    "operations",
    "changes",
    "evidence",
    "plantgov.demo",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "guardian",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "plantgov.core.doors.DoorMiddleware",
]
ROOT_URLCONF = "plantgov.urls"
WSGI_APPLICATION = "plantgov.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "plantgov.core.doors.portal",
                "plantgov.workspace.context.frame",
            ],
            "builtins": ["plantgov.core.templatetags.pg"],
        },
    }
]
FORM_RENDERER = "plantgov.core.doors.FormRenderer"

# -- Data ---------------------------------------------------------------------------------------
DATABASE_URL = required_url("DATABASE_URL", "postgres://plantgov:…@127.0.0.1:5432/plantgov")
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="")
DATABASES = {
    "default": {
        **env.db_url_config(DATABASE_URL),
        "ENGINE": "django.db.backends.postgresql",
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
        "DISABLE_SERVER_SIDE_CURSORS": env.bool("PLANTGOV_TRANSACTION_POOLING", default=False),
    }
}
DATABASES["default"].setdefault("OPTIONS", {})["application_name"] = "plantgov"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = required_url("REDIS_URL", "redis://:…@127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "plantgov",
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# -- People and signing in ----------------------------------------------------------------------
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "access.backends.ScopedPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "plantgov.people.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("PLANTGOV_TRUSTED_PROXIES", default=0)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "PlantGov"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SERVED_OVER_TLS
USERSESSIONS_TRACK_ACTIVITY = True
ANONYMOUS_USER_NAME = None  # guardian: nobody is somebody
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False
EMAIL_CONFIG = env.email_url("PLANTGOV_EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("PLANTGOV_EMAIL_FROM", default="PlantGov <plantgov@localhost>")

# -- Tasks --------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "plantgov"
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_keepalive": True}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "workspace.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "seal": {"task": "audit.seal", "schedule": 2.0, "options": {"expires": 2}},
    "seal-everything": {"task": "audit.seal_everything", "schedule": 3600.0, "options": {"expires": 3600}},
}

# -- The API ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "access.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_PAGINATION_CLASS": "plantgov.core.paging.NumberedPages",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "rest_framework.filters.OrderingFilter",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": env.str("PLANTGOV_API_RATE", default="1200/min")},
    "EXCEPTION_HANDLER": "plantgov.core.doors.problem_handler",
    "ORDERING_PARAM": "ordering",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "PlantGov API",
    "VERSION": VERSION,
    "DESCRIPTION": "Ownership, access, change and evidence for plants.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "LocationKindEnum": "assets.states.LocationKind",
        "RelationKindEnum": "assets.states.RelationKind",
        "ImportStateEnum": "assets.states.ImportState",
        "ChangeKindEnum": "changes.models.Change.Kind",
        "ExportStateEnum": "evidence.models.Export.State",
        "LeaseStateEnum": "plantgov.workspace.models.Leased.State",
        "ChangeStateEnum": "changes.states.State",
        "CheckRunStateEnum": "changes.models.CheckRun.State",
        "PhaseEnum": "changes.states.Phase",
    },
}

# -- Language, time, static files, logs ---------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("PLANTGOV_TIME_ZONE", default="UTC")
STATIC_URL = "/static/"
STATIC_ROOT = PLANTGOV_DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "plantgov" / "static"]
# Half the time of a first start would go into compressing what no browser asks for.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["map", "png", "jpg", "gif", "webp", "gz", "br", "zip", "woff", "woff2"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.str(
            "PLANTGOV_STATIC_BACKEND",
            default="whitenoise.storage.CompressedManifestStaticFilesStorage",
        )
    },
}
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_MEMORY_SIZE = 10_485_760
FILE_UPLOAD_PERMISSIONS = 0o640
LOGGING = LOGGING_CONFIGURATION
configure_structlog(structlog)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # our backend takes the place of guardian's
