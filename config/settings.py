"""Every setting of Axial; what differs between deployments comes from the environment.

docs/settings.md lists the variables. With none set, Axial runs on one machine: SQLite, files, no services.
"""

import secrets
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv
from environs import Env

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = (BASE_DIR / "VERSION").read_text(encoding="utf-8").strip()

env = Env()
if env.bool("AXIAL_READ_DOTENV", True):
    # Into the process's environment, where clients and providers' own libraries look for keys.
    load_dotenv(BASE_DIR / ".env")

DATA_DIR = Path(env.str("AXIAL_DATA_DIR", str(BASE_DIR / "var")))
DATA_DIR.mkdir(parents=True, exist_ok=True)


def secret_key() -> str:
    """The key of the environment, or one made once for this machine and kept beside the data."""
    if key := env.str("AXIAL_SECRET_KEY", ""):
        return key
    path = DATA_DIR / "secret.key"
    if not path.exists():
        try:
            with path.open("x", encoding="ascii") as new:
                path.chmod(0o600)
                new.write(secrets.token_urlsafe(50))
        except FileExistsError:
            pass  # a process started beside us has just made it
    key = path.read_text(encoding="ascii")
    if not key:
        raise ImproperlyConfigured(f"{path} is empty: delete it, or set AXIAL_SECRET_KEY")
    return key


SECRET_KEY = secret_key()
DEBUG = env.bool("AXIAL_DEBUG", False)
ALLOWED_HOSTS = env.list("AXIAL_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
HTTPS = env.bool("AXIAL_HTTPS", False)  # served behind a proxy that speaks TLS

# --- Applications -------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "axes",
    "csp",
    "annotator",
    "models_app",
    "evaluation",
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
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "annotator.middleware.TemporaryPasswordMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORMS_URLFIELD_ASSUME_HTTPS = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "annotator.context.page",
            ],
        },
    }
]

# --- Database -----------------------------------------------------------------------------

DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(
        env.str("DATABASE_URL", f"sqlite:///{DATA_DIR / 'axial.sqlite3'}"), conn_max_age=60
    )
}
if "sqlite" in DATABASES["default"]["ENGINE"]:
    # Writers queue for up to 20 s instead of failing; IMMEDIATE takes the lock at BEGIN, so that
    # a transaction which read first never dies with "database is locked" (docs/decisions).
    DATABASES["default"]["ENGINE"] = "config.sqlite"  # Django's, with a fair queue of writers
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;"
        " PRAGMA cache_size=-64000; PRAGMA temp_store=MEMORY;",
    }
    # A file, not memory: threads and the live server of the tests open connections of their own.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- Background work ----------------------------------------------------------------------

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "filesystem://localhost")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "io"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1  # a message taken by a busy worker would keep an idle one waiting
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for ever
RUN_LEASE_SECONDS = env.float("AXIAL_LEASE_SECONDS", 60)  # how long a dead worker's item waits
RUN_SWEEP_SECONDS = env.float("AXIAL_SWEEP_SECONDS", 30)  # how often workers look for unspoken work
CELERY_BEAT_SCHEDULE = {"tidy": {"task": "annotator.tasks.tidy", "schedule": 15 * 60}}
# In memory: the one with a file ends on a full disk, and nobody starts it again while its worker lives.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
BROKER_DIR = DATA_DIR / "broker"
if CELERY_BROKER_URL.startswith("filesystem"):
    for folder in ("messages", "processed", "control"):
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "messages"),
        "data_folder_out": str(BROKER_DIR / "messages"),
        "processed_folder": str(BROKER_DIR / "processed"),
        "control_folder": str(BROKER_DIR / "control"),
        "store_processed": False,
    }
else:
    # A page that starts a run does not wait for a broker that is away: the sweep makes up for its message.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"max_retries": 1, "interval_start": 0, "connect_retries_timeout": 3}
    if CELERY_BROKER_URL.startswith(("redis", "rediss")):
        CELERY_BROKER_TRANSPORT_OPTIONS |= {"socket_connect_timeout": 3, "socket_keepalive": True}

# --- Language models -----------------------------------------------------------------------
# Keys and addresses (GEMINI_API_KEY, OPENAI_BASE_URL, …) are read by the clients alone, never kept here.

LLM_CLIENTS = ("gemini", "openai", "transformers")
LLM_MODELS = {  # asked where a run names none
    "gemini": env.str("AXIAL_GEMINI_MODEL", "gemini-3.8-flash"),
    "openai": env.str("AXIAL_OPENAI_MODEL", "gpt-5.2"),
    "transformers": env.str("AXIAL_TRANSFORMERS_MODEL", "mistralai/Mistral-7B-Instruct-v0.3"),
}
LLM_IN_FLIGHT = {  # requests at a time, of all runs and workers together
    name: env.int(f"AXIAL_{name.upper()}_IN_FLIGHT", 16) for name in LLM_CLIENTS
}
LLM_RPM = {name: env.int(f"AXIAL_{name.upper()}_RPM", 0) for name in LLM_CLIENTS}  # a minute; 0: no limit
LLM_TPM = {name: env.int(f"AXIAL_{name.upper()}_TPM", 0) for name in LLM_CLIENTS}  # tokens a minute
BATCH_LOOK_SECONDS = env.float("AXIAL_BATCH_LOOK_SECONDS", 60)  # between looks at a provider's batch job
LLM_PRICES = Path(env.str("AXIAL_PRICES", str(BASE_DIR / "config" / "prices.yaml")))

# --- People -------------------------------------------------------------------------------

AUTH_USER_MODEL = "annotator.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "annotator:login"
LOGIN_REDIRECT_URL = "annotator:home"
LOGOUT_REDIRECT_URL = "annotator:login"
SESSION_COOKIE_AGE = env.int("AXIAL_SESSION_HOURS", 14 * 24) * 3600
AXES_FAILURE_LIMIT = env.int("AXIAL_LOGIN_FAILURES", 5)
AXES_COOLOFF_TIME = env.float("AXIAL_LOGIN_COOLOFF_HOURS", 0.25)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "annotator.views.accounts.address_of"
AXES_LOCKOUT_CALLABLE = "annotator.views.accounts.locked"
AXES_VERBOSE = False

# --- Safety -------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_TRUSTED_ORIGINS: list[str] = env.list("AXIAL_TRUSTED_ORIGINS", [])
CSRF_FAILURE_VIEW = "annotator.views.errors.csrf_failure"
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("AXIAL_HSTS_SECONDS", 3600)

# --- Files --------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "media"  # never served by URL: annotator.views.media checks membership
MEDIA_URL = "media-is-private/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "annotator.static_files.HashedStaticFiles"},
}
MAX_VIDEO_BYTES = env.int("AXIAL_MAX_VIDEO_MB", 500) * 1024**2
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024**2
DATA_UPLOAD_MAX_NUMBER_FILES = 500
FILE_UPLOAD_TEMP_DIR = None

# --- Language and time --------------------------------------------------------------------

LANGUAGE_CODE = env.str("AXIAL_LANGUAGE", "en")
LANGUAGES = [("en", "English"), ("he", "עברית")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = env.str("AXIAL_TIME_ZONE", "UTC")
USE_TZ = True

# --- Log ----------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"keys": {"()": "models_app.clients.keys.KeyFilter"}},  # no key of a provider in any line
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["keys"]}},
    "root": {"handlers": ["console"], "level": env.str("AXIAL_LOG_LEVEL", "INFO")},
    "loggers": {
        "axes": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},  # a line for every request to a provider
        "google_genai": {"level": "WARNING"},
    },
}
